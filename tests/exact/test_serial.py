# SPDX-License-Identifier: Apache-2.0
"""Requantizers that take several steps for a result give what those that take one give."""

from __future__ import annotations

import dataclasses
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exact.test_requantizer import KINDS, Problem, dense_node, planned, problems
from kerilog.exact import multiplier
from kerilog.exact.intervals import Interval
from kerilog.exact.multiplier import Steps
from kerilog.formats import Affine
from kerilog.hardware.modules.requantize import AffineRequantizer, SerialRequantizer
from support.networks import multiplier_of

MOST_CYCLES = 64


def signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - ((value >> (bits - 1)) << bits) if bits else 0


def hardware(found: SerialRequantizer, channel: int, acc: int) -> int:
    """What ``krl_requantize_serial`` makes of ``acc``, register by register."""
    side_bits = found.digit_bits + found.high_bits
    lane_bits = found.digit_bits + found.sides * side_bits
    words = found.rom.words[channel // found.lanes * found.steps :][: found.steps]
    lanes = [word >> (channel % found.lanes * lane_bits) & ((1 << lane_bits) - 1) for word in words]
    mask = (1 << found.digit_bits) - 1
    partial, below = 0, 0
    carries, highs = [0] * found.sides, [0] * found.sides
    for step, lane in enumerate(lanes):
        digit = lane & mask
        if not found.dsp:  # Booth: the top bit counts less than nothing, and one more in the next digit
            digit, below = signed(digit, found.digit_bits) + below, digit >> (found.digit_bits - 1)
        total = partial + acc * digit
        assert total == signed(total, found.acc_bits + found.digit_bits)
        for side in range(found.sides):
            at = lane >> (found.digit_bits + side * side_bits)
            carries[side] = ((total & mask) + (at & mask) + carries[side]) >> found.digit_bits
            highs[side] |= (at >> found.digit_bits & ((1 << found.high_bits) - 1)) << (step * found.high_bits)
        partial = total >> found.digit_bits
        assert partial == signed(partial, found.acc_bits)
    results = [
        signed(partial + signed(high, found.steps * found.high_bits) + carry, found.sum_bits) >> found.shift
        for high, carry in zip(highs, carries, strict=True)
    ]
    chosen = results[0] if results[0] < 0 else results[-1]
    return min(max(chosen + found.zero_point, found.clamp_min), found.clamp_max)


def assert_every_form_is_the_reference(problem: Problem, seed: int) -> list[SerialRequantizer]:
    """At the ends of each channel and on both sides of its steps; returns the forms."""
    node = dense_node(problem.factor, problem.bias, Affine(8, 0.1, 0), (problem.lowest, problem.highest))
    pipelined = planned(node, problem.reach, problem.bias)
    assert isinstance(pipelined, AffineRequantizer)
    forms = pipelined.forms(pipelined, MOST_CYCLES)
    steps = Steps.of(problem.factor, problem.bias, problem.reach, problem.lowest, problem.highest)
    rng = np.random.default_rng(seed)
    for channel in range(problem.bias.size):
        low, high = int(problem.reach.low[channel]), int(problem.reach.high[channel])
        edges = rng.choice(steps.at[:, channel], 8) if steps.at.size else np.array([0])
        for drawn in {low, high, *(int(edge) - back for edge in edges for back in (0, 1))}:
            acc = min(max(drawn, low), high)
            expected = problem.reference(np.full(problem.bias.shape, acc))[channel]
            for form in forms:
                assert 2 <= form.steps <= MOST_CYCLES
                assert hardware(form, channel, acc) == expected, (form, channel, acc)
    return forms


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1 << 32))
def test_every_form_is_the_reference(kind: str, data: st.DataObject, seed: int) -> None:
    problem = data.draw(problems(kind, data.draw(st.sampled_from([100, 1 << 12, 1 << 20]))))
    narrow = dataclasses.replace(problem, lowest=max(problem.lowest, -128), highest=min(problem.highest, 127))
    if narrow.lowest <= narrow.highest:
        assert_every_form_is_the_reference(narrow, seed)


def test_two_roundings_have_two_offsets() -> None:
    """gemmlowp's own form, which has no smaller one: by adders and by a DSP."""
    factor, bias = multiplier_of([0.001, 0.00037, 0.0021], "double"), np.array([-70, 3000, 0])
    reach = Interval(np.full(3, -200_000), np.full(3, 150_000))
    with mock.patch.object(multiplier, "_shifts", lambda steps, slope: []):
        forms = assert_every_form_is_the_reference(Problem(factor, bias, reach, -128, 127), 1)
    assert {form.sides for form in forms} == {2}
    assert {form.dsp for form in forms} == {0, 1}
    assert {form.digit_bits for form in forms if not form.dsp} == {2, 4, 6}


def test_a_form_takes_no_more_cycles_than_there_are() -> None:
    """As many as the multiplier has digits at least."""
    factor = multiplier_of([0.001, 0.00037, 0.0021], "single")
    node = dense_node(factor, np.array([-70, 3000, 0]), Affine(8, 0.1, 5), (-128, 127))
    found = planned(node, Interval(np.full(3, -200_000), np.full(3, 150_000)), np.array([-70, 3000, 0]))
    assert isinstance(found, AffineRequantizer)
    assert found.forms(found, 1) == []
    counts = [len(found.forms(found, cycles)) for cycles in (2, 6, 64)]
    assert counts == sorted(counts) and counts[0] < counts[-1]
    assert all(form.pipelined is found and form.period == found.period for form in found.forms(found, 64))
