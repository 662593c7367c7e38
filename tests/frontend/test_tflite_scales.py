# SPDX-License-Identifier: Apache-2.0
"""The integer factors of real scales, against fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerilog.scales import (
    double_multiplier,
    mean_factor,
    multiplier,
    requantize_factor,
    sum_factors,
)

positive = st.floats(2.0**-30, 2.0**10)


@given(positive)
def test_multiplier_is_the_nearest_of_31_bits(factor: float) -> None:
    made = multiplier(factor, "double")
    mantissa, shift = int(made.multiplier[0]), int(made.shift[0])
    assert 1 << 30 <= mantissa < 1 << 31
    step = Fraction(2) ** (shift - 31)
    assert abs(Fraction(factor) - mantissa * step) <= step / 2


def test_multiplier_carries_into_the_shift_and_ends_at_zero() -> None:
    below_two = multiplier(np.nextafter(2.0, 0), "single")
    assert (below_two.multiplier.tolist(), below_two.shift.tolist()) == ([1 << 30], [2])
    tiny = multiplier([2.0**-32, 2.0**-33], "double")
    assert (tiny.multiplier.tolist(), tiny.shift.tolist()) == ([1 << 30, 0], [-31, 0])


@given(positive)
def test_double_multiplier_is_the_number_itself(factor: float) -> None:
    made = double_multiplier(np.array([factor]))
    significand, exponent = int(made.significand[0]), int(made.exponent[0])
    assert 1 << 52 <= significand < 1 << 53
    assert significand * Fraction(2) ** exponent == Fraction(factor)


@given(st.floats(0.25, 4.0, width=32), st.integers(1, 5000))
def test_mean_factor_divides_the_multiplier_and_truncates(ratio: float, cells: int) -> None:
    whole = multiplier(ratio, "double")
    made = mean_factor(np.float32(ratio), np.float32(1), cells, "reference")
    up = int(math.log2(cells))
    assert made.multiplier.tolist() == [math.floor(Fraction(int(whole.multiplier[0]) << up, cells))]
    assert made.shift.tolist() == [int(whole.shift[0]) - up]


@pytest.mark.parametrize(("ratio", "factor"), [(1.0, 256), (0.5, 128), (2.5, 640), (1 / 3, 85)])
def test_a_short_requantization_keeps_eight_fractional_bits(ratio: float, factor: int) -> None:
    made = requantize_factor(np.float32(ratio), np.float32(1), "single")
    assert (made.multiplier.tolist(), made.shift.tolist(), made.rounding) == ([factor], [23], "single")


@given(positive, positive)
def test_a_short_sum_has_factors_of_21_bits(left: float, right: float) -> None:
    first, second, total, headroom = sum_factors(np.float32(left), np.float32(right), np.float32(1), "single")
    larger = max(int(first.multiplier[0]), int(second.multiplier[0]))
    assert 1 << 20 <= larger <= 1 << 21
    assert (first.shift.tolist(), second.shift.tolist(), headroom) == ([31], [31], 0)
    step = Fraction(2) ** (int(total.shift[0]) - 31)
    assert total.multiplier.tolist() == [1]
    assert abs(larger * step - Fraction(float(np.float32(max(left, right))))) <= step / 2
