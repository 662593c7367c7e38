# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals of a study, against published figures and against what they promise."""

from __future__ import annotations

import io

import numpy as np
import pytest
import rich.console

from kerilog.study import results
from kerilog.study.intervals import Z, paired, wilson
from kerilog.study.sweep import Outcome


@pytest.mark.parametrize(
    ("right", "samples", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(right: int, samples: int, low: float, high: float) -> None:
    assert wilson(right, samples) == pytest.approx((low, high), abs=5e-5)
    assert wilson(samples - right, samples) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_wilson_without_samples() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_paired_by_hand() -> None:
    low, high = paired(12, 4, 98)  # l 12.5, g 4.5, m 100: d = 0.08, variance 17 - 64/100
    assert (low + high) / 2 == pytest.approx(0.08)
    assert (high - low) / 2 == pytest.approx(Z * (17 - 0.64) ** 0.5 / 100)


def test_paired_is_symmetric_and_never_a_point() -> None:
    low, high = paired(0, 0, 1000)
    assert low == -high and 0.0015 < high < 0.0025
    assert paired(3, 9, 50) == tuple(-end for end in paired(9, 3, 50)[::-1])
    assert paired(5, 0, 5)[1] <= 1.0


@pytest.mark.parametrize("share", [0.9, 0.98])
def test_both_hold_as_often_as_they_say(share: float) -> None:
    """Over 4,000 drawn data sets of 1,000 samples; a Wald interval of 95 % falls short of this for 0.98."""
    draw, samples = np.random.default_rng(8), 1000
    rights = draw.binomial(samples, share, 4000)
    held = [low <= share <= high for low, high in (wilson(int(right), samples) for right in rights)]
    assert 0.94 <= np.mean(held) <= 0.965
    cells = draw.multinomial(samples, [0.012, 0.005, 0.983], 4000)
    spans = [paired(int(lost), int(gained), samples) for lost, gained, _ in cells]
    assert 0.94 <= np.mean([low <= 0.007 <= high for low, high in spans]) <= 0.97


def test_paired_is_narrower_than_two_accuracies() -> None:
    one, other = wilson(980, 1000), wilson(975, 1000)
    low, high = paired(8, 3, 1000)
    assert high - low < 0.5 * ((one[1] - one[0]) + (other[1] - other[0]))


def test_rows_have_intervals() -> None:
    found = [Outcome("float32", 32, 32, 0.98, 400, 1000), Outcome("fixed", 8, 8, 0.975, 100, 1000, 8, 3)]
    rows = results.rows(found)
    assert (rows[1]["lost"], rows[1]["gained"]) == (8, 3)
    low, high = wilson(975, 1000)
    assert (rows[1]["accuracy_low"], rows[1]["accuracy_high"]) == (round(low, 6), round(high, 6))
    least, most = paired(8, 3, 1000)
    assert (rows[1]["loss_points_low"], rows[1]["loss_points_high"]) == (
        round(100 * least, 4),
        round(100 * most, 4),
    )
    assert f"({100 * low:.2f} to {100 * high:.2f} %)" in results.hint(found, 0.01)


def test_the_table_is_whole_in_80_columns() -> None:
    worst = Outcome("ternary, 8-bit first layer", 16, 16, 0.1, 178_808_000, 1000, 880, 0)
    found = [Outcome("float32", 32, 32, 0.98, 178_808_001, 1000), worst]
    text = io.StringIO()
    results.show(found, rich.console.Console(file=text, width=80))
    shown = text.getvalue()
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    assert "ternary, 8-bit first layer" in shown and "* 178,808,000" in shown
    least, most = worst.loss_interval
    assert f"{100 * least:.1f} to {100 * most:.1f}" in shown
