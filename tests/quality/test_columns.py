# SPDX-License-Identifier: Apache-2.0
"""Columns of a table that one input format cannot hold together are named; all else is left in peace."""

from __future__ import annotations

import numpy as np
import pytest

from kerilog.graph import Array
from kerilog.measured import measure
from kerilog.quantize import LayerSettings, Settings, calibrate, quantize
from support.heads import identity

RNG = np.random.default_rng(5)
LARGE = RNG.normal(60, 20, 400)  # a step of 1 in 8 bits


def warnings(*columns: Array, bits: int = 8) -> tuple[str, ...]:
    x = np.stack(columns, axis=1).astype(np.float32)
    calibration = calibrate(identity(len(columns)), x)
    integer = quantize(calibration, settings=Settings(LayerSettings(activation_bits=bits)))
    return measure(calibration.graph, integer, x, {}, calibration).warnings


def test_a_column_of_small_values_beside_one_of_large() -> None:
    small = RNG.uniform(0, 0.75, 400)
    (told,) = warnings(LARGE, small)
    assert told == (
        "input 'x': its 2 elements share one format with a step of 1, too coarse for element 1 "
        f"({small.min():.4g}..{small.max():.4g}), counted from 0: scale all to similar ranges before the "
        "network, or use more activation bits"
    )
    assert warnings(LARGE, small, bits=16) == ()


def test_many_columns_are_counted() -> None:
    (told,) = warnings(LARGE, *RNG.uniform(0, 0.75, (5, 400)))
    assert " and 2 more, counted from 0" in told


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(RNG.normal(-40, 20, 400), id="similar"),
        pytest.param(RNG.integers(0, 2, 400), id="yes or no, which a step of 1 holds exactly"),
        pytest.param(np.full(400, 0.25), id="constant"),
    ],
)
def test_columns_that_lose_nothing(other: Array) -> None:
    assert warnings(LARGE, other) == ()
