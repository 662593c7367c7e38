# SPDX-License-Identifier: Apache-2.0
"""What each choice of range covers, on distributions whose best range is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerilog.calibrate import Observation
from kerilog.formats import Fixed, Format
from kerilog.quantize.affine import affine_format
from kerilog.quantize.ranges import (
    FINEST,
    Values,
    affine_range,
    best_fixed,
    covering_frac,
    divergence,
    fixed_format,
    percentile_range,
    values_of,
)
from kerilog.quantize.settings import AFFINE_RANGES, FIXED_RANGES


def seen(values: np.ndarray) -> Observation:
    observation = Observation()
    observation.add(values.astype(np.float32))
    return observation


def error(values: np.ndarray, format: Format) -> float:
    """Mean squared error of ``values`` in ``format``."""
    return float(np.mean((format.dequantize(format.quantize(values)) - values) ** 2))


DRAW = np.random.default_rng(5)
NORMAL = DRAW.normal(size=200_000).astype(np.float32)
OUTLIERS = np.concatenate([NORMAL, np.array([40.0, -25.0], np.float32)])
RELU = np.maximum(NORMAL, 0)


def test_minmax_covers_everything() -> None:
    assert affine_range(seen(OUTLIERS), "minmax", 99.0, affine_format) == (-25.0, 40.0)


@pytest.mark.parametrize("choice", ["percentile", "mse", "entropy"])
def test_the_other_choices_drop_rare_outliers(choice: str) -> None:
    low, high = affine_range(seen(OUTLIERS), choice, 99.99, affine_format)
    # A mean squared error still feels two values in 200,000.
    assert -20 < low < -2.5 and 2.5 < high < 30
    assert choice == "mse" or (low > -6 and high < 6)
    assert error(NORMAL, affine_format(low, high)) < 0.6 * error(NORMAL, affine_format(-25, 40))


@pytest.mark.parametrize("choice", AFFINE_RANGES)
@pytest.mark.parametrize(
    "values", [RELU, -RELU, NORMAL + 100, np.zeros(9), np.full(9, 3.0), np.array([-0.0, 1e-30])]
)
def test_a_range_lies_in_what_was_seen_and_holds_zero(choice: str, values: np.ndarray) -> None:
    values = values.astype(np.float32)
    low, high = affine_range(seen(values), choice, 99.9, affine_format)
    assert min(values.min(), 0) <= low <= 0 <= high <= max(values.max(), 0)
    assert affine_format(low, high).scales > 0


@pytest.mark.parametrize("values", [NORMAL, OUTLIERS, RELU, 3 * RELU**2, NORMAL + 2])
def test_mse_is_close_to_the_best_of_all_ranges(values: np.ndarray) -> None:
    """On the values themselves, of which the choice only sees the histogram."""
    values = values[-20_000:]
    found = error(values, affine_format(*affine_range(seen(values), "mse", 99.9, affine_format)))
    low, high = min(values.min(), 0), max(values.max(), 0)
    shares = np.linspace(0.1, 1, 19)
    lows = low * shares if low < 0 else [0.0]
    best = min(error(values, affine_format(a, b)) for a in lows for b in high * shares)
    assert found < 1.1 * best


@pytest.mark.parametrize("percentile", [90.0, 99.0, 99.9, 100.0])
def test_percentile_is_that_of_the_values(percentile: float) -> None:
    low, high = percentile_range(seen(NORMAL), percentile)
    width = 2.0 ** seen(NORMAL).exponent
    assert high == pytest.approx(np.percentile(NORMAL, percentile), abs=width)
    assert low == pytest.approx(np.percentile(NORMAL, 100 - percentile), abs=width)


def test_divergence_is_zero_where_nothing_is_lost() -> None:
    values = Values(np.arange(-128, 128) / 16.0, np.arange(1.0, 257.0))
    assert divergence(values, Fixed(8, 4)) == pytest.approx(0, abs=1e-12)
    assert divergence(values, Fixed(8, 3)) > 1e-6
    assert divergence(values, Fixed(8, 6)) > 0.1
    assert divergence(Values(np.array([100.0]), np.array([1.0])), Fixed(8, 7)) == np.inf


def test_zeros_do_not_count() -> None:
    values = values_of(seen(np.concatenate([np.zeros(50), np.array([1.0, 1.5, 7.0])])))
    assert values.counts.sum() == pytest.approx(3)
    assert np.all(np.diff(values.values) >= 0) and values.values.max() <= 7


@given(st.integers(2, 16), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_covering_frac_is_the_largest_that_does_not_saturate(bits: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    frac = covering_frac(bits, (low, high))
    for extreme in (low, high):
        assert abs(error(np.array([extreme]), Fixed(bits, frac))) <= 0.2500001 * 4.0**-frac
    if frac < FINEST and max(abs(low), abs(high)) > 0:
        finer = Fixed(bits, frac + 1)
        assert max(error(np.array([x]), finer) for x in (low, high)) > 0.2499999 * 4.0 ** -(frac + 1)


@pytest.mark.parametrize(
    ("values", "frac"),
    [([0.3, 3.99], 5), ([4.0, -1], 4), ([0.001, -0.75], 7), ([0.0, 0.0], 7), ([100.0, 300], -2)],
)
def test_msb_covers_the_highest_place_seen(values: list[float], frac: int) -> None:
    assert fixed_format(seen(np.array(values)), 8, "msb", 99.0) == Fixed(8, frac)


def test_fixed_mse_saturates_a_rare_outlier_and_minmax_does_not() -> None:
    fracs = [
        fixed_format(seen(OUTLIERS), 6, choice, 99.9).frac
        for choice in ("minmax", "mse", "entropy", "percentile")
    ]
    assert fracs[0] == -1
    assert all(frac in (3, 4) for frac in fracs[1:])


@pytest.mark.parametrize("bits", range(2, 17))
@pytest.mark.parametrize("values", [NORMAL, RELU, 0.01 * NORMAL**3])
def test_fixed_mse_is_the_best_binary_point_at_every_width(bits: int, values: np.ndarray) -> None:
    """Though widths beyond the bins of the histogram see steps finer than those."""
    found = fixed_format(seen(values), bits, "mse", 99.9)
    errors = [error(values, Fixed(bits, found.frac + more)) for more in range(-3, 4)]  # type: ignore[operator]
    assert errors[3] < 1.05 * min(errors)
    assert best_fixed(values, bits).frac == found.frac - 3 + int(np.argmin(errors))  # type: ignore[operator]


def test_more_bits_are_never_worse() -> None:
    errors = [error(NORMAL, fixed_format(seen(NORMAL), bits, "mse", 99.9)) for bits in range(2, 17)]
    assert all(after < before for before, after in pairwise(errors))


def test_class_scores_far_below_zero_may_saturate() -> None:
    scores = np.concatenate([np.linspace(-20, 20, 1000), [-43.0, -40.0]])
    assert fixed_format(seen(scores), 8, "mse", 99.9).frac == 1
    assert fixed_format(seen(scores), 8, "mse", 99.9, scores=True).frac == 2
    # Not if they are many, nor ever those far above.
    assert fixed_format(seen(scores - 15), 8, "mse", 99.9, scores=True).frac == 1
    assert fixed_format(seen(-scores), 8, "mse", 99.9, scores=True).frac == 1


def test_every_choice_has_been_tried() -> None:
    assert set(AFFINE_RANGES) | {"msb"} == set(FIXED_RANGES)
