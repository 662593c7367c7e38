# SPDX-License-Identifier: Apache-2.0
"""Constant matrices in shifts and adds: equal to the matrix, no bit too many, fewer adders than digits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.exact import shift_add_search
from kerilog.exact.intervals import dot_interval
from kerilog.exact.shift_add import AdderGraph, Element, Sum, csd, digit_count, fewest_bits, unshared_adders
from kerilog.exact.shift_add_search import pattern_count, shift_add
from kerilog.formats import IntArray

# the ranges of codes: signed, behind a ReLU, of few bits, without 0
RANGES = [(-128, 127), (0, 127), (-8, 7), (0, 1), (-32768, 32767), (3, 100), (-100, -3)]


@st.composite
def matrices(draw: st.DrawFn) -> IntArray:
    """Matrices of all kinds: sparse, of powers of two, with equal, negated and shifted columns."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    inputs, units = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    bits = draw(st.sampled_from([2, 4, 8, 16]))
    matrix = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (inputs, units))
    kind = draw(st.sampled_from(["any", "sparse", "powers", "one column", "negative", "zero"]))
    if kind == "sparse":
        matrix *= rng.random(matrix.shape) < 0.3
    elif kind == "powers":
        matrix = rng.choice([-1, 0, 1], matrix.shape) << rng.integers(0, bits, matrix.shape)
    elif kind == "one column":
        matrix[:] = matrix[:, :1] * rng.choice([-1, 1, 2], units)
    elif kind == "negative":
        matrix = -np.abs(matrix)
    elif kind == "zero":
        matrix[:, rng.integers(units)] = 0
        matrix[rng.integers(inputs)] = 0
    return matrix


def coefficients(graph: AdderGraph) -> IntArray:
    """What every element is worth (elements, inputs), read off the graph anew."""
    rows = list(np.eye(len(graph.inputs), dtype=np.int64))
    for node in graph.sums:
        row = node.right_sign * (rows[node.right] << node.shift)
        rows.append(row + node.left_sign * rows[node.left])
    return np.array(rows)


@settings(max_examples=200, deadline=None)
@given(matrix=matrices(), ends=st.sampled_from(RANGES), seed=st.integers(0, 1 << 32))
def test_graph_equals_the_matrix(matrix: IntArray, ends: tuple[int, int], seed: int) -> None:
    low, high = ends
    graph = shift_add(matrix, low, high)
    rng = np.random.default_rng(seed)
    drawn = rng.choice([low, high, *rng.integers(low, high + 1, 3)], (100, len(matrix)))
    assert np.array_equal(graph.evaluate(drawn), drawn @ matrix)


@settings(max_examples=100, deadline=None)
@given(matrix=matrices(), ends=st.sampled_from(RANGES))
def test_intervals_are_reached_and_bits_hold_them(matrix: IntArray, ends: tuple[int, int]) -> None:
    low, high = ends
    graph = shift_add(matrix, low, high)
    for element, row in zip(graph.elements, coefficients(graph), strict=True):
        assert row @ np.where(row > 0, high, low) == element.high
        assert row @ np.where(row > 0, low, high) == element.low
        assert fewest_bits(element.low, element.high) >= element.bits
    assert graph.bits == dot_interval(matrix, low, high).bits


def in_registers(graph: AdderGraph, x: IntArray) -> IntArray:
    """The outputs as the registers of the elements hold them, no bit more."""

    def held(value: IntArray, element: Element) -> IntArray:
        kept = value & ((1 << element.bits) - 1)
        return kept - ((kept >> (element.bits - 1)) << element.bits) if element.signed else kept

    values = [held(x[:, i], element) for i, element in enumerate(graph.inputs)]
    for node in graph.sums:
        right = node.right_sign * (values[node.right] << node.shift)
        values.append(held(right + node.left_sign * values[node.left], node))
    none = np.zeros(len(x), np.int64)
    return np.stack([none if o.element is None else values[o.element] << o.shift for o in graph.outputs], 1)


@settings(max_examples=200, deadline=None)
@given(matrix=matrices(), ends=st.sampled_from(RANGES), seed=st.integers(0, 1 << 32))
def test_bits_suffice(matrix: IntArray, ends: tuple[int, int], seed: int) -> None:
    low, high = ends
    graph = shift_add(matrix, low, high)
    rng = np.random.default_rng(seed)
    drawn = rng.choice([low, high, *rng.integers(low, high + 1, 3)], (100, len(matrix)))
    reached = [np.where(row > 0, *ends[::way]) for row in coefficients(graph) for way in (1, -1)]
    x = np.vstack([drawn, reached])
    assert np.array_equal(in_registers(graph, x), x @ matrix)


def test_bits_that_nothing_uses_are_not_there() -> None:
    """4x - x of one bit x needs 2; 8x - x + y of bytes needs 11, though 8x + y by itself takes 12."""
    graph = shift_add(np.array([[3]]), 0, 1)
    assert [node.bits for node in graph.sums] == [2]
    wide = shift_add(np.array([[7], [1]]), -128, 127)
    assert max(node.bits for node in wide.sums) == dot_interval(np.array([[7], [1]]), -128, 127).bits == 11


@settings(max_examples=100, deadline=None)
@given(matrix=matrices())
def test_sums_come_after_their_operands_and_never_cost_more_than_digits(matrix: IntArray) -> None:
    graph = shift_add(matrix, -128, 127)
    elements = graph.elements
    for number, node in enumerate(graph.sums, len(graph.inputs)):
        assert max(node.operands) < number
        assert node.level == 1 + max(elements[operand].level for operand in node.operands)
        assert 1 in (node.left_sign, node.right_sign) or (node.left_sign, node.right_sign) == (0, -1)
    used = {operand for node in graph.sums for operand in node.operands}
    used |= {output.element for output in graph.outputs if output.element is not None}
    assert used >= set(range(len(graph.inputs), len(elements)))
    negations = sum(node.left_sign == 0 for node in graph.sums)
    assert negations <= matrix.shape[1]
    assert len(graph.sums) - negations <= unshared_adders(matrix)


@given(number=st.integers(-(1 << 20), 1 << 20))
def test_signed_digits_are_canonical(number: int) -> None:
    digits = csd(number)
    assert sum(digit << place for place, digit in digits) == number
    places = [place for place, _ in digits]
    assert all(after - before > 1 for before, after in itertools.pairwise(places))
    assert digit_count(np.array([number]))[0] == len(digits)


def test_shared_terms_are_added_once() -> None:
    """5x and 10y + 5x of one column and -(5x) of another: 4x + x is there once."""
    graph = shift_add(np.array([[5, -5, 5], [0, 0, 10]]), -128, 127)
    assert len(graph.sums) == 4  # 5x, its negation, 5y, 5x + 10y
    assert [node.left_sign for node in graph.sums].count(0) == 1


def test_equal_and_negated_columns_cost_nothing_more() -> None:
    column = np.random.default_rng(1).integers(-128, 128, (16, 1))
    alone = shift_add(column, -128, 127)
    assert len(shift_add(np.tile(column, 4), -128, 127).sums) == len(alone.sums)
    mirrored = shift_add(np.hstack([column, -column]), -128, 127)
    assert len(mirrored.sums) == len(alone.sums) + 1


def test_constants_without_a_sum() -> None:
    graph = shift_add(np.array([[0, 4], [0, 0]]), -128, 127)
    assert not graph.sums and graph.depth == 1
    assert [(output.element, output.shift) for output in graph.outputs] == [(None, 0), (0, 2)]


def test_half_of_the_adders_are_shared_in_a_layer_of_int8() -> None:
    """A bound on what the search finds, so that it cannot get worse unseen; and the same graph every time."""
    matrix = np.random.default_rng(2024).integers(-128, 128, (48, 10))
    graph = shift_add(matrix, 0, 127)
    assert len(graph.sums) < 0.56 * unshared_adders(matrix)
    again = shift_add(matrix, 0, 127)
    assert (again.sums, again.outputs) == (graph.sums, graph.outputs)


def test_registers_are_counted() -> None:
    """x + y + 2z: z waits a cycle; 9 bits of x + y, 8 of z, 10 of the sum."""
    graph = shift_add(np.array([[1], [1], [2]]), -128, 127)
    assert graph.depth == 2
    assert graph.flip_flops == 9 + 8 + 10
    assert graph.luts == 9 + (10 - 1)


def test_a_value_out_of_range_is_noticed() -> None:
    graph = shift_add(np.array([[3]]), 0, 127)
    assert isinstance(graph.sums[0], Sum)
    with pytest.raises(OverflowError, match=r"leaves \[0, 127\]"):
        graph.evaluate(np.array([[128]]))


# ---- the budget ----


@settings(max_examples=60, deadline=None)
@given(matrix=matrices(), ends=st.sampled_from(RANGES), steps=st.sampled_from([0, 1, 10, 100, 1000]))
def test_any_budget_gives_the_matrix(matrix: IntArray, ends: tuple[int, int], steps: int) -> None:
    low, high = ends
    graph = shift_add(matrix, low, high, steps)
    drawn = np.random.default_rng(steps).integers(low, high + 1, (50, len(matrix)))
    assert np.array_equal(graph.evaluate(drawn), drawn @ matrix)
    negations = sum(node.left_sign == 0 for node in graph.sums)
    assert len(graph.sums) - negations <= unshared_adders(matrix)
    again = shift_add(matrix, low, high, steps)
    assert (again.sums, again.outputs) == (graph.sums, graph.outputs)


@settings(max_examples=60, deadline=None)
@given(matrix=matrices())
def test_twice_the_pairs_of_the_matrix_are_steps_enough(matrix: IntArray) -> None:
    enough = shift_add(matrix, -128, 127, 2 * pattern_count(matrix))
    endless = shift_add(matrix, -128, 127, 1 << 60)
    assert (enough.sums, enough.outputs) == (endless.sums, endless.outputs)


def test_more_steps_share_more() -> None:
    matrix = np.random.default_rng(7).integers(-128, 128, (60, 12))
    pairs = pattern_count(matrix)
    found = [len(shift_add(matrix, 0, 127, steps).sums) for steps in (0, pairs // 50, pairs // 4, 2 * pairs)]
    assert found == sorted(found, reverse=True) and found[-1] < 0.85 * found[0], found


def test_groups_keep_to_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pairs that are compared, counted where they are; the last new sum may finish."""
    used = []
    run = shift_add_search._Sharing.run

    def counted(self: shift_add_search._Sharing) -> None:
        run(self)
        used.append(self.steps)

    monkeypatch.setattr(shift_add_search._Sharing, "run", counted)
    matrix = np.random.default_rng(8).integers(-128, 128, (90, 8))
    for steps in (1 << 30, 100_000, 20_000, 3_000):
        used.clear()
        shift_add(matrix, -128, 127, steps)
        assert used[-1] >= -digit_count(matrix).sum(), (steps, used)
        assert (len(used) > 1) == (steps < 2 * pattern_count(matrix)), (steps, used)


def test_long_columns_are_summed_in_time() -> None:
    """Columns too long to rank all pairs of their terms."""
    matrix = np.random.default_rng(9).integers(-128, 128, (400, 2))
    graph = shift_add(matrix, -128, 127, 0)
    x = np.random.default_rng(10).integers(-128, 128, (20, 400))
    assert np.array_equal(graph.evaluate(x), x @ matrix)
    assert graph.bits == dot_interval(matrix, -128, 127).bits
    assert graph.depth <= 1 + int(digit_count(matrix).sum(axis=0).max()).bit_length()
