# SPDX-License-Identifier: Apache-2.0
"""RESIZE_BILINEAR in TFLite files: the interpreter's codes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.tflite import load_tflite
from kerilog.integer.model import run
from kerilog.plan import plan
from kerilog.scales import ROUNDINGS, Rounding
from support.designs import check
from support.one_operator import OneOperator, interpreted

Size = tuple[int, int]
SIZES: list[tuple[Size, Size]] = [
    ((3, 4), (6, 8)),
    ((5, 3), (20, 9)),
    ((1, 6), (2, 24)),
    ((4, 4), (4, 4)),
    ((7, 5), (5, 11)),
    ((8, 6), (3, 1)),
    ((6, 7), (41, 17)),
]
FORMS = {"half pixels": (False, True), "corners": (True, False), "neither": (False, False)}


def resize(old: Size, new: Size, corners: bool, half: bool) -> OneOperator:
    options = {"alignCorners": corners, "halfPixelCenters": half}
    shape, target = (1, *old, 3), (1, *new, 3)
    return OneOperator("RESIZE_BILINEAR", shape, np.array(new, np.int32), target, options)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("old", "new"), SIZES, ids=lambda size: "x".join(map(str, size)))
def test_equals_the_interpreter(old: Size, new: Size, form: str, rounding: Rounding, tmp_path: Path) -> None:
    content = resize(old, new, *FORMS[form]).written()
    (tmp_path / "m.tflite").write_bytes(content)
    graph = load_tflite(tmp_path / "m.tflite", rounding)
    rng = np.random.default_rng(1)
    x = np.concatenate(
        [rng.integers(-128, 128, (12, *old, 3)), rng.choice([-128, -1, 1, 127], (12, *old, 3))]
    )
    wanted = interpreted(content, x, rounding)
    assert wanted.shape == (24, *new, 3)
    np.testing.assert_array_equal(run(graph, x), wanted)


HARDWARE = [((3, 4), (6, 8)), ((5, 3), (4, 9)), ((4, 4), (4, 4)), ((8, 6), (3, 1)), ((6, 1), (11, 1))]


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("old", "new"), HARDWARE, ids=lambda size: "x".join(map(str, size)))
def test_hardware_equals_the_integer_model(
    old: Size, new: Size, form: str, rounding: Rounding, tmp_path: Path
) -> None:
    (tmp_path / "m.tflite").write_bytes(resize(old, new, *FORMS[form]).written())
    graph = load_tflite(tmp_path / "m.tflite", rounding)
    design = plan(graph, 4 * max(old[0] * old[1], new[0] * new[1]))
    check(graph, design, tmp_path / "design", (old, new, form, rounding))


def test_corners_and_half_pixels_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(resize((3, 4), (6, 8), True, True).written())
    with pytest.raises(Unsupported, match="aligned corners and half pixels is not supported"):
        load_tflite(tmp_path / "m.tflite")


def test_a_kernel_that_would_read_beyond_the_image_is_refused(tmp_path: Path) -> None:
    """The reference kernel's step of 10 bits is rounded up here, and the last pixel lies behind the image."""
    (tmp_path / "m.tflite").write_bytes(resize((3, 1), (1900, 1), False, False).written())
    with pytest.raises(KerilogError, match="a resize of 3 to 1900 pixels reads beyond the image"):
        load_tflite(tmp_path / "m.tflite")


def test_a_size_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(resize((3, 4), (0, 8), False, True).written())
    with pytest.raises(KerilogError, match="expected"):
        load_tflite(tmp_path / "m.tflite")
