# SPDX-License-Identifier: Apache-2.0
"""What `make networks` checks and tells, on a design that takes seconds."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.manifest import Manifest
from support.designs import generate
from support.golden import NETWORKS
from support.paths import ROOT


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``benchmarks/tiny.py``."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "hardware"))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("tiny")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make, interval = NETWORKS["reading"]
    generate(make(), tmp_path / "design", interval)
    return tmp_path / "design"


def frames(folder: Path) -> np.ndarray:
    shape = tuple(Manifest.read(folder).inputs[0].shape)
    return np.random.default_rng(4).integers(-128, 128, (2, *shape), np.int8)


def test_a_design_is_simulated(tiny: Any, folder: Path) -> None:
    found = tiny.simulate(tiny.ROWS[0], folder, Path("own.keras"), frames(folder))
    assert (found["frames"], found["oracle"]) == (2, "integer model")


def test_one_wrong_logit_is_an_error(tiny: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = tiny.run

    def wrong(*given: Any) -> np.ndarray:
        codes = right(*given).copy()
        codes[1, 2] += 1
        return codes

    monkeypatch.setattr(tiny, "run", wrong)
    with pytest.raises(KerilogError, match="IC, ResNet8: 1 of 6 logits differ from the integer model"):
        tiny.simulate(tiny.ROWS[0], folder, Path("own.keras"), frames(folder))


def test_another_latency_is_an_error(tiny: Any, folder: Path) -> None:
    path = folder / "manifest.json"
    latency = Manifest.read(folder).latency
    path.write_text(path.read_text().replace(f'"latency": {latency}', f'"latency": {latency + 1}'))
    with pytest.raises(KerilogError, match=f"the latency is {latency} cycles, planned are {latency + 1}"):
        tiny.simulate(tiny.ROWS[0], folder, Path("own.keras"), frames(folder))


def test_the_table_says_what_a_layer_reads(tiny: Any, folder: Path) -> None:
    layers = [tiny.layer_of(layer, 5000) for layer in Manifest.read(folder).layers if layer.pe]
    assert [layer["how"] for layer in layers] == ["read from 3 rows", "read from 3 rows", "streams"]


def test_the_page_has_its_place(tiny: Any) -> None:
    assert "<!-- bench: networks -->" in tiny.PAGE.read_text()
