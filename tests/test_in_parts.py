# SPDX-License-Identifier: Apache-2.0
"""What is worked on in parts, so that it fits the cache and memory, is what it would be all at once."""

from __future__ import annotations

import dataclasses
import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog import calibrate, floating, parallel, storage
from kerilog.formats import Affine, Fixed, Format
from kerilog.graph import (
    Add,
    AveragePooling2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Graph,
    Input,
    MaxPooling2D,
    Node,
    Reshape,
)
from kerilog.integer import convolution, elementwise, ops
from kerilog.integer.finish import finish
from kerilog.integer.finish import storage as code_type
from kerilog.integer.model import prepared, run_all
from kerilog.integer.rescale import rescale
from kerilog.qgraph import Multiplier, QAdd, QConv2D, QMultiply, QRequantize, QSubtract, Shift
from kerilog.quantize import calibrate as calibrated
from kerilog.quantize import quantize
from kerilog.quantize.ranges import squared_error
from kerilog.report import record
from kerilog.report.conversion import compare, convert

MANY = 100_003  # more than a part of anything, and no multiple of one
FORMATS = (Fixed(8, 4), Fixed(3, -1), Affine(8, 0.037, -5), Affine(16, 0.0002, 7))
PER_CHANNEL = (Fixed(8, (1, 4, 2)), Affine(8, (0.1, 0.02, 0.3)))
seeds = st.integers(0, 1 << 32)


def numbers(seed: int, *shape: int) -> np.ndarray:
    """Floats with ties, zeros, and values that saturate."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 4, shape).astype(np.float32)
    values.reshape(-1)[::3] = np.round(values.reshape(-1)[::3] * 32) / 32
    values.reshape(-1)[::11] = 0
    return values


@pytest.mark.parametrize("format", [*FORMATS, *PER_CHANNEL], ids=str)
def test_codes_are_by_their_definition(format: Format) -> None:
    values = numbers(1, MANY // 3, 3)
    steps = values.astype(np.float64) / format.scales
    steps = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + format.zero_point
    expected = np.clip(steps, format.minimum, format.maximum)
    for shape in ((-1, 3), (1, -1, 3), (7, -1, 3)):
        some = values[: len(values) // 7 * 7].reshape(shape)
        found = format.quantize(some)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, expected[: len(values) // 7 * 7].reshape(shape))
    np.testing.assert_array_equal(format.quantize(values[::2]), expected[::2])


@pytest.mark.parametrize("format", [*FORMATS, *PER_CHANNEL], ids=str)
def test_errors_of_a_format_are_those_of_all_values_at_once(format: Format) -> None:
    values = numbers(2, MANY // 3, 3)
    real = values.astype(np.float64)
    codes = format.quantize(real)
    nearest = format.dequantize(codes)
    steps = real / format.scales + format.zero_point
    overflow = (steps < format.minimum - 0.5) | (steps >= format.maximum + 0.5)
    overflow |= steps == format.minimum - 0.5  # a tie goes away from zero
    found = convert(values, format)
    assert found.overflow == np.count_nonzero(overflow) > 0
    assert found.underflow == np.count_nonzero((nearest == 0) & (real != 0) & ~overflow)
    assert found.underflow + found.inexact == np.count_nonzero((nearest != real) & ~overflow)
    noise = float(np.sum((nearest - real) ** 2))
    assert (found.error.count, found.error.signal) == (values.size, float(np.sum(real**2)))
    assert found.error.noise == noise
    assert compare(values, nearest) == found.error
    if not format.scales.ndim:
        flat = real.reshape(-1)
        counts = np.arange(flat.size) % 5.0
        assert squared_error(flat, format) == noise
        weighed = float(np.sum(counts * (nearest.reshape(-1) - flat) ** 2))
        assert squared_error(flat, format, counts) == weighed


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(2, 5), st.sampled_from([1e-30, 1e-6, 1.0, 1e9, 1e30]))
def test_observations_add_up_in_any_order(seed: int, count: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    parts = [
        (rng.normal(0, scale * 10.0 ** rng.integers(-3, 4), 50) * rng.integers(0, 2, 50)).astype(np.float32)
        for _ in range(count)
    ]
    whole = calibrate.Observation()
    whole.add(np.concatenate(parts))
    for order in (range(count), reversed(range(count))):
        total = calibrate.Observation()
        for index in order:
            one = calibrate.Observation()
            one.add(parts[index])
            total.take(one)
        for field in dataclasses.fields(whole):
            expected, found = getattr(whole, field.name), getattr(total, field.name)
            np.testing.assert_array_equal(found, expected, err_msg=field.name)


# ---- the integer model ----


def convolutions(seed: int) -> Iterator[tuple[QConv2D, tuple[int, int, int]]]:
    """Convolutions of every form with the shape of their input."""
    rng = np.random.default_rng(seed)
    for depth, groups, filters, strides in (
        (3, 1, 4, (1, 1)),
        (3, 1, 4, (2, 3)),
        (4, 2, 6, (1, 2)),
        (4, 4, 4, (1, 1)),
        (3, 3, 6, (2, 1)),
    ):
        kernel = rng.integers(-128, 128, (3, 2, depth // groups, filters))
        factor = Multiplier(rng.integers(1 << 30, 1 << 31, filters), rng.integers(-10, -6, filters), "double")
        padding = ((int(rng.integers(0, 2)), 1), (1, 0))
        bias = rng.integers(-999, 999, filters)
        clamp = (-100, 120)
        yield (
            QConv2D(kernel, bias, FORMATS[2], FORMATS[2], factor, clamp, strides, padding, (1, 1), groups),
            (23, 17, depth),
        )


@pytest.mark.parametrize("largest", [1, 300, 4000])
@pytest.mark.parametrize("frames", [1, 3])
def test_bands_of_a_convolution_are_the_whole_of_it(
    frames: int, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    format = Affine(8, 0.1, -7)
    for op, shape in convolutions(seed=3):
        x = np.random.default_rng(4).integers(-128, 128, (frames, *shape)).astype(np.int8)
        expected = convolution.conv2d(op, format, format)(x)
        size = expected.shape[1], expected.shape[2]
        pools = [(1, 1)] if op.groups > 1 else [(1, 1), (2, 3)]
        whole = [convolution.conv2d(op, format, format, size, pool)(x) for pool in pools]
        np.testing.assert_array_equal(whole[0], expected)
        with monkeypatch.context() as patched:
            patched.setattr(convolution, "_LARGEST_BAND", largest)
            for pool, one in zip(pools, whole, strict=True):
                np.testing.assert_array_equal(
                    convolution.conv2d(op, format, format, size, pool)(x), one, err_msg=f"{op} {pool}"
                )


def random_factor(rng: np.random.Generator, low: int, high: int) -> Any:
    if rng.integers(2):
        return Shift(np.array([int(rng.integers(low, high))]))
    rounding = "double" if rng.integers(2) else "single"
    return Multiplier(rng.integers(1 << 30, 1 << 31, 1), -rng.integers(low, high, 1), rounding)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from([2, 8, 13, 16]), st.booleans())
def test_what_is_looked_up_is_what_is_worked_out(seed: int, bits: int, subtract: bool) -> None:
    rng = np.random.default_rng(seed)
    left, right, target = (
        Affine(bits, 0.1, int(rng.integers(-(1 << (bits - 1)), 1 << (bits - 1)))) for _ in range(3)
    )
    clamp = (max(target.minimum, target.zero_point), target.maximum) if rng.integers(2) else (-2, 1)
    x, y = (rng.integers(source.minimum, source.maximum + 1, (3, 50, 4)) for source in (left, right))
    narrow_x, narrow_y = x.astype(code_type(left)), y.astype(code_type(right))
    # sums stay below 2**31, where rescaling by a multiplier is defined
    op = (QSubtract if subtract else QAdd)(
        random_factor(rng, 0, 3),
        random_factor(rng, 0, 3),
        random_factor(rng, 0, 6),
        clamp,
        int(rng.integers(0, 8)),
    )
    a = rescale(op.left, (x - left.zero_point) << op.headroom)
    b = rescale(op.right, (y - right.zero_point) << op.headroom)
    expected = finish(a - b if subtract else a + b, op.rescale, target, clamp)
    found = elementwise.add(op, left, right, target)(narrow_x, narrow_y)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
    few = elementwise.add(op, left, right, target)(narrow_x, narrow_y[:1, :1])
    np.testing.assert_array_equal(
        few, finish(a - b[:1, :1] if subtract else a + b[:1, :1], op.rescale, target, clamp)
    )
    other = QRequantize(random_factor(rng, 0, 6), clamp)
    expected = finish(x - left.zero_point, other.rescale, target, clamp)
    np.testing.assert_array_equal(elementwise.requantize(other, left, target)(narrow_x), expected)
    product = QMultiply(random_factor(rng, 0, 12), clamp)
    if bits < 16:
        expected = finish((x - left.zero_point) * (y - right.zero_point), product.rescale, target, clamp)
        found = elementwise.multiply(product, left, right, target)(narrow_x, narrow_y)
        np.testing.assert_array_equal(found, expected)


# ---- whole networks ----


def network(side: int, seed: int = 5) -> Graph:
    """A float network with every operation that works in parts, on images of ``side`` x ``side`` x 3."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32)

    zeros = np.zeros(8, np.float32)
    whole, half, quarter = ((side // n, side // n, 8) for n in (1, 2, 4))
    conv = Conv2D(draw(3, 3, 3, 8), zeros, padding="same", activation="relu")
    groups = Conv2D(draw(3, 3, 4, 8), zeros, padding="same", groups=2)
    deep = DepthwiseConv2D(draw(3, 3, 8, 1), zeros, padding="same")
    flat = quarter[0] * quarter[1] * 8
    nodes = (
        Node("image", Input(), (), (side, side, 3)),
        Node("conv", conv, ("image",), whole),
        Node("groups", groups, ("conv",), whole),
        Node("sum", Add(), ("conv", "groups"), whole),
        Node("pool", MaxPooling2D((2, 2), (2, 2)), ("sum",), half),
        Node("deep", deep, ("pool",), half),
        Node("mean", AveragePooling2D((2, 2), (2, 2)), ("deep",), quarter),
        Node("flat", Reshape(), ("mean",), (flat,)),
        Node("logits", Dense(draw(flat, 4), zeros[:4]), ("flat",), (4,)),
    )
    return Graph("parts", nodes, ("logits",))


def images(count: int, side: int, seed: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).random((count, side, side, 3), np.float32)


def test_small_parts_of_a_float_network_are_the_whole_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, x = network(12), images(5, 12)
    whole = floating.run_all(graph, x)
    for elements in (1, 1000, 20_000):
        monkeypatch.setattr(floating, "_PART_ELEMENTS", elements)
        parts = floating.run_all(graph, x)
        assert list(parts) == list(whole)
        for name in whole:
            # matrix products of another height may add in another order
            np.testing.assert_allclose(parts[name], whole[name], rtol=1e-4, atol=1e-5, err_msg=name)
    monkeypatch.setattr(floating, "BATCH_ELEMENTS", 1)
    assert floating.batch_size(graph) == 1
    np.testing.assert_allclose(floating.run(graph, x)[0], whole["logits"], rtol=1e-4, atol=1e-5)


def processors(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have so many."""
    parallel._pool.cache_clear()
    for module in (parallel, convolution, ops):
        monkeypatch.setattr(module, "processors", lambda: count)


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Equal to the last bit, arrays and dataclasses alike."""
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for index, (first, second) in enumerate(zip(one, other, strict=True)):
            assert_same(first, second, f"{where}[{index}]")
    else:
        np.testing.assert_array_equal(one, other, err_msg=where)


@pytest.mark.parametrize("count", [1, 3])
def test_nothing_depends_on_the_processors(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, x = network(16), images(600, 16)

    def work() -> tuple[Any, ...]:
        calibration = calibrated(graph, x)
        integer = quantize(calibration, "affine")
        seen = tuple(calibration.observations[name] for name in sorted(calibration.observations))
        return seen, record.measure(integer, x[:250], calibration.graph), floating.run(graph, x)

    expected = work()
    processors(count, monkeypatch)
    try:
        assert_same(work(), expected)
    finally:
        parallel._pool.cache_clear()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell")
def test_only_processors_that_the_process_may_use_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5})
    assert parallel.processors() == 2


def test_codes_of_every_tensor_are_those_of_the_model() -> None:
    graph, x = network(16), images(20, 16)
    integer = quantize(calibrated(graph, x), "fixed")
    codes = integer.inputs[0].format.quantize(x)
    few = dict(prepared(integer).each(codes))
    everything = run_all(integer, codes)
    assert list(few) == list(everything)
    for name, part in few.items():
        assert part.dtype == np.int8
        np.testing.assert_array_equal(part, everything[name])


def test_a_record_is_that_of_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, x = network(16), images(30, 16)
    integer = quantize(calibrated(graph, x), "fixed")
    one = record.measure(integer, x, graph)
    monkeypatch.setattr(record, "_BATCH_ELEMENTS", 1)
    many = record.measure(integer, x, graph)
    for first, second in zip(one, many, strict=True):
        if first.alone is None or second.alone is None or first.network is None or second.network is None:
            assert first.alone is second.alone
            continue
        assert second.seen.count == first.seen.count
        assert second.alone.error.count == first.alone.error.count == second.network.count
        assert second.network.noise == pytest.approx(first.network.noise, rel=1e-3)


def two_inputs() -> Graph:
    """A network whose floats do not depend on how many samples go together; its second input comes late."""
    return Graph(
        "two",
        (
            Node("left", Input(), (), (8, 6, 3)),
            Node("pool", MaxPooling2D((2, 2), (2, 2)), ("left",), (4, 3, 3)),
            Node("right", Input(), (), (4, 3, 3)),
            Node("sum", Add("relu"), ("pool", "right"), (4, 3, 3)),
            Node("flat", Reshape(), ("sum",), (36,)),
        ),
        ("flat", "pool"),
    )


@pytest.mark.parametrize("elements", [1, 3000])
def test_parts_of_several_inputs_are_the_whole_of_them(
    elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, count = two_inputs(), 113
    x = {"right": 3 * numbers(7, count, 4, 3, 3), "left": numbers(8, count, 8, 6, 3)}
    whole = floating.run_all(graph, x)
    monkeypatch.setattr(floating, "BATCH_ELEMENTS", elements)
    monkeypatch.setattr(record, "_BATCH_ELEMENTS", elements)
    assert floating.batch_size(graph) < count // 3
    assert_same(floating.run(graph, x), (whole["flat"], whole["pool"]))
    calibration = calibrated(graph, x)
    observed = calibrate.observe(graph, x)
    for name, values in whole.items():
        expected = calibrate.Observation()
        expected.add(values)
        assert_same(observed[name], expected, name)
    integer = quantize(calibration, "fixed")
    codes = {node.name: node.format.quantize(x[node.name]) for node in integer.inputs}
    everything = run_all(integer, codes)
    few = dict(prepared(integer).each(codes))
    assert set(few) == set(everything)
    for name, part in few.items():
        np.testing.assert_array_equal(part, everything[name], err_msg=name)
    found = record.measure(integer, x, calibration.graph)
    assert [one.name for one in found] == [node.name for node in integer]
    for one in found:
        values, format = whole[one.name], integer[one.name].format
        assert_same(one.seen, observed[one.name], one.name)
        assert one.alone is not None and one.network is not None
        alone, network = convert(values, format), compare(values, format.dequantize(everything[one.name]))
        assert (one.alone.overflow, one.alone.underflow) == (alone.overflow, alone.underflow), one.name
        assert (one.alone.inexact, one.network.count) == (alone.inexact, network.count), one.name
        # sums of parts are rounded otherwise than that of all
        assert one.network.noise == pytest.approx(network.noise, rel=1e-9), one.name


def peak(work: Callable[[], object]) -> int:
    """Bytes that ``work`` needs at the most beyond what there was."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_that_of_a_few_large_images(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = network(160)
    tensor = 160 * 160 * 8 * 4  # bytes of the largest
    x = images(24, 160)
    calibration = calibrated(graph, x[:2])
    integer = quantize(calibration, "fixed")
    processors(2, monkeypatch)
    try:
        assert peak(lambda: floating.run(graph, x)) < 12 * tensor
        assert peak(lambda: calibrated(graph, x)) < 14 * tensor
        # two processors, each with float64 squares and differences of one tensor, and codes of all of them
        assert peak(lambda: record.measure(integer, x, calibration.graph)) < 40 * tensor
    finally:
        parallel._pool.cache_clear()


def test_weights_are_kept_in_bytes(tmp_path: Path) -> None:
    graph, x = network(16), images(4, 16)
    integer = quantize(calibrated(graph, x), "fixed")
    storage.save(integer, tmp_path / "model.npz")
    again = storage.load(tmp_path / "model.npz")
    assert again["conv"].op.kernel.dtype == np.int64  # type: ignore[attr-defined]
    assert_same(again["conv"].op.kernel, integer["conv"].op.kernel)  # type: ignore[attr-defined]
    with np.load(tmp_path / "model.npz") as file:
        assert max(file[name].itemsize for name in file.files if name.startswith("array")) < 8
