# SPDX-License-Identifier: Apache-2.0
"""The promise of converters on the network of the README: training wins back what 4 bits cost."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import numpy as np
import pytest

from kerilog import build, storage
from kerilog.data import load_dataset
from kerilog.integer.model import run
from kerilog.verify import simulate
from support.paths import ROOT

pytest.importorskip("keras")
EXAMPLE = ROOT / "examples" / "train_4bit_mnist.py"
FRAMES = 50


@pytest.mark.full
def test_training_wins_back_three_quarters_of_what_4_bits_cost(tmp_path: Path) -> None:
    """``KERILOG_MNIST`` may name the NPZ where MNIST cannot be downloaded."""
    named = os.environ.get("KERILOG_MNIST")
    npz = Path(named) if named else None
    data = load_dataset(npz or "mnist", (28, 28, 1))
    if len(data.x_train) < 60000:
        pytest.skip(f"needs all of MNIST, found {data.source}")
    trained, design = tmp_path / "trained.keras", tmp_path / "design"
    chosen = ["--data", str(npz)] if npz else []
    results = runpy.run_path(str(EXAMPLE))["main"]([*chosen, "-o", str(trained)])
    assert results.comparison.equal and results.comparison.exact
    assert results.trained_at_8_bits >= max(results.original, results.at_8_bits)
    assert results.recovered >= 0.75

    build.build(trained, design, build.Options(data=npz or "mnist"))
    graph = storage.load(design / storage.FILE_NAME)
    codes = build.codes_of(graph, data.x_test[:FRAMES])
    assert np.array_equal(simulate(design, codes).codes, run(graph, codes))
