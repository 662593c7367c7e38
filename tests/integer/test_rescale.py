# SPDX-License-Identifier: Apache-2.0
"""The rescale functions against Python integers and fractions, and against the machine's binary64."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerilog.integer.rescale import (
    binary64,
    binary64_exact,
    double_rounding,
    rescale,
    shift_right,
    single_rounding,
)
from kerilog.qgraph import DoubleMultiplier, Multiplier, Shift

LIMIT = (1 << 31) - 1
accumulators = st.one_of(
    st.integers(-LIMIT, LIMIT), st.integers(-(1 << 20), 1 << 20), st.sampled_from([-LIMIT, LIMIT])
)
multipliers = st.one_of(st.integers(1 << 30, LIMIT), st.sampled_from([0, 1 << 30, LIMIT, 3 << 29]))
significands = st.one_of(
    st.integers(1 << 52, (1 << 53) - 1), st.sampled_from([1 << 52, (1 << 53) - 1, 3 << 51, (1 << 52) + 1])
)


def half_away(value: Fraction) -> int:
    """The nearest integer, ties away from zero."""
    nearest = math.floor(abs(value) + Fraction(1, 2))
    return nearest if value >= 0 else -nearest


def toward_zero(value: Fraction) -> int:
    return math.floor(value) if value >= 0 else math.ceil(value)


def array(value: int) -> np.ndarray:
    return np.array([value], np.int64)


def gemmlowp(x: int, multiplier: int, shift: int) -> int:
    """The double rounding as gemmlowp writes it: nudge, truncate, then divide."""
    product = (x << max(shift, 0)) * multiplier
    nudge = (1 << 30) if product >= 0 else 1 - (1 << 30)
    return half_away(Fraction(toward_zero(Fraction(product + nudge, 1 << 31)), 1 << max(-shift, 0)))


@given(accumulators, multipliers, st.integers(-31, 0))
def test_double_rounding_is_gemmlowps(x: int, multiplier: int, shift: int) -> None:
    assert double_rounding(array(x), array(multiplier), array(shift)) == gemmlowp(x, multiplier, shift)


@given(st.integers(-(1 << 20), 1 << 20), multipliers, st.integers(0, 11))
def test_double_rounding_shifts_left_first(x: int, multiplier: int, shift: int) -> None:
    assert double_rounding(array(x), array(multiplier), array(shift)) == gemmlowp(x, multiplier, shift)


@given(st.lists(accumulators, min_size=1), st.lists(st.tuples(multipliers, st.integers(-31, 0)), min_size=1))
def test_double_rounding_takes_a_factor_per_channel(xs: list[int], factors: list[tuple[int, int]]) -> None:
    x = np.array(xs, np.int32)[:, np.newaxis].repeat(len(factors), axis=1)
    result = double_rounding(x, np.array([m for m, _ in factors]), np.array([s for _, s in factors]))
    assert result.tolist() == [[gemmlowp(value, m, s) for m, s in factors] for value in xs]


@given(accumulators, st.one_of(multipliers, st.integers(0, LIMIT)), st.integers(-31, 31))
def test_single_rounding_sends_ties_up(x: int, multiplier: int, shift: int) -> None:
    expected = math.floor(Fraction(x * multiplier) * Fraction(2) ** (shift - 31) + Fraction(1, 2))
    assert single_rounding(array(x), array(multiplier), array(shift)) == expected


@given(accumulators, st.integers(0, 70))
def test_shift_right_is_half_away(x: int, shift: int) -> None:
    assert shift_right(array(x), array(shift)) == half_away(Fraction(x, 1 << shift))


@given(st.lists(accumulators, min_size=1), st.lists(st.integers(-20, 40), min_size=1))
def test_shift_right_takes_a_shift_per_channel(xs: list[int], shifts: list[int]) -> None:
    x = np.array(xs)[:, np.newaxis].repeat(len(shifts), axis=1)
    expected = [[half_away(Fraction(value) / Fraction(2) ** shift) for shift in shifts] for value in xs]
    assert shift_right(x, np.array(shifts)).tolist() == expected


def nearest_double(value: int) -> Fraction:
    """``value`` rounded to 53 bits, ties to even."""
    excess = max(value.bit_length() - 53, 0)
    return Fraction(round(Fraction(value, 1 << excess)) << excess)


@given(accumulators, significands, st.integers(-110, -52))
def test_binary64_in_integers_is_exact(x: int, significand: int, exponent: int) -> None:
    product = nearest_double(abs(x) * significand) * Fraction(2) ** exponent
    expected = half_away(product) if x >= 0 else -half_away(product)
    assert binary64_exact(array(x), array(significand), array(exponent)) == expected


@given(accumulators, significands, st.integers(-110, -52))
def test_binary64_on_the_machine_is_the_one_in_integers(x: int, significand: int, exponent: int) -> None:
    factor = array(significand), array(exponent)
    assert binary64(array(x), *factor) == binary64_exact(array(x), *factor)


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2])
def test_binary64_next_to_every_tie(offset: int) -> None:
    """Factors whose product with x lies at, or one unit in the last place beside, k + 1/2."""
    ties = np.arange(0, 2000) + 0.5
    for x in (1, 3, 127, 16129, (1 << 24) - 1, LIMIT):
        fraction, exponent = np.frexp(ties / x)
        significand = np.clip(np.ldexp(fraction, 53).astype(np.int64) + offset, 1 << 52, (1 << 53) - 1)
        factor = significand, exponent.astype(np.int64) - 53
        for sign in (1, -1):
            codes = np.full(len(ties), sign * x)
            np.testing.assert_array_equal(binary64(codes, *factor), binary64_exact(codes, *factor))


def test_the_number_below_one_half_rounds_to_zero() -> None:
    below = array((1 << 53) - 1), array(-54)
    assert binary64(array(1), *below) == binary64_exact(array(1), *below) == 0
    half = array(1 << 52), array(-53)
    assert binary64(array(-1), *half) == binary64_exact(array(-1), *half) == -1


def test_rescale_takes_each_factor() -> None:
    x = np.array([[-3, 5]], np.int32)
    half = np.array([1 << 30, 1 << 30]), np.array([0, 0])
    assert rescale(Multiplier(*half, "double"), x).tolist() == [[-1, 3]]
    assert rescale(Multiplier(*half, "single"), x).tolist() == [[-1, 3]]
    assert rescale(DoubleMultiplier(array(1 << 52), array(-53)), x).tolist() == [[-2, 3]]
    assert rescale(Shift(array(1)), x).tolist() == [[-2, 3]]
    assert rescale(Shift(array(-1)), x).tolist() == [[-6, 10]]
