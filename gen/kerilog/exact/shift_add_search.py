# SPDX-License-Identifier: Apache-2.0
"""Finds the sums that the columns of a matrix share.

Canonical signed digits, and greedy elimination of common two-term subexpressions (Hartley, 1996; Potkonjak et
al., 1996), weighed by the bits that an adder works on.

A column is a set of terms ``sign * (element << place)``. The pattern of two terms is what remains when their
common shift and sign are taken out. As long as a pattern occurs twice, the one whose elimination saves most
becomes an element of its own. Then each column is summed by a tree, level by level, the pairs first whose
adders remove the most bits for their length.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from kerilog.exact.intervals import dot_interval
from kerilog.exact.shift_add import AdderGraph, Element, Output, Sum, csd, digit_count, fewest_bits
from kerilog.formats import IntArray

PLACE_BITS = 6  # of a place, in the numbers that stand for terms and patterns
PLACES = (1 << PLACE_BITS) - 1
ELEMENT_BITS = 24
ELEMENTS = (1 << ELEMENT_BITS) - 1

Term = tuple[int, int, int]  # element, place, sign


def shift_add(matrix: IntArray, low: int, high: int) -> AdderGraph:
    """The adder graph of ``matrix`` (inputs, units), for inputs in [low, high]."""
    builder = GraphBuilder(matrix.shape[0], low, high)
    columns = _share(matrix, builder)
    return builder.graph([builder.tree(list(column.terms())) for column in columns])


def _pruned(graph: AdderGraph) -> AdderGraph:
    """``graph`` without the sums that nothing uses: terms that met their like may have cancelled."""
    first = len(graph.inputs)
    used = {output.element for output in graph.outputs}
    for number in range(first + len(graph.sums) - 1, first - 1, -1):
        if number in used:
            used.update(graph.sums[number - first].operands)
    kept = [number for number in range(first + len(graph.sums)) if number < first or number in used]
    place = {number: position for position, number in enumerate(kept)}
    sums = tuple(
        dataclasses.replace(node, left=place.get(node.left, 0), right=place[node.right])
        for node in (graph.sums[number - first] for number in kept[first:])
    )
    outputs = tuple(
        output if output.element is None else Output(place[output.element], output.shift)
        for output in graph.outputs
    )
    return AdderGraph(graph.inputs, sums, outputs)


def _narrowed(graph: AdderGraph) -> AdderGraph:
    """``graph`` without the bits that nothing uses: where terms cancel, a sum is narrower than an operand."""
    elements, first = graph.elements, len(graph.inputs)
    need = [1] * len(elements)
    for output in graph.outputs:
        if output.element is not None:
            need[output.element] = elements[output.element].bits
    for number in range(len(elements) - 1, first - 1, -1):
        node = graph.sums[number - first]
        for operand, bits in ((node.left, need[number]), (node.right, need[number] - node.shift)):
            if operand in node.operands:
                need[operand] = max(need[operand], min(elements[operand].bits, bits))
    inputs = tuple(dataclasses.replace(e, bits=b) for e, b in zip(graph.inputs, need[:first], strict=True))
    sums = tuple(dataclasses.replace(e, bits=b) for e, b in zip(graph.sums, need[first:], strict=True))
    return AdderGraph(inputs, sums, graph.outputs)


def pattern_count(matrix: IntArray) -> int:
    """Pairs of terms that the search starts from: its time and memory grow with them."""
    digits = digit_count(matrix).sum(axis=0)
    return int((digits * (digits - 1) // 2).sum())


class GraphBuilder:
    """The graph as far as it is built."""

    def __init__(self, inputs: int, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.inputs = [Element(low, high, fewest_bits(low, high), 0) for _ in range(inputs)]
        self.sums: list[Sum] = []
        self.elements: list[Element] = list(self.inputs)
        # what an element is worth in terms of the inputs
        self.coefficients = list(np.eye(inputs, dtype=np.int64))
        self._known: dict[tuple[int, int, int, int, int], int] = {}

    def add(self, left: int, right: int, shift: int, left_sign: int, right_sign: int) -> int:
        """The number of the sum, which is made if there is none like it."""
        key = (left, right, shift, left_sign, right_sign)
        if key not in self._known:
            self._known[key] = len(self.elements)
            self._make(*key)
        return self._known[key]

    def _make(self, left: int, right: int, shift: int, left_sign: int, right_sign: int) -> None:
        worth = right_sign * (self.coefficients[right] << shift) + left_sign * self.coefficients[left]
        interval = dot_interval(worth[:, np.newaxis], self.low, self.high)
        low, high = int(interval.low[0]), int(interval.high[0])
        level = 1 + max(self.elements[right].level, self.elements[left].level if left_sign else 0)
        node = Sum(low, high, fewest_bits(low, high), level, left, right, shift, left_sign, right_sign)
        self.sums.append(node)
        self.elements.append(node)
        self.coefficients.append(worth)

    def overlap(self, left: int, right: int, shift: int) -> int:
        """Places in which both operands have a bit: the bits that the adder removes."""
        return max(0, min(self.elements[left].bits, self.elements[right].bits + shift) - shift)

    # ---- trees ----

    def tree(self, terms: list[Term]) -> Term | None:
        """The sum of ``terms``, made of pairs level by level; None if there are none."""
        level = min((self.elements[element].level for element, _, _ in terms), default=0)
        while len(terms) > 1:
            now = [term for term in terms if self.elements[term[0]].level <= level]
            later = [term for term in terms if self.elements[term[0]].level > level]
            terms = self._pair(now, last=not later and len(now) == 2) + later
            level += 1
        return terms[0] if terms else None

    def _pair(self, terms: list[Term], last: bool) -> list[Term]:
        """Add up pairs of ``terms``, the cheapest first; a term may remain."""
        ranked = sorted((self._waste(terms[p], terms[q]), p, q) for p in range(len(terms)) for q in range(p))
        paired: set[int] = set()
        sums = []
        for _, p, q in ranked:
            if p not in paired and q not in paired:
                paired |= {p, q}
                sums.append(self.join(terms[p], terms[q], last))
        return sums + [term for p, term in enumerate(terms) if p not in paired]

    def _waste(self, first: Term, second: Term) -> tuple[int, int]:
        """Bits of the adder of two terms beyond the bits that it removes, and its place."""
        left, right = (first, second) if first[1] <= second[1] else (second, first)
        shift = right[1] - left[1]
        a, b = self.elements[left[0]], self.elements[right[0]]
        if left[2] == right[2]:
            if shift >= a.bits and not a.signed:
                return 0, right[1]
            bits = fewest_bits(a.low + (b.low << shift), a.high + (b.high << shift))
        else:
            bits = fewest_bits(a.low - (b.high << shift), a.high - (b.low << shift))
        return 2 * bits - shift - a.bits - b.bits, right[1]

    def join(self, first: Term, second: Term, last: bool = False) -> Term:
        """The sum of two terms, its sign taken out; the ``last`` one of a column comes out positive if it
        can.
        """
        left, right = sorted((first, second), key=lambda term: (term[1], -term[2], term[0]))
        shift = right[1] - left[1]
        if last and left[2] < right[2]:
            return self.add(left[0], right[0], shift, -1, 1), left[1], 1
        return self.add(left[0], right[0], shift, 1, left[2] * right[2]), left[1], left[2]

    def graph(self, terms: Sequence[Term | None]) -> AdderGraph:
        """The graph whose outputs are ``terms``; None is 0."""
        outputs = tuple(self._output(term) for term in terms)
        return _narrowed(_pruned(AdderGraph(tuple(self.inputs), tuple(self.sums), outputs)))

    def _output(self, term: Term | None) -> Output:
        """The output that ``term`` is, negated by one more adder if it must be."""
        if term is None:
            return Output(None, 0)
        element, place, sign = term
        return Output(element if sign > 0 else self.add(0, element, 0, 0, -1), place)


class _Column:
    """The terms of one output: ``signs[element << PLACE_BITS | place]``, and the places of each element."""

    def __init__(self) -> None:
        self.signs: dict[int, int] = {}
        self.places: dict[int, set[int]] = defaultdict(set)

    def terms(self) -> Iterator[Term]:
        for term, sign in self.signs.items():
            yield term >> PLACE_BITS, term & PLACES, sign


class _Patterns:
    """How often each pattern of two terms occurs in the columns, and which is worth most.

    A pattern is the number ``left, right, shift, differs`` with ``left`` the term of the lower place.
    """

    def __init__(self, builder: GraphBuilder, columns: list[_Column]) -> None:
        self.builder = builder
        self.count: defaultdict[int, int] = defaultdict(int)
        self._weights: dict[int, float] = {}
        for column in columns:
            done: list[tuple[int, int]] = []
            for term, sign in column.signs.items():
                for other, other_sign in done:
                    self.count[_pattern(term, other, sign != other_sign)] += 1
                done.append((term, sign))
        self._heap = [(-self._gain(pattern), pattern) for pattern, n in self.count.items() if n > 1]
        heapq.heapify(self._heap)

    def _gain(self, pattern: int) -> float:
        """About the bits of adders that making the pattern an element saves."""
        weight = self._weights.get(pattern)
        if weight is None:
            left, right, shift, _ = _parts(pattern)
            # half a bit for the adder itself, so that terms that lie side by side are shared, too
            weight = self._weights[pattern] = self.builder.overlap(left, right, shift) + 0.5
        return (self.count[pattern] - 1) * weight

    def best(self) -> int | None:
        """The pattern that saves most; None if none occurs twice."""
        while self._heap:
            gain, pattern = heapq.heappop(self._heap)
            if self.count[pattern] < 2:
                continue
            now = -self._gain(pattern)
            if now == gain:
                return pattern
            heapq.heappush(self._heap, (now, pattern))  # it has become rarer since
        return None

    def forget(self, pattern: int) -> None:
        """Never offer ``pattern`` again: its occurrences overlap."""
        self.count[pattern] = -(1 << 40)

    def remove(self, column: _Column, term: int) -> None:
        sign = column.signs.pop(term)
        column.places[term >> PLACE_BITS].discard(term & PLACES)
        count = self.count
        for other, other_sign in column.signs.items():
            count[_pattern(term, other, sign != other_sign)] -= 1

    def insert(self, column: _Column, term: int, sign: int) -> None:
        """Add a term; if the same is there, both become one of the next place, or cancel."""
        while term in column.signs:
            same = column.signs[term] == sign
            self.remove(column, term)
            if not same:
                return
            term += 1
        count, heap = self.count, self._heap
        for other, other_sign in column.signs.items():
            pattern = _pattern(term, other, sign != other_sign)
            count[pattern] += 1
            if count[pattern] > 1:
                heapq.heappush(heap, (-self._gain(pattern), pattern))
        column.signs[term] = sign
        column.places[term >> PLACE_BITS].add(term & PLACES)


def _pattern(first: int, second: int, differs: bool) -> int:
    """The number of the pattern of two terms."""
    place, other_place = first & PLACES, second & PLACES
    if place > other_place or (place == other_place and first > second):
        first, second, place, other_place = second, first, other_place, place
    pair = (first >> PLACE_BITS) << ELEMENT_BITS | second >> PLACE_BITS
    return (pair << PLACE_BITS | other_place - place) << 1 | differs


def _parts(pattern: int) -> tuple[int, int, int, int]:
    """Left element, right element, shift and relative sign of a pattern."""
    pair = pattern >> PLACE_BITS + 1
    return pair >> ELEMENT_BITS, pair & ELEMENTS, pattern >> 1 & PLACES, -1 if pattern & 1 else 1


def _share(matrix: IntArray, builder: GraphBuilder) -> list[_Column]:
    """The columns of ``matrix`` after every pattern that occurs twice has become an element."""
    columns = []
    for weights in matrix.T:
        column = _Column()
        for i, weight in enumerate(weights):
            for place, sign in csd(int(weight)):
                column.signs[i << PLACE_BITS | place] = sign
                column.places[i].add(place)
        columns.append(column)
    patterns = _Patterns(builder, columns)
    while (pattern := patterns.best()) is not None:
        left, right, shift, sign = _parts(pattern)
        found = [
            (column, place, term_sign)
            for column in columns
            for place, term_sign in _occurrences(column, left, right, shift, sign)
        ]
        if len(found) < 2:
            patterns.forget(pattern)
            continue
        element = builder.add(left, right, shift, 1, sign)
        for column, place, term_sign in found:
            patterns.remove(column, left << PLACE_BITS | place)
            patterns.remove(column, right << PLACE_BITS | place + shift)
            patterns.insert(column, element << PLACE_BITS | place, term_sign)
    return columns


def _occurrences(column: _Column, left: int, right: int, shift: int, sign: int) -> list[tuple[int, int]]:
    """Place and sign of the pattern wherever it occurs in ``column``, without overlap."""
    used: set[int] = set()
    found = []
    for place in sorted(column.places.get(left, ())):
        first, second = left << PLACE_BITS | place, right << PLACE_BITS | place + shift
        if first in used or second in used or first == second:
            continue
        if column.signs.get(second) == column.signs[first] * sign:
            used |= {first, second}
            found.append((place, column.signs[first]))
    return found
