# SPDX-License-Identifier: Apache-2.0
"""How many multipliers a layer gets: the least ``pe * simd`` that keeps up with the frame interval.

A layer's choice does not affect that of its neighbours, since converters of lanes stand between them: the
least of each is the least of all.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator

from kerilog.errors import UnreachedError
from kerilog.graph import Shape


@dataclasses.dataclass(frozen=True)
class Candidate:
    """``pe`` output lanes of ``simd`` products; results leave ``lanes`` per beat; ``cycles`` per frame."""

    pe: int
    simd: int
    lanes: int
    cycles: int

    @property
    def multipliers(self) -> int:
        return self.pe * self.simd


@dataclasses.dataclass(frozen=True)
class Shares:
    """How multipliers are shared out beyond the fewest with which every layer keeps up with the interval.

    A layer may have ``extra`` times as many where that takes less of an FPGA, and a dense layer may take
    ``overlap`` times as much of an FPGA to work at the same time as the one behind it.

    With ``haste`` dense layers have a short latency. They alternate, whatever that takes: one that works
    output by output and the one behind it, input by input, work at the same time. Such a phase of ``m``
    products per frame takes at most ``haste * sqrt(m / largest)`` of the interval, where ``largest`` is the
    most that a layer has: with so many multipliers in all, the latency of phases one after the other is least
    if each has them in proportion to the square root of its products (with p of them it takes m / p cycles).
    A layer at the network's input begins such a phase if it ``reads_input``, else it is one by itself. If it
    ``spares_dsps``, results that come at the end of a phase leave through many requantizers out of adders,
    which take several cycles for each, not through a few with DSPs.
    """

    extra: float = 1.0
    haste: float = math.inf
    overlap: float = 1.0
    reads_input: bool = False
    spares_dsps: bool = False

    @property
    def hurries(self) -> bool:
        """Whether the latency of dense layers matters."""
        return not math.isinf(self.haste)


FEWEST = Shares()


@dataclasses.dataclass(frozen=True)
class MatrixJob:
    """A matrix-vector layer as folding sees it: ``turns`` per frame, each of which gives ``outputs`` results,
    sums of ``inputs`` products.

    A convolution's turns are its windows, or several neighbours in a row of ``across``. The outputs share
    ``vectors`` between them; each vector has ``inputs`` elements. ``streams`` says that it arrives in beats
    of ``simd`` elements (a dense layer). ``channels``: of a pixel, where windows can only be read word by
    word; else 0.
    """

    turns: int
    inputs: int
    outputs: int
    vectors: int = 1
    across: int = 1
    streams: bool = False
    channels: int = 0

    @property
    def macs(self) -> int:
        return self.turns * self.inputs * self.outputs

    def side_by_side(self, windows: int) -> MatrixJob:
        """With ``windows`` neighbours to a turn; they divide ``across``."""
        return dataclasses.replace(
            self,
            turns=self.turns // windows,
            outputs=self.outputs * windows,
            vectors=self.vectors * windows,
            across=self.across // windows,
        )

    def windows_for(self, interval: int) -> int:
        """The fewest windows side by side with which there is time for every turn; at most all of a row."""
        enough = [n for n in divisors(self.across) if self.turns // n <= interval]
        return enough[0] if enough else self.across


def divisors(number: int) -> list[int]:
    """All divisors, rising."""
    return [d for d in range(1, number + 1) if number % d == 0]


def possible_lanes(shape: Shape) -> list[int]:
    """The lanes that a tensor's stream may be given, rising: they divide its channels, or are whole pixels
    that divide a row.
    """
    *_, width, channels = (1, *shape)
    return [*divisors(channels), *(pixels * channels for pixels in divisors(width))]


def _fewest_for_each_share(number: int) -> Iterator[int]:
    """Every count of lanes with which ``number`` takes fewer turns than with one lane less, rising."""
    lanes = 1
    while lanes < number:
        yield lanes
        lanes = -(-number // (-(-number // lanes) - 1))
    yield number


@functools.lru_cache(maxsize=1024)
def candidates(job: MatrixJob) -> tuple[Candidate, ...]:
    """The search space: every ``simd`` and ``pe`` that make for fewer folds or groups than one less.

    Results leave with the fewest lanes with which those of a vector are gone before the next one's come;
    these divide ``pe`` and the outputs.
    """
    return tuple(word_by_word(job, job.channels, job.macs) if job.channels else _candidates(job))


def _candidates(job: MatrixJob) -> Iterator[Candidate]:
    lanes_of: dict[int, list[int]] = {}
    for simd in _fewest_for_each_share(job.inputs):
        for pe in _fewest_for_each_share(job.outputs):
            common = math.gcd(pe, job.outputs)
            if common not in lanes_of:
                lanes_of[common] = divisors(common)
            steps = -(-job.outputs // pe) * -(-job.inputs // simd)
            lanes = next((d for d in lanes_of[common] if job.outputs <= d * steps), None)
            if lanes:
                yield Candidate(pe, simd, lanes, job.turns * steps)


def word_by_word(job: MatrixJob, channels: int, interval: int) -> list[Candidate]:
    """The foldings of windows that are read word by word and need at most ``interval`` cycles per frame, the
    best first, as in ``ranked``.

    A word holds ``simd`` of the channels of a vector; or those of several vectors, all of them, for all
    outputs of each.
    """
    depth, own = channels // job.vectors, job.outputs // job.vectors  # of a vector
    shares = _fewest_for_each_share(own) if job.vectors == 1 else divisors(own)
    choices = [(pe, simd) for pe in shares for simd in divisors(depth)]
    choices += [(several * own, depth) for several in divisors(job.vectors)[1:]]
    found: list[Candidate] = []
    for pe, simd in choices:
        steps = -(-job.outputs // pe) * (job.inputs // simd)
        common = math.gcd(pe, job.outputs)
        lanes = next((d for d in divisors(common) if job.outputs <= d * steps), None)
        if lanes and job.turns * steps <= interval:
            found.append(Candidate(pe, simd, lanes, job.turns * steps))
    return sorted(found, key=lambda f: (f.multipliers, -(-f.pe // 2) * f.simd, f.cycles, f.pe))


def drained(job: MatrixJob, choice: Candidate, cycles: int) -> Candidate:
    """``choice`` with the fewest lanes in which all results of a vector leave within ``cycles``, or with the
    most that there can be.
    """
    possible = divisors(math.gcd(choice.pe, job.outputs))
    enough = next((lanes for lanes in possible if job.outputs <= lanes * cycles), possible[-1])
    return dataclasses.replace(choice, lanes=max(choice.lanes, enough))


def whole(job: MatrixJob, interval: int) -> Candidate:
    """A multiplier for every weight: a vector per cycle; results leave with the fewest lanes that keep up."""
    lanes = [d for d in divisors(job.outputs) if job.turns * (job.outputs // d) <= interval]
    return Candidate(job.outputs, job.inputs, lanes[0] if lanes else job.outputs, job.turns)


def ranked(job: MatrixJob, interval: int, input_lanes: int | None, layer: str) -> list[Candidate]:
    """The foldings that need at most ``interval`` cycles per frame, the best first.

    The best has the fewest multipliers; of equals it pairs output lanes, then takes the stream of
    ``input_lanes`` as it comes or cuts it evenly, then is fast and has few lanes. Raises UnreachedError
    naming ``layer`` if even a multiplier for every product is too slow.
    """
    everything = candidates(job)
    found = [folding for folding in everything if folding.cycles <= interval]
    if not found:
        raise UnreachedError(layer, interval, min(folding.cycles for folding in everything))

    def cost(folding: Candidate) -> tuple[int, ...]:
        uneven = _unevenness(folding.simd, input_lanes) if job.streams else 0
        pairs = -(-folding.pe // 2) * folding.simd
        return folding.multipliers, pairs, uneven, folding.cycles, folding.pe

    return sorted(found, key=cost)


def _unevenness(simd: int, lanes: int | None) -> int:
    """0 for the same lanes, 1 where one divides the other, 2 for very wide beats and all the rest."""
    if lanes is None or simd == lanes:
        return 0
    even = lanes % simd == 0 or (simd % lanes == 0 and simd <= 8 * lanes)
    return 1 if even else 2


def refolded(job: MatrixJob) -> set[int]:
    """The intervals from which on ``job`` has fewer multipliers, or as many of which more share a DSP."""
    found = set()
    fewer = job.macs + 1
    for windows in divisors(job.across):
        part = job.side_by_side(windows)
        best = (part.macs + 1, 0)
        for folding in sorted(candidates(part), key=lambda folding: folding.cycles):
            cost = (folding.multipliers, -(-folding.pe // 2) * folding.simd)
            if folding.cycles < fewer and cost < best:
                best = cost
                found.add(folding.cycles)
        fewer = part.turns
    return found


def curve(job: MatrixJob) -> list[tuple[int, int]]:
    """``(cycles, multipliers)`` of the foldings that no other one beats in both, rising in cycles.

    More windows side by side are for fewer cycles than less of them can reach: these, with a multiplier for
    every product of a turn, waste nothing, so that none beats them where they are fast enough.
    """
    found: list[tuple[int, int]] = []
    fewer = job.macs + 1
    for windows in divisors(job.across):
        part = job.side_by_side(windows)
        found += [(f.cycles, f.multipliers) for f in candidates(part) if f.cycles < fewer]
        fewer = part.turns
    best: list[tuple[int, int]] = []
    for cycles, multipliers in sorted(found):
        if not best or multipliers < best[-1][1]:
            best.append((cycles, multipliers))
    return best
