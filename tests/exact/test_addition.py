# SPDX-License-Identifier: Apache-2.0
"""The hardware's two factors and a shift against the reference sum: equal on every pair of codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.errors import Unsupported
from kerilog.exact.addition import FEW_DIGITS, Addition, _digits, _roundest, addition
from kerilog.formats import Affine, Fixed, Format
from kerilog.integer.elementwise import add
from kerilog.qgraph import Clamp, Multiplier, QAdd, QNode, QSubtract, Shift
from kerilog.scales import ROUNDINGS, sum_factors

WHOLE: Clamp = (-128, 127)
KINDS = (QAdd, QSubtract)
# equal scales, simple ratios of scales, and any
RATIOS = st.one_of(
    st.sampled_from([1.0, 2.0, 0.5, 0.25, 3.0, 1 / 3, 1.5, 2 / 3, 0.75]), st.floats(1 / 30, 30)
)
CODES = st.integers(-128, 127)


def affine_node(
    kind: type[QAdd], scales: tuple[float, float, float], zeros: tuple[int, int, int], clamp: Clamp, how: Any
) -> tuple[QNode, QAdd, tuple[Format, Format]]:
    left, right, total, headroom = sum_factors(*(np.float32(scale) for scale in scales), how)
    op = kind(left, right, total, clamp, headroom)
    formats = tuple(Affine(8, scale, zero) for scale, zero in zip(scales, zeros, strict=True))
    return QNode("sum", op, ("x", "y"), (4,), formats[2]), op, formats[:2]  # type: ignore[return-value]


def fixed_node(
    kind: type[QAdd], bits: int, fracs: tuple[int, int, int], clamp: Clamp
) -> tuple[QNode, QAdd, tuple[Format, Format]]:
    finer = max(fracs[:2])
    left, right, total = (
        Shift(np.array([n])) for n in (fracs[0] - finer, fracs[1] - finer, finer - fracs[2])
    )
    op = kind(left, right, total, clamp)
    formats = Fixed(bits, fracs[0]), Fixed(bits, fracs[1])
    return QNode("sum", op, ("x", "y"), (4,), Fixed(bits, fracs[2])), op, formats


def assert_exact(
    found: Addition, node: QNode, op: QAdd, formats: tuple[Format, Format], ranges: tuple[Clamp, Clamp]
) -> None:
    """Equal on all pairs, by the equation in the header of ``krl_add``, and within ``total_bits``."""
    x, y = (np.arange(low, high + 1) for low, high in ranges)
    words = np.array(found.words)
    left = words[x] if found.table == 1 else found.left_factor * x
    right = words[y] if found.table == 2 else found.right_factor * y
    total = left[:, None] + right[None, :] + found.offset
    rounded = total + np.where(total < 0, found.round_negative, found.round_positive)
    codes = np.clip(rounded >> found.shift, *op.clamp)
    np.testing.assert_array_equal(codes, add(op, *formats, node.format)(x[:, None], y[None, :]))
    np.testing.assert_array_equal(codes, found.apply(x[:, None], y[None, :]))
    limit = 1 << (found.total_bits - 1)
    assert min(total.min(), rounded.min()) >= -limit and max(total.max(), rounded.max()) < limit
    assert found.total_bits > max(found.shift, node.format.bits, *(format.bits for format in formats))
    factors = abs(found.left_factor), abs(found.right_factor)
    assert max(factors) < 1 << (found.total_bits - 2)
    assert found.table in (0, 1, 2) and len(words) == (256 if found.table else 0)
    assert found.left_factor >= 0 and (found.right_factor <= 0 or not isinstance(op, QSubtract))


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    ratios=st.tuples(RATIOS, RATIOS),
    zeros=st.tuples(CODES, CODES, CODES),
    ends=st.tuples(CODES, CODES, CODES, CODES),
    how=st.sampled_from(ROUNDINGS),
    limited=st.booleans(),
)
def test_affine_sums_are_exact_on_every_pair(
    kind: type[QAdd],
    ratios: tuple[float, float],
    zeros: tuple[int, int, int],
    ends: tuple[int, int, int, int],
    how: Any,
    limited: bool,
) -> None:
    scales = 0.05, 0.05 * ratios[0], 0.05 * max(1, ratios[0]) * max(ratios[1], 1 / 8)
    clamp = (min(ends[:2]), max(ends[:2])) if limited else WHOLE
    ranges = ((min(ends[2:]), max(ends[2:])), WHOLE) if limited else (WHOLE, WHOLE)
    node, op, formats = affine_node(kind, scales, zeros, clamp, how)
    assert_exact(addition(node, op, formats, ranges), node, op, formats, ranges)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    bits=st.integers(2, 8),
    fracs=st.tuples(st.integers(-4, 9), st.integers(-4, 9), st.integers(-4, 9)),
    relu=st.booleans(),
)
def test_fixed_sums_are_exact_on_every_pair(
    kind: type[QAdd], bits: int, fracs: tuple[int, int, int], relu: bool
) -> None:
    high = (1 << (bits - 1)) - 1
    whole = -high - 1, high
    node, op, formats = fixed_node(kind, bits, fracs, (0, high) if relu else whole)
    found = addition(node, op, formats, (whole, whole))
    assert_exact(found, node, op, formats, (whole, whole))
    assert _digits(found.left_factor) == _digits(abs(found.right_factor)) == 1
    assert found.round_negative == found.round_positive or not relu


@settings(max_examples=30, deadline=None)
@given(
    fracs=st.tuples(st.integers(-4, 9), st.integers(-4, 9), st.integers(-4, 9)),
    seed=st.integers(0, 1 << 32),
)
def test_fixed_sums_of_16_bits_are_exact_on_drawn_pairs_and_around_ties(
    fracs: tuple[int, int, int], seed: int
) -> None:
    whole = -(1 << 15), (1 << 15) - 1
    node, op, formats = fixed_node(QAdd, 16, fracs, whole)
    found = addition(node, op, formats, (whole, whole))
    rng = np.random.default_rng(seed)
    far, near = rng.integers(*whole, (2, 3000)), rng.integers(-40, 40, (2, 3000))
    for x, y in (far, near, np.array([whole, whole]), np.array([whole, whole[::-1]])):
        np.testing.assert_array_equal(found.apply(x, y), add(op, *formats, node.format)(x, y))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_what_is_tried_first_rules_out_nothing_that_is_right(
    kind: type[QAdd], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same sum when all bounds are tried for all factors."""
    rng = np.random.default_rng(seed)
    scales = tuple(float(scale) for scale in 0.05 * np.exp(rng.uniform(-1, 1, 3)))
    zeros = tuple(int(zero) for zero in rng.integers(-128, 128, 3))
    node, op, formats = affine_node(kind, scales, zeros, WHOLE, "reference")  # type: ignore[arg-type]
    found = addition.__wrapped__(node, op, formats, (WHOLE, WHOLE))  # type: ignore[attr-defined]
    monkeypatch.setattr("kerilog.exact.addition._possible", lambda *sides: np.ones(len(sides[3]), bool))
    again = addition.__wrapped__(node, op, formats, (WHOLE, WHOLE))  # type: ignore[attr-defined]
    assert again == found, (seed, scales, zeros)


def test_a_mean_of_two_needs_no_multiplier() -> None:
    node, op, formats = affine_node(QAdd, (0.1, 0.1, 0.2), (3, -7, 9), WHOLE, "reference")
    found = addition(node, op, formats, (WHOLE, WHOLE))
    assert (found.left_factor, found.right_factor, found.shift) == (1, 1, 1)
    assert found.round_negative == found.round_positive - 1


def test_a_sum_that_is_left_alone_is_a_sum() -> None:
    node, op, formats = fixed_node(QSubtract, 8, (4, 4, 4), WHOLE)
    found = addition(node, op, formats, (WHOLE, WHOLE))
    assert (found.left_factor, found.right_factor, found.shift, found.offset) == (1, -1, 0, 0)
    assert found.round_positive == found.round_negative == 0


def test_operands_that_never_rise_above_zero_need_fewer_bits() -> None:
    scales, zeros = (0.0311, 0.04727, 0.06013), (-128, -128, -128)
    node, op, formats = affine_node(QAdd, scales, zeros, WHOLE, "reference")
    wide = addition(node, op, formats, (WHOLE, WHOLE))
    narrow = addition(node, op, formats, ((-128, -100), (-128, -100)))
    assert narrow.total_bits < wide.total_bits


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scales", [(0.031, 0.047, 0.06), (0.047, 0.031, 0.06), (0.02, 0.02, 0.03)])
def test_ties_of_scales_in_a_simple_ratio_take_a_table(
    kind: type[QAdd], scales: tuple[float, float, float]
) -> None:
    node, op, formats = affine_node(kind, scales, (-5, 17, 8), WHOLE, "reference")
    found = addition(node, op, formats, (WHOLE, WHOLE))
    assert_exact(found, node, op, formats, (WHOLE, WHOLE))
    assert found.table == (0 if scales[0] == scales[1] else 1 if scales[0] < scales[1] else 2)


def test_a_table_of_few_codes() -> None:
    ranges = (-60, 40), (-10, 100)
    node, op, formats = affine_node(QSubtract, (0.031, 0.047, 0.06), (-5, 17, 8), WHOLE, "reference")
    found = addition(node, op, formats, ranges)
    assert_exact(found, node, op, formats, ranges)


def test_wide_codes_of_other_scales_are_refused() -> None:
    factor = Multiplier(np.array([1 << 30]), np.array([0]), "double")
    op = QAdd(factor, factor, factor, (-(1 << 15), (1 << 15) - 1))
    format = Fixed(16, 3)
    whole = format.minimum, format.maximum
    node = QNode("sum", op, ("x", "y"), (4,), format)
    with pytest.raises(Unsupported, match="layer 'sum': hardware supports sums of codes whose pairs"):
        addition(node, op, (format, format), (whole, whole))


def test_a_sum_without_a_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerilog.exact.addition.LARGEST_SHIFT", 5)
    monkeypatch.setattr("kerilog.exact.addition_table.LARGEST_SHIFT", 5)
    node, op, formats = affine_node(QAdd, (0.0311, 0.04727, 0.06013), (3, -7, 9), WHOLE, "reference")
    with pytest.raises(Unsupported, match="layer 'sum': hardware supports a sum as two factors, or one and"):
        addition(node, op, formats, (WHOLE, WHOLE))


def test_digits() -> None:
    assert [_digits(n) for n in (0, 1, 2, 3, 7, 11, 85, 96)] == [0, 1, 1, 2, 2, 3, 4, 2]
    assert FEW_DIGITS == 3


@given(ends=st.tuples(st.integers(-300, 300), st.integers(-300, 300)))
def test_roundest(ends: tuple[int, int]) -> None:
    low, high = min(ends), max(ends)

    def zeros(n: int) -> int:
        return 99 if n == 0 else (n & -n).bit_length()

    found = _roundest(low, high)
    assert low <= found <= high
    assert zeros(found) == max(zeros(n) for n in range(low, high + 1))
