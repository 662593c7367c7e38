# SPDX-License-Identifier: Apache-2.0
"""How many multipliers a layer gets: the least ``pe * simd`` that keeps up with the frame interval."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from kerilog.errors import KerilogError

# beats that are gathered into one at the most: a wide beat waits for its elements, and must be queued
# meanwhile
WIDEST = 8


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

    A convolution's vectors are its windows. ``streams`` says that the vector arrives in beats of ``simd``
    elements (a dense layer), made from beats of ``input_lanes``.
    """

    vectors: int
    inputs: int
    units: int
    streams: bool
    input_lanes: int


def divisors(number: int) -> list[int]:
    """All divisors, rising."""
    return [d for d in range(1, number + 1) if number % d == 0]


def least_folding(shape: Shape, interval: int, layer: str) -> Folding:
    """The folding with the fewest multipliers that needs at most ``interval`` cycles a frame.

    Of equals the fastest, then one that takes the stream as it comes, then the fewest lanes. Raises
    KerilogError naming ``layer`` if even one result a cycle is too slow.
    """
    found = [folding for folding in _candidates(shape) if folding.cycles <= interval]
    if not found:
        best = min(folding.cycles for folding in _candidates(shape))
        raise KerilogError(
            f"layer '{layer}': no folding reaches {interval} cycles a frame; its shortest interval is {best}"
        )
    return min(
        found, key=lambda f: (f.multipliers, f.cycles, shape.streams and f.simd != shape.input_lanes, f.pe)
    )


def _candidates(shape: Shape) -> Iterator[Folding]:
    for simd in _simds(shape):
        for pe in range(1, shape.units + 1):
            groups = -(-shape.units // pe)
            if pe > 1 and -(-shape.units // (pe - 1)) == groups:
                continue  # the same groups with a lane less
            steps = groups * -(-shape.inputs // simd)
            # results of a vector must leave while the next one is worked on
            lanes = [d for d in divisors(math.gcd(pe, shape.units)) if shape.units // d <= steps]
            if lanes:
                yield Folding(pe, simd, lanes[0], shape.vectors * steps)


def _simds(shape: Shape) -> list[int]:
    """Products a lane may sum in a cycle."""
    if not shape.streams:
        return list(range(1, shape.inputs + 1))
    lanes = shape.input_lanes
    multiples = range(lanes, min(WIDEST, shape.inputs) * lanes + 1, lanes)
    return sorted({*divisors(lanes), *multiples})
