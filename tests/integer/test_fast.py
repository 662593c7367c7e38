# SPDX-License-Identifier: Apache-2.0
"""The fast forms of the integer model against its definition, in int64 alone: on ties, at ends, at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerilog
from kerilog import parallel
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Fixed
from kerilog.graph import Graph
from kerilog.integer import convolution, model, ops
from kerilog.integer.convolution import best_tile, conv2d, tiled
from kerilog.integer.encode import encode
from kerilog.integer.finish import Finish, finish, linear
from kerilog.integer.matmul import ExactMatrix
from kerilog.integer.scratch import scratch
from kerilog.qgraph import (
    DoubleMultiplier,
    Multiplier,
    QAveragePooling2D,
    QConv2D,
    QGraph,
    QInput,
    QMaxPooling2D,
    QNode,
    Rescale,
    Shift,
)
from support.paths import MODELS

MNIST = MODELS / "mnist_cnn.keras"
FORMAT = Affine(8, 0.5, -7)
seeds = st.integers(0, 1 << 32)
sides = st.integers(1, 3)


def factor(rng: np.random.Generator, kind: str, channels: int) -> tuple[Rescale, Any]:
    """A factor, and its real values."""
    multiplier = rng.choice([1 << 30, (1 << 31) - 1, int(rng.integers(1 << 30, 1 << 31))], channels)
    if kind in ("double", "single"):
        shift = rng.integers(-13, 4, channels)
        return Multiplier(multiplier, shift, kind), np.ldexp(multiplier / 2.0**31, shift)  # type: ignore[arg-type]
    if kind == "shift":
        shift = rng.integers(-3, 15, channels)
        return Shift(shift), np.exp2(-shift)
    significand, exponent = multiplier << 22, rng.integers(-66, -50, channels)
    return DoubleMultiplier(significand, exponent), np.ldexp(significand.astype(float), exponent)


@settings(max_examples=200, deadline=None)
@given(
    seeds,
    st.sampled_from(["double", "single", "shift", "binary64"]),
    st.sampled_from([-128, -7, 0, 127]),
    st.booleans(),
    st.sampled_from([np.float32, np.float64]),
)
def test_finish_is_the_integers_on_every_edge(
    seed: int, kind: str, zero: int, relu: bool, number: type[Any]
) -> None:
    rng = np.random.default_rng(seed)
    rescale, real = factor(rng, kind, 3)
    clamp = (zero if relu else -128, int(rng.integers(zero, 128)))
    bound = (1 << 24) - 1 if number is np.float32 else (1 << 27) - 1  # what int64 takes times 2**34
    ties = np.round((np.arange(-260, 260)[:, np.newaxis] + 0.5) / real)
    edges = np.concatenate([ties + offset for offset in range(-2, 3)])
    ends = np.array([[-bound] * 3, [bound] * 3, [-1] * 3, [0] * 3, [1] * 3])
    totals = np.concatenate([edges, ends, rng.integers(-bound, bound, (500, 3))])
    totals = np.clip(totals, -bound, bound).astype(np.int64)
    bias = rng.integers(-99, 99, 3)
    target = Affine(8, 1.0, zero)
    fast = Finish(rescale, target, clamp, bias, number, positions=len(totals))
    assert fast.linear is not None
    expected = finish(totals, rescale, target, clamp)
    np.testing.assert_array_equal(fast((totals - bias).astype(number)), expected)
    slow = Finish(rescale, target, clamp, bias, np.int64)
    np.testing.assert_array_equal(slow(totals - bias), expected)


def test_a_form_that_is_not_exact_is_not_taken() -> None:
    target, clamp = Affine(8, 1.0, 0), (-128, 127)
    long = Multiplier(np.array([1 << 30]), np.array([-15]), "single")
    assert linear(long, target, clamp, np.float64) is None
    fits = linear(Shift(np.array([15])), target, clamp, np.float32)
    assert fits is not None and fits.scale.dtype == np.float32
    wide = linear(Shift(np.array([17])), target, clamp, np.float32)
    assert wide is not None and wide.scale.dtype == np.float64
    assert linear(Shift(np.array([0])), Fixed(60, 0), (-(1 << 59), (1 << 59) - 1), np.float64) is None


def random_convolution(rng: np.random.Generator, strides: Any, kernel: Any, filters: int) -> QConv2D:
    depth = int(rng.integers(1, 3))
    weights = rng.choice([-128, 127, int(rng.integers(-128, 128))], (*kernel, depth, filters))
    multiplier = rng.integers(1 << 30, 1 << 31, filters), rng.integers(-12, -5, filters)
    return QConv2D(
        weights,
        rng.integers(-5000, 5000, filters),
        FORMAT,
        FORMAT,
        Multiplier(*multiplier, "double"),
        (-100, 120),
        strides,
    )


@settings(max_examples=100, deadline=None)
@given(
    seeds,
    st.tuples(sides, sides),
    st.tuples(sides, sides),
    st.tuples(sides, sides),
    st.sampled_from([1, 2, 9]),
)
def test_tiles_and_pooled_accumulators_change_nothing(
    seed: int, strides: Any, kernel: Any, pool: Any, filters: int
) -> None:
    rng = np.random.default_rng(seed)
    op = random_convolution(rng, strides, kernel, filters)
    x = rng.integers(-128, 128, (3, 13, 11, op.kernel.shape[2])).astype(np.int8)
    plain = conv2d(op, FORMAT, FORMAT)(x)
    shape = plain.shape[1], plain.shape[2]
    np.testing.assert_array_equal(conv2d(op, FORMAT, FORMAT, shape)(x), plain)
    if min(n // p for n, p in zip(shape, pool, strict=True)) == 0:
        return
    after = ops.max_pool(QMaxPooling2D(pool, pool, (-128, 127)), FORMAT, FORMAT)(plain)
    np.testing.assert_array_equal(conv2d(op, FORMAT, FORMAT, shape, pool)(x), after)


def test_a_tile_is_a_convolution_of_its_outputs() -> None:
    kernel = np.arange(1, 7).reshape(2, 3, 1, 1)
    wide = tiled(kernel, (1, 2), (1, 2))
    assert wide.shape == (2, 5, 1, 1, 2, 1)
    assert wide[0, :, 0, 0, :, 0].T.tolist() == [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3]]


def test_narrow_convolutions_are_tiled_and_wide_ones_are_not() -> None:
    few = random_convolution(np.random.default_rng(0), (1, 1), (3, 3), 2)
    assert best_tile(few, (26, 26), (2, 2)) != (2, 2)
    many = QConv2D(
        np.ones((3, 3, 64, 64), np.int64),
        np.zeros(64, np.int64),
        FORMAT,
        FORMAT,
        Shift(np.array([9])),
        (0, 1),
    )
    assert best_tile(many, (26, 26)) == (1, 1)


def convolution_and_pool(clamp: Any, size: int) -> QGraph:
    op = random_convolution(np.random.default_rng(1), (1, 1), (3, 3), 3)
    side, depth = size - 2, op.kernel.shape[2]
    nodes = (
        QNode("x", QInput(), (), (size, size, depth), FORMAT),
        QNode("conv", op, ("x",), (side, side, 3), FORMAT),
        QNode("pool", QMaxPooling2D((2, 2), (2, 2), clamp), ("conv",), (side // 2, side // 2, 3), FORMAT),
    )
    return QGraph("g", "affine", nodes, ("pool",))


@pytest.mark.parametrize("clamp", [(-128, 127), (-20, 10), (121, 127), (-128, -101)])
@pytest.mark.parametrize("size", [8, 9])
def test_what_is_not_looked_at_is_left_out_of_the_sum_but_not_of_the_result(clamp: Any, size: int) -> None:
    graph = convolution_and_pool(clamp, size)
    x = np.random.default_rng(2).integers(-128, 128, (5, *graph.inputs[0].shape))
    everything = model.run_all(graph, x)
    pooled = ops.max_pool(graph["pool"].op, FORMAT, FORMAT)(everything["conv"])  # type: ignore[arg-type]
    np.testing.assert_array_equal(everything["pool"], pooled)
    np.testing.assert_array_equal(model.run(graph, x), pooled)


@pytest.mark.parametrize("scheme", ["affine", "fixed"])
def test_the_network_is_the_same_in_int64_alone(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    loaded = kerilog.load(MNIST)
    assert isinstance(loaded, Graph)
    network = kerilog.quantize(loaded, rng.random((50, 28, 28, 1), np.float32), scheme).graph
    x = np.concatenate(
        [
            rng.integers(-128, 128, (60, 28, 28, 1)),
            rng.choice([-128, 127], (200, 28, 28, 1)),
            np.full((1, 28, 28, 1), -128),
            np.full((1, 28, 28, 1), 127),
        ]
    )
    fast = model.run(network, x)
    monkeypatch.setattr("kerilog.integer.matmul.exact_type", lambda bound: np.int64)
    monkeypatch.setattr(convolution, "best_tile", lambda op, shape, pool: pool)
    tensors = model.Model(network).tensors(x, tuple(node.name for node in network))
    np.testing.assert_array_equal(fast, tensors[network.outputs[0]])


def test_results_outlive_the_scratch_memory() -> None:
    network = convolution_and_pool((-128, 127), 8)
    x = np.random.default_rng(4).integers(-128, 128, (2, 40, *network.inputs[0].shape)).astype(np.int8)
    first = model.run(network, x[0])
    copy = first.copy()
    model.run(network, x[1])
    np.testing.assert_array_equal(first, copy)
    assert np.shares_memory(scratch("test", (3, 4), np.int8), scratch("test", (2, 4), np.int8))
    huge = (1 << 24) + 1
    assert not np.shares_memory(scratch("test", (huge,), np.int8), scratch("test", (huge,), np.int8))


def test_what_a_thread_raises_is_raised() -> None:
    def work(piece: int) -> None:
        if piece == 5:
            raise KerilogError("five")

    with pytest.raises(KerilogError, match="five"):
        parallel.for_each(range(9), work)


def test_inputs_that_need_no_look_are_taken_as_they_are() -> None:
    network = model.Model(convolution_and_pool((-128, 127), 8))
    shape, rng = network.sources[0].shape, np.random.default_rng(5)
    codes = rng.integers(-128, 128, (2, *shape)).astype(np.int8)
    assert network.ready(codes) is codes
    real = rng.normal(0, 60, (300, *shape))
    real[:20] = (rng.integers(-150, 150, (20, *shape)) + 0.5) * FORMAT.scales
    for floats in (real, real.astype(np.float32)):
        ready = network.ready(floats)
        assert ready is not None and ready.dtype == np.int8
        np.testing.assert_array_equal(ready, FORMAT.quantize(floats))
    real[7, 1] = np.nan
    for other in (real, codes.astype(np.int16), codes.view(np.uint8), codes[:, 0], real[0], np.zeros(())):
        assert network.ready(other) is None


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-1e30, 1e30), min_size=1),
    st.sampled_from([1.0, 0.1, 2.0**-7, 1 / 255]),
    st.integers(-128, 127),
)
def test_encode_is_quantize(values: list[float], scale: float, zero: int) -> None:
    real, target = np.array(values), Affine(8, scale, zero)
    np.testing.assert_array_equal(encode(target, real), target.quantize(real))


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from([1, 129, 300, 700]), st.integers(1, 40), st.integers(8, 13))
def test_a_product_in_parts_is_the_product(seed: int, inputs: int, units: int, bits: int) -> None:
    """Weights of more bits than 8 take sums past binary32 with few inputs."""
    rng = np.random.default_rng(seed)
    high = (1 << bits - 1) - 1
    kernel = rng.choice([-high - 1, high, int(rng.integers(-high, high))], (inputs, units)).astype(np.int64)
    bias = rng.choice([-(1 << 30), 0, 1 << 24], units).astype(np.int64)
    x = rng.choice([-128, 127, int(rng.integers(-128, 128))], (5, inputs)).astype(np.int8)
    matrix = ExactMatrix(kernel, bias, FORMAT)
    expected = (x.astype(np.int64) + 7) @ kernel + bias
    np.testing.assert_array_equal(matrix(x), expected)


def test_long_sums_are_made_in_parts_of_binary32() -> None:
    wide = ExactMatrix(np.full((2048, 3), -127), np.zeros(3, np.int64), FORMAT)
    assert (wide.factor, wide.number) == (np.float32, np.float64)
    few = ExactMatrix(np.full((100, 3), 1 << 14), np.zeros(3, np.int64), FORMAT)
    assert (few.factor, few.number) == (np.float64, np.float64)
    x = np.full((2, 2048), -128, np.int8)
    np.testing.assert_array_equal(wide(x), np.full((2, 3), 2048 * 127 * (128 - 7)))


@pytest.mark.parametrize("processors", [1, 2, 5])
@pytest.mark.parametrize("shape", [(40, 30, 16, 24), (4, 4, 256, 192)])
def test_a_large_image_is_the_same_on_any_number_of_processors(
    processors: int, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is shared out by rows, the second, few windows of many weights, by filters."""
    height, width, depth, filters = shape
    rng = np.random.default_rng(6)
    factor = Multiplier(rng.integers(1 << 30, 1 << 31, filters), rng.integers(-14, -8, filters), "double")
    kernel = rng.integers(-128, 128, (3, 3, depth, filters))
    bias = rng.integers(-9999, 9999, filters)
    around = ((1, 1), (1, 1))
    op = QConv2D(kernel, bias, FORMAT, FORMAT, factor, (-100, 120), padding=around)
    x = rng.integers(-128, 128, (1, height, width, depth)).astype(np.int8)
    for module in (parallel, convolution):
        monkeypatch.setattr(module, "processors", lambda: processors)
    padded = np.pad(x, ((0, 0), *around, (0, 0)), constant_values=FORMAT.zero).astype(np.int64)
    seen = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2)) - FORMAT.zero
    totals = np.einsum("fyxdij,ijdk->fyxk", seen, kernel) + bias
    found = conv2d(op, FORMAT, FORMAT, (height, width))(x)
    np.testing.assert_array_equal(found, finish(totals, factor, FORMAT, op.clamp))


def test_pieces_within_a_piece_are_worked_on_by_its_thread() -> None:
    places: list[tuple[int, int]] = []

    def outer(piece: int) -> None:
        parallel.for_each(range(3), lambda inner: places.append((piece, inner)))

    parallel.for_each(range(4), outer)
    assert sorted(places) == [(a, b) for a in range(4) for b in range(3)]


@settings(max_examples=60, deadline=None)
@given(
    seeds, st.tuples(sides, sides), st.tuples(sides, sides), st.tuples(st.integers(0, 1), st.integers(0, 1))
)
def test_averages_are_by_their_definition(seed: int, size: Any, strides: Any, rim: Any) -> None:
    rng = np.random.default_rng(seed)
    around = (rim, rim[::-1])
    op = QAveragePooling2D(size, strides, (-120, 125), around)
    x = rng.choice([-128, 127, int(rng.integers(-128, 128))], (2, 7, 6, 3)).astype(np.int8)
    padded = np.pad(x.astype(np.int64), ((0, 0), *around, (0, 0)))
    inside = np.pad(np.ones_like(x, np.int64), ((0, 0), *around, (0, 0)))
    view = [
        np.lib.stride_tricks.sliding_window_view(one, size, axis=(1, 2))[:, :: strides[0], :: strides[1]]
        for one in (padded, inside)
    ]
    total, count = (one.sum(axis=(-2, -1)) for one in view)
    expected = np.clip(ops.mean(total, count), -120, 125)
    np.testing.assert_array_equal(ops.average_pool(op, FORMAT, FORMAT)(x), expected)
