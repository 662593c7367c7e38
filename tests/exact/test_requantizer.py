# SPDX-License-Identifier: Apache-2.0
"""The hardware's multiply, add and shift against the reference rescaling: equal on every accumulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.errors import KerilogError, Unsupported
from kerilog.exact import multiplier
from kerilog.exact.intervals import Interval, signed_bits
from kerilog.exact.multiplier import ExactMultiplier, Steps, _proven, exact_multiplier, gemmlowp
from kerilog.formats import Affine, Fixed, IntArray
from kerilog.hardware import requantizer
from kerilog.hardware.modules.requantize import AffineRequantizer, FixedRequantizer, Requantizer
from kerilog.integer.rescale import rescale
from kerilog.qgraph import Multiplier, QDense, QNode, Rescale, Shift
from support.networks import double_multiplier_of, multiplier_of

KINDS = ("double", "single", "binary64")
CHANNELS = 3


@dataclasses.dataclass(frozen=True)
class Problem:
    """A rescaling, and the accumulators on which the hardware must equal it."""

    factor: Rescale
    bias: IntArray
    reach: Interval
    lowest: int
    highest: int

    @property
    def form(self) -> ExactMultiplier:
        return exact_multiplier(self.factor, self.bias, self.reach, self.lowest, self.highest, "layer")

    def reference(self, acc: IntArray) -> IntArray:
        return np.clip(rescale(self.factor, acc + self.bias), self.lowest, self.highest)


def factor_of(kind: str, factors: list[float]) -> Rescale:
    return double_multiplier_of(factors) if kind == "binary64" else multiplier_of(factors, kind)


@st.composite
def problems(draw: st.DrawFn, kind: str, largest: int) -> Problem:
    """``largest``: how far a sum may lie from 0."""
    factors = draw(
        st.lists(
            st.one_of(st.floats(1e-5, 2.0), st.sampled_from([0.5, 1.0, 0.25, 2.0**-7, 1 / 3, 0.1])),
            min_size=CHANNELS,
            max_size=CHANNELS,
        )
    )
    whole = st.integers(-largest, largest)
    ends = [sorted((draw(whole), draw(whole))) for _ in range(CHANNELS)]
    bias = np.array([draw(st.integers(-largest // 2, largest // 2)) for _ in range(CHANNELS)])
    low, high = np.array([end[0] for end in ends]), np.array([end[1] for end in ends])
    bits, zero = draw(st.sampled_from([(8, None), (4, 0), (2, 0)])), None
    zero = draw(st.integers(-128, 127)) if bits[1] is None else bits[1]
    clamp = sorted(draw(st.integers(-(1 << (bits[0] - 1)), (1 << (bits[0] - 1)) - 1)) for _ in range(2))
    return Problem(factor_of(kind, factors), bias, Interval(low, high), clamp[0] - zero, clamp[1] - zero)


def clipped(form: ExactMultiplier, problem: Problem, acc: IntArray) -> IntArray:
    return np.clip(form.apply(acc), problem.lowest, problem.highest).astype(np.int64)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_equals_the_reference_on_every_accumulator(kind: str, data: st.DataObject) -> None:
    problem = data.draw(problems(kind, 3000))
    low, high = problem.reach.low, problem.reach.high
    span = np.arange(int((high - low).max()) + 1)[:, None]
    acc = np.minimum(low + span, high)
    np.testing.assert_array_equal(clipped(problem.form, problem, acc), problem.reference(acc))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1 << 32))
def test_equals_the_reference_around_every_threshold(kind: str, data: st.DataObject, seed: int) -> None:
    problem = data.draw(problems(kind, 1 << 29))
    low, high = problem.reach.low, problem.reach.high
    at = Steps.of(problem.factor, problem.bias, problem.reach, problem.lowest, problem.highest).at
    around = [at + distance for distance in range(-2, 3)]
    anywhere = np.random.default_rng(seed).integers(low, high + 1, (3000, CHANNELS))
    acc = np.clip(np.concatenate([*around, anywhere, low[None], high[None]]), low, high)
    np.testing.assert_array_equal(clipped(problem.form, problem, acc), problem.reference(acc))


@settings(max_examples=100, deadline=None)
@given(
    multiplier=st.integers(1 << 30, (1 << 31) - 1),
    shift=st.integers(-31, 0),
    bias=st.integers(-(1 << 30), 1 << 30),
    seed=st.integers(0, 1 << 32),
)
def test_gemmlowp_is_exact_for_all_32_bits(multiplier: int, shift: int, bias: int, seed: int) -> None:
    factor = Multiplier(np.array([multiplier]), np.array([shift]), "double")
    offset = np.array([bias])
    ends = np.array([-(1 << 31), (1 << 31) - 1, 0, 1, -1, (1 << 30), -(1 << 30)])
    halves = [(2 * k + 1 << max(-shift - 1, 0)) + d for k in range(-8, 8) for d in (-1, 0, 1)]
    drawn = np.random.default_rng(seed).integers(-(1 << 31), 1 << 31, 2000)
    biased = np.concatenate([ends, np.clip(halves, -(1 << 31), (1 << 31) - 1), drawn])
    acc = (biased - offset)[:, None]
    found = gemmlowp(factor, offset).apply(acc)
    np.testing.assert_array_equal(found.astype(np.int64), rescale(factor, acc + offset))


def test_gemmlowp_shares_the_longest_shift() -> None:
    factor = multiplier_of([0.9, 0.011, 0.3])
    bias = np.array([5, -7, 1000])
    acc = np.random.default_rng(0).integers(-(1 << 30), 1 << 30, (5000, 3))
    found = gemmlowp(factor, bias).apply(acc)
    np.testing.assert_array_equal(found.astype(np.int64), rescale(factor, acc + bias))


WIDE = Problem(
    multiplier_of([0.004, 0.0061, 0.0087]),
    np.array([100, -300, 7]),
    Interval(np.full(3, -20_000), np.full(3, 19_000)),
    -128,
    127,
)


def damaged(form: ExactMultiplier) -> Iterator[ExactMultiplier]:
    """``form`` with one constant off by one, or by a little more."""
    yield dataclasses.replace(form, shift=form.shift + 1)
    for one in np.eye(CHANNELS, dtype=np.int64):
        for step in (1, -1, 4, -4):
            yield dataclasses.replace(form, multiplier=form.multiplier + step * one)
            for size in (0, 4, form.shift - 8):
                more = one.astype(object) * step * (1 << max(size, 0))
                yield dataclasses.replace(form, offset=form.offset + more)


def computed(form: ExactMultiplier, acc: IntArray) -> IntArray:
    """``form.apply``, from the equation in the header of ``krl_requantize_affine``, for small sums."""
    total = acc * form.multiplier + form.offset.astype(np.int64)
    if np.any(form.negative_correction):
        correction = form.negative_correction
        total += (1 << (form.shift - 1)) + np.where(total >= 0, correction, -correction)
    return total >> form.shift


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_is_refused_just_when_it_is_wrong(kind: str) -> None:
    problem = dataclasses.replace(WIDE, factor=factor_of(kind, [0.004, 0.0061, 0.0087]))
    steps = Steps.of(problem.factor, problem.bias, problem.reach, problem.lowest, problem.highest)
    assert _proven(problem.form, steps, "layer") is not None
    acc = np.arange(-20_000, 19_001)[:, None]
    right = problem.reference(acc)
    wrong = 0
    for form in damaged(problem.form):
        if np.array_equal(np.clip(computed(form, acc), problem.lowest, problem.highest), right):
            assert _proven(form, steps, "layer") is form
            continue
        wrong += 1
        with pytest.raises(KerilogError, match="layer 'layer': found no integer multiplier"):
            _proven(form, steps, "layer")
    assert wrong > 12


def test_steps_are_the_reference() -> None:
    steps = Steps.of(WIDE.factor, WIDE.bias, WIDE.reach, WIDE.lowest, WIDE.highest)
    assert np.all(WIDE.reference(steps.at)[steps.can_be_reached] >= np.broadcast_to(
        steps.k[:, None], steps.at.shape)[steps.can_be_reached])  # fmt: skip
    assert np.all((WIDE.reference(steps.at - 1) < steps.k[:, None]) | ~steps.can_be_missed)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_steps_do_not_depend_on_where_the_search_begins(kind: str, data: st.DataObject) -> None:
    problem = data.draw(problems(kind, 1 << data.draw(st.integers(2, 29))))
    arguments = problem.factor, problem.bias, problem.reach, problem.lowest, problem.highest
    expected = Steps.of(*arguments).at
    low, high = problem.reach.low - 1, problem.reach.high + 1
    shape = (expected.shape[0], CHANNELS)
    places = {
        "the whole interval": (low, high),
        "its lower end": (low, np.minimum(low + 1, high)),
        "its upper end": (np.maximum(high - 1, low), high),
    }
    for what, (below, above) in places.items():
        around = np.broadcast_to(below, shape).copy(), np.broadcast_to(above, shape).copy()
        with mock.patch.object(multiplier, "_around", return_value=around):
            np.testing.assert_array_equal(Steps.of(*arguments).at, expected, what)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_smallest_shift_is_found(kind: str, data: st.DataObject) -> None:
    """The same when no shift is ruled out beforehand."""
    problem = data.draw(problems(kind, 1 << data.draw(st.integers(2, 29))))
    found = problem.form
    everything = range(1, multiplier.LARGEST_SHIFT + 1)
    with mock.patch.object(multiplier, "_shifts", return_value=everything):
        again = exact_multiplier.__wrapped__(  # type: ignore[attr-defined]
            problem.factor, problem.bias, problem.reach, problem.lowest, problem.highest, "layer"
        )
    assert again.shift == found.shift
    for field in ("multiplier", "offset", "negative_correction"):
        np.testing.assert_array_equal(getattr(again, field), getattr(found, field))


def test_a_factor_of_zero() -> None:
    factor = Multiplier(np.array([0, 1 << 30]), np.array([0, -3]), "double")
    reach = Interval(np.array([-5000, -5000]), np.array([5000, 5000]))
    bias = np.array([7, -7])
    acc = np.arange(-5000, 5001)[:, None] + np.zeros(2, np.int64)
    found = exact_multiplier(factor, bias, reach, -128, 127, "layer").apply(acc)
    np.testing.assert_array_equal(np.clip(found, -128, 127), np.clip(rescale(factor, acc + bias), -128, 127))


# ---- widths ----


def dense_node(rescale_by: Rescale, bias: IntArray, format: Affine | Fixed, clamp: tuple[int, int]) -> QNode:
    bias_format = Fixed(8, 0) if isinstance(format, Fixed) else Affine(32, 1.0)
    kernel = np.ones((1, bias.size), np.int64)
    op = QDense(kernel, bias, format, bias_format, rescale_by, clamp)
    return QNode("dense", op, ("input",), (bias.size,), format)


def planned(node: QNode, reach: Interval, bias: IntArray) -> Requantizer:
    assert isinstance(node.op, QDense)
    return requantizer.requantizer_of((node.name, node.format), node.op, bias.size, reach, bias, "rom/x.mem")


def fits(values: Any, bits: int) -> bool:
    flat = np.asarray(values, object).reshape(-1)
    return bool(flat.min() >= -(1 << (bits - 1)) and flat.max() < 1 << (bits - 1))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_affine_widths_hold_the_extremes(kind: str, data: st.DataObject) -> None:
    problem = data.draw(problems(kind, data.draw(st.sampled_from([100, 1 << 16, 1 << 26]))))
    zero = data.draw(st.integers(-20, 20))
    clamp = max(problem.lowest + zero, -128), min(problem.highest + zero, 127)
    if clamp[0] > clamp[1]:
        return
    node = dense_node(problem.factor, problem.bias, Affine(8, 0.1, zero), clamp)
    found = planned(node, problem.reach, problem.bias)
    assert isinstance(found, AffineRequantizer)
    assert_affine_widths(found, found.rom.words[0], problem.reach)


def assert_affine_widths(found: AffineRequantizer, word: int, reach: Interval) -> None:
    """Read the constants back from the ROM, and follow both ends of every channel through the registers."""
    corrected = found.negative_correction_bits
    lane_bits = found.multiplier_bits + found.offset_bits + corrected
    assert found.total_bits >= max(found.offset_bits, corrected + 1, found.shift + 1, found.bits + 2)
    assert found.acc_bits == reach.bits
    for channel in range(found.lanes):
        lane = word >> (lane_bits * channel)
        multiplier = lane & ((1 << found.multiplier_bits) - 1)
        offset = (lane >> found.multiplier_bits) & ((1 << found.offset_bits) - 1)
        offset -= (offset >> (found.offset_bits - 1)) << found.offset_bits
        correction = (lane >> (found.multiplier_bits + found.offset_bits)) & ((1 << corrected) - 1)
        half = 1 << (found.shift - 1) if corrected else 0
        for end in (int(reach.low[channel]), int(reach.high[channel])):
            assert fits(end, found.acc_bits)
            total = end * multiplier + offset
            corrected_total = total + half + (correction if total >= 0 else -correction)
            assert fits([end * multiplier, total, corrected_total], found.total_bits)


@settings(max_examples=60, deadline=None)
@given(
    bias=st.lists(st.integers(-(1 << 20), 1 << 20), min_size=3, max_size=3),
    places=st.integers(0, 8),
    ends=st.tuples(st.integers(-(1 << 24), 1 << 24), st.integers(-(1 << 24), 1 << 24)),
    shift=st.integers(-3, 20),
)
def test_fixed_widths_hold_the_extremes(
    bias: list[int], places: int, ends: tuple[int, int], shift: int
) -> None:
    biases = np.array(bias) << places
    reach = Interval(np.full(3, min(ends)), np.full(3, max(ends)))
    node = dense_node(Shift(np.array([shift])), biases, Fixed(8, 4), (-128, 127))
    found = planned(node, reach, biases)
    assert isinstance(found, FixedRequantizer)
    mask = (1 << found.bias_bits) - 1
    codes = [(found.rom.words[0] >> (found.bias_bits * lane)) & mask for lane in range(3)]
    stored = [code - ((code >> (found.bias_bits - 1)) << found.bias_bits) for code in codes]
    assert [code << found.bias_shift for code in stored] == biases.tolist()
    for bias_value in biases.tolist():
        assert fits([min(ends) + bias_value, max(ends) + bias_value], found.biased_bits)


def test_a_binary_point_a_channel_is_refused() -> None:
    bias = np.zeros(2, np.int64)
    node = dense_node(Shift(np.array([3, 4])), bias, Fixed(8, 4), (-128, 127))
    with pytest.raises(Unsupported, match="layer 'dense': hardware supports one binary point"):
        planned(node, Interval(bias - 5, bias + 5), bias)


def test_a_layer_without_an_exact_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerilog.exact.multiplier.LARGEST_SHIFT", 3)
    problem = dataclasses.replace(WIDE, factor=double_multiplier_of([0.0004, 0.00061, 0.00087]))
    with pytest.raises(KerilogError, match="layer 'layer': found no integer multiplier that equals"):
        _ = problem.form


def test_signed_bits() -> None:
    assert [signed_bits(*ends) for ends in [(0, 0), (-2, 1), (-3, 0), (0, 2), (-128, 127), (-129, 0)]] == [
        2, 2, 3, 3, 8, 9,
    ]  # fmt: skip
