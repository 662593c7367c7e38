# SPDX-License-Identifier: Apache-2.0
"""Recorded cases: TFLite files with what the reference kernels and XNNPACK gave for them, and some tensors
between.

The folder ``tflite_cases`` is looked for in $KERILOG_SHARED, then next to the repository in ``shared``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog.frontend.tflite import load_tflite, load_tflite_with_tensors
from kerilog.integer.model import run, run_all
from support.paths import SHARED

NAMES = ("inception", "lenet_avg", "mlp_softmax", "mnist_cnn", "mobilenet", "res_block")


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest) -> Path:
    """The folder of one case."""
    folder: Path = SHARED / "tflite_cases" / request.param
    if not folder.is_dir():
        pytest.skip(f"no recorded case at {folder}: set KERILOG_SHARED to the folder that holds tflite_cases")
    return folder


@pytest.mark.parametrize(("rounding", "recorded"), [("reference", "outputs_ref"), ("single", "outputs_xnn")])
def test_outputs_are_the_recorded_ones(case: Path, rounding: str, recorded: str) -> None:
    graph = load_tflite(case / "model.tflite", "single" if rounding == "single" else "reference")
    expected = np.load(case / f"{recorded}.npy")
    assert expected.size > 0
    np.testing.assert_array_equal(run(graph, np.load(case / "inputs.npy")), expected)


def test_tensors_between_are_the_recorded_ones(case: Path) -> None:
    graph, names = load_tflite_with_tensors(case / "model.tflite")
    with np.load(case / "intermediates_ref.npz") as recorded:
        frames = min(len(recorded[key]) for key in recorded.files)
        tensors = run_all(graph, np.load(case / "inputs.npy")[:frames])
        assert len(recorded.files) > 2
        for key in recorded.files:
            name = names[int(key.removeprefix("t"))]
            np.testing.assert_array_equal(tensors[name], recorded[key][:frames], err_msg=name)
