# SPDX-License-Identifier: Apache-2.0
"""The residual network on images that are drawn: what is drawn, what is printed, and its RTL when small."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerilog
from kerilog.errors import KerilogError
from support.paths import ROOT

SIZE = (48, 64)


@pytest.fixture
def residual(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``benchmarks/residual.py``."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "hardware"))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("residual")


@pytest.fixture
def network(residual: Any) -> Any:
    """The network at a tenth of its size, with weights that are drawn, and images for it."""
    model, arrays = residual.networks.make("residual-48x64", samples=4)
    return lambda scheme: (
        kerilog.convert(model, arrays["x_train"], scheme=scheme, verbose=False),
        arrays["x_test"],
    )


def test_the_images_are_the_same_each_time_and_each_their_own(residual: Any) -> None:
    images, labels = residual.drawings.draw(9, *SIZE, seed=5)
    again, _ = residual.drawings.draw(9, *SIZE, seed=5)
    assert images.shape == (9, *SIZE, 3) and images.dtype == np.uint8
    assert np.array_equal(images, again)
    assert labels.tolist() == [0, 1, 2] * 3
    assert len({image.tobytes() for image in images}) == 9


def test_what_is_in_a_figure_is_its_class_alone(residual: Any) -> None:
    """Of one radius, a square has 4 * 0.87**2 / pi of the disc's pixels, a cross 4 * (0.6 - 0.09) / pi."""
    steps = np.linspace(-1.2, 1.2, 481, dtype=np.float32)
    drawn = residual.drawings
    areas = [drawn._outline(name, steps[:, np.newaxis], steps).sum() for name in drawn.CLASSES]
    assert areas[1] / areas[0] == pytest.approx(4 * 0.87**2 / np.pi, rel=0.02)
    assert areas[2] / areas[0] == pytest.approx(4 * (0.6 - 0.09) / np.pi, rel=0.02)


def test_the_matrices_are_told_with_their_accuracy(residual: Any) -> None:
    found = {
        "float": [[3, 0, 0], [0, 2, 1], [0, 0, 4]],
        "integer": [[3, 0, 0], [1, 1, 1], [0, 0, 4]],
        "agree": 9,
        "tests": 10,
        "in_float": 4000,
        "in_integers": 1001,
    }
    lines = residual.matrices_text({"fixed": found}).splitlines()
    assert lines[0] == "| true class | float, 90.0% right | fixed, 80.0% right |"
    assert lines[3] == "| square | 0 2 1 | 1 1 1 |"
    assert lines[-1].startswith("`fixed`: 9 of 10 answers are those of the float network; 4,000 bytes")


def test_a_network_that_has_learned_nothing_is_refused(residual: Any, tmp_path: Path) -> None:
    how = residual.Training(*SIZE, images=8, tests=30, passes=1, rate=0.0)
    residual.FOLDER = tmp_path
    with pytest.raises(KerilogError, match=r"of the test images right, 80% expected"):
        residual.trained(how)


@pytest.mark.full  # minutes
@pytest.mark.parametrize("scheme", ["affine", "fixed"])
def test_it_is_equal_in_icarus(network: Any, scheme: str, tmp_path: Path) -> None:
    integers, images = network(scheme)
    integers.build(tmp_path / "design", interval=12_000)
    codes = integers.quantize_input(images[:2])
    found = integers.simulate(codes, simulator="icarus")
    assert found.passed, found


@pytest.mark.full  # minutes
def test_one_wrong_logit_is_an_error(
    residual: Any, network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    integers, images = network("affine")
    integers.build(tmp_path / "design", multipliers=60)
    assert residual.simulate(integers, tmp_path / "design", images[:2])["frames"] == 2
    right = integers.run

    def wrong(codes: np.ndarray) -> np.ndarray:
        answers: np.ndarray = right(codes).copy()
        answers[1, 2] += 1
        return answers

    monkeypatch.setattr(integers, "run", wrong)
    with pytest.raises(KerilogError, match="design: 1 of 6 logits differ"):
        residual.simulate(integers, tmp_path / "design", images[:2])
