# SPDX-License-Identifier: Apache-2.0
"""Finds the sums that the columns of a matrix share.

Canonical signed digits, and greedy elimination of common two-term subexpressions (Hartley, 1996; Potkonjak et
al., 1996), weighed by the bits that an adder works on.

A column is a set of terms ``sign * (element << place)``. The pattern of two terms is what remains when their
common shift and sign are taken out. As long as a pattern occurs twice, the one whose elimination saves most
becomes an element of its own. Then each column is summed by a tree, level by level, the pairs first whose
adders remove the most bits for their length.

The search costs in proportion to the pairs of terms that it compares. They are counted as its steps, and it
keeps to a budget of them, so that it ends at the same place on every machine.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from kerilog.exact.shift_add import AdderGraph, csd, digit_count
from kerilog.exact.shift_add_builder import GraphBuilder, Term
from kerilog.formats import IntArray

STEPS = 4_000_000
"""Pairs of terms that a search compares at most, by default: some three seconds."""

# a term in one integer: element, place, and whether it is negative
PLACE_BITS = 7
PLACES = 1 << PLACE_BITS
MIDDLE = PLACES // 2  # what relative places are counted from
# a pattern in one integer: left element, right element, shift, and whether the signs differ
SHIFT_BITS, ELEMENT_BITS = 6, 24
SHIFTS, ELEMENTS = (1 << SHIFT_BITS) - 1, (1 << ELEMENT_BITS) - 1
RIGHT = SHIFT_BITS + 1
LEFT = RIGHT + ELEMENT_BITS


def shift_add(matrix: IntArray, low: int, high: int, steps: int = STEPS) -> AdderGraph:
    """The adder graph of ``matrix`` (inputs, units), for inputs in [low, high].

    The search for shared sums ends when it has compared ``steps`` pairs of terms. New sums bring about as
    many pairs as the matrix has itself at most, so a matrix of up to ``steps / 2`` pairs is searched whole. A
    larger one is cut into groups of neighbouring inputs, as few as keep to the budget, and each group is
    searched by itself. What is left when the steps are used up is summed as it is. The graph equals the
    matrix in any case, and it is the same graph for the same arguments.
    """
    builder = GraphBuilder(matrix.shape[0], low, high)
    columns: list[list[Term]] = [[] for _ in range(matrix.shape[1])]
    for first, last in itertools.pairwise(_groups(matrix, steps // 2)):
        sharing = _Sharing(builder, matrix[first:last], first, steps)
        sharing.run()
        steps = sharing.steps
        for column, terms in zip(columns, sharing.terms(), strict=True):
            column += terms
    return builder.graph([builder.tree(column) for column in columns])


def pattern_count(matrix: IntArray) -> int:
    """Pairs of terms that the search starts from."""
    return int(_pairs(digit_count(matrix).sum(axis=0)).sum())


def _pairs(count: IntArray) -> IntArray:
    return count * (count - 1) // 2


def _groups(matrix: IntArray, most: int) -> list[int]:
    """The first input of each of as few equal groups as have at most ``most`` pairs of terms, and the end."""
    digits = np.vstack([np.zeros(matrix.shape[1], np.int64), digit_count(matrix).cumsum(axis=0)])
    inputs, count = len(matrix), 1
    while True:
        ends = [inputs * number // count for number in range(count + 1)]
        pairs = int(_pairs(np.diff(digits[ends], axis=0)).sum())
        if pairs <= most or count >= inputs:
            return ends
        # pairs fall about as groups rise
        count = min(inputs, max(count + 1, count * pairs // max(most, 1)))


class _Sharing:
    """The columns of a part of a matrix while sums are shared.

    A column maps each term to the same with its sign. Where an element occurs is also kept as bits, those of
    all columns side by side, so that the occurrences of a pattern are counted in a few operations on long
    integers.
    """

    def __init__(self, builder: GraphBuilder, rows: IntArray, first: int, steps: int) -> None:
        """``rows`` are those of inputs from number ``first`` on; ``steps`` falls with every pair of terms."""
        self.builder, self.steps = builder, steps
        self.columns = [_column(weights, first) for weights in rows.T]
        longest = max(map(len, self.columns), default=0)
        top = max((term >> 1 & PLACES - 1 for column in self.columns for term in column.values()), default=0)
        # merging equal terms climbs a place and halves them; as much again for patterns to reach over
        self.span = 2 * (top + 1 + longest.bit_length())
        self.positive: defaultdict[int, int] = defaultdict(int)
        self.negative: defaultdict[int, int] = defaultdict(int)
        for number, column in enumerate(self.columns):
            for term in column.values():
                self._flip(number, term)
        self.bits = {number: element.bits for number, element in enumerate(builder.inputs)}
        self.overlapping: set[int] = set()  # patterns whose occurrences overlap: no two can be eliminated
        self.buckets: defaultdict[int, list[int]] = defaultdict(list)  # patterns by gain, each a heap
        self.gains: list[int] = []  # a heap of gains, negated, at least of those that have a pattern
        self._count_all()

    # ---- columns ----

    def _flip(self, number: int, term: int) -> None:
        """Put a signed term of column ``number`` among the bits of its element, or take it away."""
        masks = self.negative if term & 1 else self.positive
        masks[term >> PLACE_BITS + 1] ^= 1 << number * self.span + (term >> 1 & PLACES - 1)

    def _remove(self, number: int, term: int) -> None:
        self._flip(number, self.columns[number].pop(term))

    def _insert(self, number: int, term: int, negative: int) -> None:
        """Add a term; if the same is there, both become one of the next place, or cancel."""
        column = self.columns[number]
        while term in column:
            same = column[term] & 1 == negative
            self._remove(number, term)
            if not same:
                return
            term += 1
        column[term] = term << 1 | negative
        self._flip(number, column[term])

    def terms(self) -> Iterator[list[Term]]:
        """What is left of each column."""
        for column in self.columns:
            yield [
                (term >> PLACE_BITS + 1, term >> 1 & PLACES - 1, -1 if term & 1 else 1)
                for term in column.values()
            ]

    # ---- patterns ----

    def _count_all(self) -> None:
        """File every pattern that occurs twice."""
        pairs = int(_pairs(np.array([len(column) for column in self.columns])).sum())
        if pairs > self.steps:
            return
        self.steps -= pairs
        found = [_patterns(np.array(list(column.values()), np.int64)) for column in self.columns]
        patterns, count = np.unique(np.concatenate([np.zeros(0, np.int64), *found]), return_counts=True)
        patterns, count = patterns[count > 1], count[count > 1]
        shift = patterns >> 1 & SHIFTS
        bits = self.builder.inputs[0].bits if self.builder.inputs else 0
        gains = (count - 1) * (2 * np.maximum(bits - shift, 0) + 1)
        for gain in np.unique(gains).tolist():
            self.buckets[gain] = patterns[gains == gain].tolist()  # rising: a heap
        self.gains = sorted(-gain for gain in self.buckets)

    def _file(self, pattern: int, gain: int) -> None:
        """Keep a pattern under its gain."""
        bucket = self.buckets[gain]
        if not bucket:
            heapq.heappush(self.gains, -gain)
        heapq.heappush(bucket, pattern)

    def _weight(self, left: int, right: int, shift: int) -> int:
        """Bits that the adder of a pattern removes, twice over: half a bit is for the adder itself, so that
        terms that lie side by side are shared, too.
        """
        bits = self.bits
        both = min(bits[left] - shift, bits[right])
        return 2 * both + 1 if both > 0 else 1

    def _best(self) -> int | None:
        """The pattern that saves most, of equals the first; None if none occurs twice.

        Counts fall unseen, so a pattern is counted anew when it comes up.
        """
        positive, negative = self.positive, self.negative
        while self.gains:
            gain = -self.gains[0]
            bucket = self.buckets[gain]
            while bucket:
                pattern = heapq.heappop(bucket)
                # as ``_occurrences``, here for speed
                left, right, shift = pattern >> LEFT, pattern >> RIGHT & ELEMENTS, pattern >> 1 & SHIFTS
                above, below = positive[right] >> shift, negative[right] >> shift
                if pattern & 1:
                    above, below = below, above
                count = (positive[left] & above | negative[left] & below).bit_count()
                if count < 2 or pattern in self.overlapping:
                    continue
                now = (count - 1) * self._weight(left, right, shift)
                if now == gain:
                    return pattern
                self._file(pattern, now)
            heapq.heappop(self.gains)
        return None

    def _occurrences(self, pattern: int) -> int:
        """Bits where the left term of the pattern is, with the right one in its place."""
        left, right, shift, differs = _split(pattern)
        positive, negative = self.positive[right] >> shift, self.negative[right] >> shift
        if differs:
            positive, negative = negative, positive
        return self.positive[left] & positive | self.negative[left] & negative

    def _places(self, bits: int) -> Iterator[tuple[int, int]]:
        """Column and place of every bit, rising."""
        while bits:
            lowest = bits & -bits
            yield divmod(lowest.bit_length() - 1, self.span)
            bits ^= lowest

    # ---- elimination ----

    def run(self) -> None:
        """Share until nothing occurs twice or the steps are used up."""
        while self.steps > 0 and (pattern := self._best()) is not None:
            self._eliminate(pattern)

    def _eliminate(self, pattern: int) -> None:
        left, right, shift, differs = _split(pattern)
        found = list(self._apart(pattern))
        if len(found) < 2:
            self.overlapping.add(pattern)
            return
        element = self.builder.add(left, right, shift, 1, -1 if differs else 1)
        self.bits[element] = self.builder.elements[element].bits
        for number, place in found:
            first = left << PLACE_BITS | place
            negative = self.columns[number][first] & 1
            self._remove(number, first)
            self._remove(number, right << PLACE_BITS | place + shift)
            self._insert(number, element << PLACE_BITS | place, negative)
        self._count_with(element)

    def _apart(self, pattern: int) -> Iterator[tuple[int, int]]:
        """Column and place of the pattern wherever it occurs, without overlap."""
        left, right, shift, _ = _split(pattern)
        used: set[tuple[int, int]] = set()
        for number, place in self._places(self._occurrences(pattern)):
            if left == right:
                if (number, place) in used:
                    continue
                used.add((number, place + shift))
            yield number, place

    def _count_with(self, element: int) -> None:
        """File the patterns of ``element`` and any other that occur twice."""
        count: Counter[int] = Counter()
        for positive, masks in ((0, self.positive), (1, self.negative)):
            for number, place in self._places(masks[element]):
                column, move = self.columns[number].values(), MIDDLE - place << 1
                count.update([term + move ^ positive for term in column])
                self.steps -= len(column)
        for relative, times in count.items():
            if times > 1:
                other, distance = relative >> PLACE_BITS + 1, (relative >> 1 & PLACES - 1) - MIDDLE
                if distance > 0 or (distance == 0 and element < other):
                    left, right = element, other
                elif other != element:
                    left, right, distance = other, element, -distance
                else:
                    continue  # with itself, which is counted from the other side
                pattern = left << LEFT | right << RIGHT | distance << 1 | relative & 1
                self._file(pattern, (times - 1) * self._weight(left, right, distance))


def _column(weights: IntArray, first: int) -> dict[int, int]:
    """The terms of a column, ``element << PLACE_BITS | place``, each with what it is with its sign."""
    terms = (
        ((first + i << PLACE_BITS) | place, digit < 0)
        for i, weight in enumerate(weights.tolist())
        for place, digit in csd(weight)
    )
    return {term: term << 1 | negative for term, negative in terms}


def _patterns(terms: IntArray) -> IntArray:
    """The patterns of all pairs of signed ``terms``, which rise."""
    i, j = np.triu_indices(len(terms), 1)
    first, second = terms[i], terms[j]
    distance = (second >> 1 & PLACES - 1) - (first >> 1 & PLACES - 1)
    swapped = distance < 0
    left, right = np.where(swapped, second, first), np.where(swapped, first, second)
    pair = (left >> PLACE_BITS + 1) << ELEMENT_BITS | right >> PLACE_BITS + 1
    return (pair << SHIFT_BITS | np.abs(distance)) << 1 | (first ^ second) & 1


def _split(pattern: int) -> tuple[int, int, int, int]:
    """Left element, right element, shift, and whether the signs differ."""
    return pattern >> LEFT, pattern >> RIGHT & ELEMENTS, pattern >> 1 & SHIFTS, pattern & 1
