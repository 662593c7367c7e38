# SPDX-License-Identifier: Apache-2.0
"""Every operation of the integer model against a plain loop in Python integers."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import Affine, Fixed
from kerilog.integer import convolution, ops
from kerilog.integer.matmul import ExactMatrix, exact_type
from kerilog.integer.model import run, run_all, run_outputs
from kerilog.qgraph import (
    QAdd,
    QAveragePooling2D,
    QConcatenate,
    QConstant,
    QConv2D,
    QDense,
    QGlobalAveragePooling2D,
    QGraph,
    QInput,
    QLookup,
    QMaxPooling2D,
    QMultiply,
    QNode,
    QOp,
    QRequantize,
    QReshape,
    QSubtract,
    QZeroPadding2D,
    Shift,
)

FORMAT = Affine(8, 0.5, -7)
WIDE = Fixed(60, 0)  # so wide that accumulators come through as they are
EVERYTHING = (WIDE.minimum, WIDE.maximum)
ONE = Shift(np.array([0]))
CLAMP = (-128, 127)
seeds = st.integers(0, 1 << 32)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.tuples(st.tuples(*[st.integers(0, 2)] * 2), st.tuples(*[st.integers(0, 2)] * 2))


def codes(rng: np.random.Generator, *shape: int) -> Any:
    """Random int8 codes, more of the extreme ones than chance gives."""
    x = rng.integers(-128, 128, shape)
    return np.where(rng.random(shape) < 0.2, rng.choice([-128, 127], shape), x).astype(np.int8)


def naive_conv(x: Any, op: QConv2D, zero: int) -> Any:
    """The accumulators of a convolution, one multiply at a time."""
    (kh, kw, depth, filters), (sh, sw), (dh, dw) = op.kernel.shape, op.strides, op.dilation_rate
    (top, bottom), (left, right) = op.padding
    frames, height, width, _ = x.shape
    oh = (height + top + bottom - (kh - 1) * dh - 1) // sh + 1
    ow = (width + left + right - (kw - 1) * dw - 1) // sw + 1
    out = np.zeros((frames, oh, ow, filters), object)
    for n, r, c, f in itertools.product(*map(range, out.shape)):
        total, first = int(op.bias[f]), f // (filters // op.groups) * depth
        for i, j, d in itertools.product(range(kh), range(kw), range(depth)):
            row, column = r * sh + i * dh - top, c * sw + j * dw - left
            if 0 <= row < height and 0 <= column < width:
                total += (int(x[n, row, column, first + d]) - zero) * int(op.kernel[i, j, d, f])
        out[n, r, c, f] = total
    return out.astype(np.int64)


@settings(max_examples=60, deadline=None)
@given(seeds, pairs, pairs, paddings, pairs, st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))
def test_conv2d_is_the_plain_sum(
    seed: int, kernel: Any, strides: Any, padding: Any, dilation: Any, groups: int, depth: int, each: int
) -> None:
    rng = np.random.default_rng(seed)
    weights = codes(rng, *kernel, depth, groups * each).astype(np.int64)
    bias = rng.integers(-(1 << 20), 1 << 20, groups * each)
    op = QConv2D(weights, bias, FORMAT, FORMAT, ONE, EVERYTHING, strides, padding, dilation, groups)
    x = codes(rng, 2, 8, 7, groups * depth)
    np.testing.assert_array_equal(convolution.conv2d(op, FORMAT, WIDE)(x), naive_conv(x, op, FORMAT.zero))


@settings(max_examples=60, deadline=None)
@given(
    seeds,
    st.sampled_from([2, 8, 16, 24]),
    st.integers(1, 300),
    st.integers(1, 40),
    st.sampled_from([8, 16, 28]),
)
def test_matrix_is_exact_in_every_type(
    seed: int, bits: int, inputs: int, units: int, weight_bits: int
) -> None:
    rng = np.random.default_rng(seed)
    source = Affine(bits, 1.0, int(rng.integers(-(1 << (bits - 1)), 1 << (bits - 1))))
    limit = 1 << (weight_bits - 1)
    kernel = rng.choice([-limit, limit - 1, int(rng.integers(-limit, limit))], (inputs, units))
    bias = rng.integers(-(1 << 31), 1 << 31, units)
    x = rng.choice([source.minimum, source.maximum, source.zero, 0, 1], (5, inputs))
    expected = (x.astype(object) - source.zero) @ kernel.astype(object) + bias.astype(object)
    np.testing.assert_array_equal(ExactMatrix(kernel, bias, source)(x), expected.astype(np.int64))


def test_matrix_at_the_edge_of_each_type() -> None:
    assert [exact_type(n) for n in (2**24 - 1, 2**24, 2**53 - 1, 2**53)] == [
        np.float32, np.float64, np.float64, np.int64,
    ]  # fmt: skip
    source = Affine(8, 1.0, 0)
    for count, number in ((1024, np.float32), (1060, np.float64)):
        matrix = ExactMatrix(np.full((count, 1), -127), np.array([1]), source)
        assert matrix.number is number
        assert matrix(np.full((1, count), -128, np.int8)) == count * 127 * 128 + 1


def windows(x: Any, op: Any) -> Any:
    """For every output pixel the list of cells inside the image, as (frames, channels) arrays."""
    (kh, kw), (sh, sw), ((top, bottom), (left, right)) = op.pool_size, op.strides, op.padding
    height, width = x.shape[1:3]
    rows = range((height + top + bottom - kh) // sh + 1)
    columns = range((width + left + right - kw) // sw + 1)
    for r, c in itertools.product(rows, columns):
        cells = [
            x[:, r * sh + i - top, c * sw + j - left].astype(np.int64)
            for i, j in itertools.product(range(kh), range(kw))
            if 0 <= r * sh + i - top < height and 0 <= c * sw + j - left < width
        ]
        yield r, c, cells


@settings(max_examples=60, deadline=None)
@given(seeds, pairs, pairs, st.booleans())
def test_pools_are_over_the_cells_inside(seed: int, size: Any, strides: Any, padded: bool) -> None:
    rng = np.random.default_rng(seed)
    rims = rng.integers(0, np.array(size)[:, np.newaxis], (2, 2)) * padded
    padding = ((int(rims[0, 0]), int(rims[0, 1])), (int(rims[1, 0]), int(rims[1, 1])))
    x = codes(rng, 3, 6, 5, 2)
    largest = ops.max_pool(QMaxPooling2D(size, strides, (-20, 90), padding), FORMAT, FORMAT)(x)
    average = QAveragePooling2D(size, strides, CLAMP, padding)
    mean = ops.average_pool(average, FORMAT, FORMAT)(x)
    for r, c, cells in windows(x, average):
        np.testing.assert_array_equal(largest[:, r, c], np.clip(np.max(cells, axis=0), -20, 90))
        total, count = np.sum(cells, axis=0), len(cells)
        expected = np.sign(total) * ((2 * np.abs(total) + count) // (2 * count))
        np.testing.assert_array_equal(mean[:, r, c], expected)


def graph(
    op: QOp, shape: tuple[int, ...], target: tuple[int, ...], *more: QNode, fmt: Any = FORMAT
) -> QGraph:
    """A graph of one operation on the input and on ``more``."""
    inputs = ("x", *(node.name for node in more))
    return QGraph(
        "g",
        "affine",
        (QNode("x", QInput(), (), shape, FORMAT), *more, QNode("y", op, inputs, target, fmt)),
        ("y",),
    )


@pytest.mark.parametrize("kind", [QAdd, QSubtract])
def test_sum_is_of_the_scaled_operands(kind: type[QAdd]) -> None:
    rng = np.random.default_rng(1)
    values = codes(rng, 3).astype(np.int64)
    other = QNode("c", QConstant(values), (), (3,), Affine(8, 1.0, 9))
    op = kind(Shift(np.array([1])), Shift(np.array([-2])), Shift(np.array([3])), CLAMP, headroom=4)
    x = codes(rng, 4, 2, 3)
    ours = run(graph(op, (2, 3), (2, 3), other), x)
    left, right = (x.astype(np.int64) + 7) * 8, (values - 9) * 64
    total = left - right if kind is QSubtract else left + right
    np.testing.assert_array_equal(ours, np.clip(np.sign(total) * ((np.abs(total) + 4) // 8) - 7, *CLAMP))


def test_product_broadcasts_over_the_image() -> None:
    rng = np.random.default_rng(2)
    mean = QNode("m", QGlobalAveragePooling2D(ONE, (-50, 60)), ("x",), (1, 1, 3), FORMAT)
    x = codes(rng, 5, 4, 2, 3)
    ours = run_all(graph(QMultiply(Shift(np.array([6])), CLAMP), (4, 2, 3), (4, 2, 3), mean), x)
    sums = np.clip((x.astype(np.int64) + 7).sum(axis=(1, 2), keepdims=True) - 7, -50, 60)
    np.testing.assert_array_equal(ours["m"], sums)
    product = (x.astype(np.int64) + 7) * (sums + 7)
    np.testing.assert_array_equal(
        ours["y"], np.clip(np.sign(product) * ((abs(product) + 32) // 64) - 7, *CLAMP)
    )


def test_elements_are_moved_as_numpy_moves_them() -> None:
    x = codes(np.random.default_rng(3), 2, 3, 4, 2)
    padded = run(graph(QZeroPadding2D(((1, 0), (0, 2))), (3, 4, 2), (4, 6, 2)), x)
    np.testing.assert_array_equal(padded, np.pad(x, ((0, 0), (1, 0), (0, 2), (0, 0)), constant_values=-7))
    np.testing.assert_array_equal(run(graph(QReshape(), (3, 4, 2), (24,)), x), x.reshape(2, 24))
    table = np.random.default_rng(4).integers(-128, 128, 256)
    np.testing.assert_array_equal(
        run(graph(QLookup(table), (3, 4, 2), (3, 4, 2)), x), table[x.astype(int) + 128]
    )
    for axis, total in ((0, (6, 4, 2)), (1, (3, 8, 2)), (-1, (3, 4, 4))):
        twin = QNode("t", QReshape(), ("x",), (3, 4, 2), FORMAT)
        ours = run(graph(QConcatenate(axis), (3, 4, 2), total, twin), x)
        np.testing.assert_array_equal(ours, np.concatenate([x, x], axis=axis + 1 if axis >= 0 else axis))


def test_frames_are_worked_on_in_parts_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    op = QDense(
        codes(rng, 6, 4).astype(np.int64), rng.integers(-99, 99, 4), FORMAT, FORMAT, ONE, (-1000, 1000)
    )
    network, x = graph(op, (6,), (4,), fmt=Affine(16, 1.0, 3)), codes(rng, 23, 6)
    whole = run(network, x)
    monkeypatch.setattr("kerilog.integer.model._CHUNK_FRAMES", 5)
    np.testing.assert_array_equal(run(network, x), whole)
    assert run(network, x[:0]).shape == (0, 4)


def test_several_outputs_come_in_order() -> None:
    x = codes(np.random.default_rng(6), 2, 4)
    both = dataclasses.replace(
        graph(QRequantize(Shift(np.array([1])), CLAMP), (4,), (4,)), outputs=("y", "x")
    )
    halves, same = run_outputs(both, x)
    np.testing.assert_array_equal(same, x)
    np.testing.assert_array_equal(halves, run_all(both, x)["y"])
    with pytest.raises(KerilogError, match="expected one output, found 2"):
        run(both, x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 3), int), r"g: input x: expected shape \(frames, 4\), found \(2, 3\)"),
        (np.zeros(4, int), r"expected shape \(frames, 4\), found \(4,\)"),
        (np.zeros((2, 4)), "expected integer codes, found float64"),
        (np.full((2, 4), 128), r"expected codes -128..127, found 128..128"),
        (np.full((2, 4), -129), r"expected codes -128..127, found -129..-129"),
    ],
)
def test_codes_that_do_not_fit_are_named(x: Any, message: str) -> None:
    with pytest.raises(KerilogError, match=message):
        run(graph(QReshape(), (4,), (2, 2)), x)


def test_an_unknown_operation_is_named() -> None:
    class QStrange(QOp):
        """Known to nobody."""

    with pytest.raises(Unsupported, match="y: the integer model has no Strange"):
        run(graph(QStrange(), (4,), (4,)), np.zeros((1, 4), int))


def test_an_accumulator_that_int64_cannot_hold_is_refused() -> None:
    with pytest.raises(KerilogError, match=r"expected sums below 2\*\*63, found up to \d{20}"):
        ExactMatrix(np.full((4, 1), -(1 << 31)), np.array([0]), Fixed(32, 0))
