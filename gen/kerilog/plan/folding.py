# SPDX-License-Identifier: Apache-2.0
"""How many multipliers a layer gets: the least ``pe * simd`` that keeps up with the frame interval.

A layer's choice does not touch that of its neighbours, for converters of lanes stand between them: the least
of each is the least of all.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from kerilog.errors import UnreachedError


@dataclasses.dataclass(frozen=True)
class Folding:
    """``pe`` output lanes of ``simd`` products; results leave ``lanes`` to a beat. ``cycles`` a frame."""

    pe: int
    simd: int
    lanes: int
    cycles: int

    @property
    def multipliers(self) -> int:
        return self.pe * self.simd


@dataclasses.dataclass(frozen=True)
class Shape:
    """A matrix-vector layer as folding sees it: ``vectors`` a frame, each of ``inputs``, giving ``units``
    results.

    A convolution's vectors are its windows; where every unit has a vector of its own, ``inputs`` counts the
    elements of one. ``streams`` says that the vector arrives in beats of ``simd`` elements (a dense layer).
    """

    vectors: int
    inputs: int
    units: int
    streams: bool = False
    most_simd: int | None = None

    @property
    def macs(self) -> int:
        return self.vectors * self.inputs * self.units


def divisors(number: int) -> list[int]:
    """All divisors, rising."""
    return [d for d in range(1, number + 1) if number % d == 0]


def candidates(shape: Shape) -> Iterator[Folding]:
    """The search space: every ``simd`` and ``pe`` that make for fewer folds or groups than one less.

    Results leave with the fewest lanes with which those of a vector are gone before the next one's come;
    these divide ``pe`` and the units.
    """
    lanes_of: dict[int, list[int]] = {}
    for simd in range(1, (shape.most_simd or shape.inputs) + 1):
        folds = -(-shape.inputs // simd)
        if simd > 1 and -(-shape.inputs // (simd - 1)) == folds:
            continue
        for pe in range(1, shape.units + 1):
            groups = -(-shape.units // pe)
            if pe > 1 and -(-shape.units // (pe - 1)) == groups:
                continue
            common = math.gcd(pe, shape.units)
            if common not in lanes_of:
                lanes_of[common] = divisors(common)
            steps = groups * folds
            lanes = next((d for d in lanes_of[common] if shape.units <= d * steps), None)
            if lanes:
                yield Folding(pe, simd, lanes, shape.vectors * steps)


def whole(shape: Shape, interval: int) -> Folding:
    """A multiplier for every weight: a vector a cycle; results leave with the fewest lanes that keep up."""
    lanes = [d for d in divisors(shape.units) if shape.vectors * (shape.units // d) <= interval]
    return Folding(shape.units, shape.inputs, lanes[0] if lanes else shape.units, shape.vectors)


def ranked(shape: Shape, interval: int, input_lanes: int, layer: str) -> list[Folding]:
    """The foldings that need at most ``interval`` cycles a frame, the best first.

    The best has the fewest multipliers; of equals, it takes the stream of ``input_lanes`` as it comes, or
    cuts it evenly; then it pairs output lanes, is fast, and has few lanes. Raises UnreachedError naming
    ``layer`` if even one result a cycle is too slow.
    """
    everything = list(candidates(shape))
    found = [folding for folding in everything if folding.cycles <= interval]
    if not found:
        raise UnreachedError(layer, interval, min(folding.cycles for folding in everything))

    def cost(folding: Folding) -> tuple[int, ...]:
        uneven = _unevenness(folding.simd, input_lanes) if shape.streams else 0
        pairs = -(-folding.pe // 2) * folding.simd
        return folding.multipliers, pairs, uneven, folding.cycles, folding.pe

    return sorted(found, key=cost)


def _unevenness(simd: int, lanes: int) -> int:
    """0 for the same lanes, 1 where one divides the other, 2 for very wide beats and all the rest."""
    if simd == lanes or not lanes:
        return 0
    even = lanes % simd == 0 or (simd % lanes == 0 and simd <= 8 * lanes)
    return 1 if even else 2


def curve(shape: Shape) -> list[tuple[int, int]]:
    """``(cycles, multipliers)`` of the foldings that no other one beats in both, rising in cycles."""
    best: list[tuple[int, int]] = []
    for cycles, multipliers in sorted((f.cycles, f.multipliers) for f in candidates(shape)):
        if not best or multipliers < best[-1][1]:
            best.append((cycles, multipliers))
    return best
