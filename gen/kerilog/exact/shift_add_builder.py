# SPDX-License-Identifier: Apache-2.0
"""Builds an adder graph sum by sum, with the exact interval of each, and sums terms in trees.

A term is ``sign * (element << place)``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from kerilog.exact.shift_add import AdderGraph, Element, Output, Sum, fewest_bits
from kerilog.formats import IntArray

Term = tuple[int, int, int]  # element, place, sign

RANKED_TOGETHER = 512
"""Terms of a column up to which a tree ranks all their pairs; of more, those of neighbours alone."""
NEIGHBOURS = 64
"""Terms that are ranked together where there are too many."""
_POWERS = 1 << np.arange(63, dtype=np.int64)
_PLACE_BITS = 20  # of a term's number within the tree


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
        total, positive = int(worth.sum()), int(worth[worth > 0].sum())
        negative = total - positive
        low = positive * self.low + negative * self.high
        high = positive * self.high + negative * self.low
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
        if len(terms) <= RANKED_TOGETHER:
            return self._pair_ranked(terms, last)
        by_place = sorted(terms, key=lambda term: term[1])
        groups = (by_place[at : at + NEIGHBOURS] for at in range(0, len(terms), NEIGHBOURS))
        return [term for group in groups for term in self._pair_ranked(group, False)]

    def _pair_ranked(self, terms: list[Term], last: bool) -> list[Term]:
        paired: set[int] = set()
        sums = []
        for p, q in self._ranked(terms):
            if p not in paired and q not in paired:
                paired |= {p, q}
                sums.append(self.join(terms[p], terms[q], last))
                if len(paired) + 1 >= len(terms):
                    break
        return sums + [term for p, term in enumerate(terms) if p not in paired]

    def _ranked(self, terms: list[Term]) -> list[tuple[int, int]]:
        """All pairs of ``terms`` by number, those first whose adders waste the fewest bits."""
        if len(terms) < 3:
            return [(1, 0)] if len(terms) == 2 else []
        p, q = np.tril_indices(len(terms), -1)
        waste, place = self._waste(terms, p, q)
        key = ((waste + (1 << 12)) << 6 | place) << 2 * _PLACE_BITS | p << _PLACE_BITS | q
        key.sort()
        mask = (1 << _PLACE_BITS) - 1
        return list(zip((key >> _PLACE_BITS & mask).tolist(), (key & mask).tolist(), strict=True))

    def _waste(self, terms: list[Term], p: IntArray, q: IntArray) -> tuple[IntArray, IntArray]:
        """Bits of the adders of pairs of terms beyond the bits that they remove, and their places."""
        elements = [self.elements[element] for element, _, _ in terms]
        fields = [
            (place, sign, element.low, element.high, element.bits)
            for (_, place, sign), element in zip(terms, elements, strict=True)
        ]
        table = np.array(fields, np.int64)
        swapped = table[p, 0] > table[q, 0]
        left, right = table[np.where(swapped, q, p)].T, table[np.where(swapped, p, q)].T
        shift = right[0] - left[0]
        same = left[1] == right[1]
        low = left[2] + np.where(same, right[2] << shift, -(right[3] << shift))
        high = left[3] + np.where(same, right[3] << shift, -(right[2] << shift))
        waste = 2 * _fewest_bits(low, high) - shift - left[4] - right[4]
        beside = same & (shift >= left[4]) & (left[2] >= 0)
        return np.where(beside, 0, waste), right[0]

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


def _fewest_bits(low: IntArray, high: IntArray) -> IntArray:
    """``fewest_bits`` of many intervals."""
    below, above = (np.searchsorted(_POWERS, np.where(x < 0, ~x, x), "right") for x in (low, high))
    bits: IntArray = np.where(low < 0, np.maximum(below, above) + 1, np.maximum(above, 1))
    return bits


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
