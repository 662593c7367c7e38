# SPDX-License-Identifier: Apache-2.0
"""What constants will take, estimated without a search: within its tolerance of what the search finds."""

from __future__ import annotations

import numpy as np
import pytest

import kerilog
from kerilog.exact.shift_add import digit_count
from kerilog.exact.shift_add_estimate import (
    TOLERANCE,
    TOLERANCE_OF_POWERS,
    TOLERANCE_OF_REGISTERS,
    estimate,
)
from kerilog.exact.shift_add_search import shift_add
from kerilog.formats import IntArray
from kerilog.graph import Graph
from support.paths import MODELS

MODEL = MODELS / "mnist_cnn.keras"
KINDS = ("uniform", "normal", "sparse", "low", "wide", "windows", "ternary", "binary", "powers")
CODES = ((-128, 127), (0, 127), (-8, 7), (0, 1), (-32768, 32767))


def drawn(kind: str, rng: np.random.Generator) -> IntArray:
    """A matrix of the kind, whose search takes well under a second."""
    inputs, units = int(rng.integers(4, 70)), int(rng.integers(1, 20))
    shape = inputs, units
    if kind == "normal":
        return np.rint(np.clip(rng.normal(0, 40, shape), -127, 127)).astype(np.int64)
    if kind == "sparse":
        return rng.integers(-127, 128, shape) * (rng.random(shape) < rng.uniform(0.2, 0.8))
    if kind == "ternary":
        return rng.integers(-1, 2, shape)
    if kind == "binary":
        return rng.choice([-1, 1], shape)
    if kind == "powers":
        return rng.choice([-1, 0, 1], shape) << rng.integers(0, 7, shape)
    if kind == "windows":
        return side_by_side(rng.integers(-128, 128, (3, 3, 4, 3)), int(rng.integers(2, 6)))
    bits = int({"uniform": 8, "low": rng.integers(3, 7), "wide": rng.integers(10, 17)}[kind])
    return rng.integers(-(1 << bits - 1), 1 << bits - 1, shape)


def side_by_side(kernel: IntArray, windows: int) -> IntArray:
    """The matrix of neighbouring windows of a convolution, each with weights for its own columns alone."""
    height, width, channels, filters = kernel.shape
    wide = np.zeros((height, windows + width - 1, channels, windows, filters), np.int64)
    for place in range(windows):
        wide[:, place : place + width, :, place] = kernel
    return wide.reshape(-1, windows * filters)


def assert_estimated(matrix: IntArray, low: int, high: int, what: object) -> None:
    graph, found = shift_add(matrix, low, high), estimate(matrix, low, high)
    assert graph.luts <= found.most_luts, what
    assert graph.depth >= found.least_depth, what
    powers = bool((digit_count(matrix) <= 1).all())
    if len(graph.sums) < 30:
        assert abs(found.adders - len(graph.sums)) <= 20, what
        return
    factor = TOLERANCE_OF_POWERS if powers else TOLERANCE
    for name, expected, guess in (
        ("adders", len(graph.sums), found.adders),
        ("LUTs", graph.luts, found.luts),
    ):
        assert expected / factor <= guess <= expected * factor, (what, name, expected, guess)
    if not powers:
        ratio = found.flip_flops / graph.flip_flops
        assert 1 / TOLERANCE_OF_REGISTERS <= ratio <= TOLERANCE_OF_REGISTERS, (what, "flip-flops", ratio)


@pytest.mark.parametrize("kind", KINDS)
def test_random_matrices(kind: str) -> None:
    rng = np.random.default_rng(KINDS.index(kind))
    for number in range(8):
        matrix, codes = drawn(kind, rng), CODES[number % len(CODES)]
        assert_estimated(matrix, *codes, (kind, number, matrix.shape, codes))


@pytest.mark.parametrize("bits", [4, 8])
def test_trained_kernels(bits: int) -> None:
    """Those of the MNIST network, in int8 and in int4."""
    model = kerilog.load(MODEL)
    assert isinstance(model, Graph)
    kernels = [node.op.kernel for node in model if hasattr(node.op, "kernel")]
    assert len(kernels) == 3
    for kernel in kernels:
        real = kernel.reshape(-1, kernel.shape[-1])[-128:, :10]
        codes = np.rint(real / np.abs(real).max(axis=0) * ((1 << bits - 1) - 1)).astype(np.int64)
        assert_estimated(codes, 0, 127, (bits, kernel.shape))


def test_nothing_to_add_takes_nothing() -> None:
    for matrix in (np.zeros((3, 2), np.int64), np.array([[0, 4], [0, 0]])):
        found = estimate(matrix, -128, 127)
        assert (found.adders, found.luts, found.flip_flops) == (0, 0, 0)


def test_equal_columns_are_counted_once() -> None:
    column = np.random.default_rng(1).integers(-128, 128, (16, 1))
    alone = estimate(column, -128, 127)
    together = estimate(np.hstack([column, -column, 2 * column, column]), -128, 127)
    assert together.adders == alone.adders
