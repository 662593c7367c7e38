# SPDX-License-Identifier: Apache-2.0
"""Whether a layer reads its input word by word out of a memory, and how it is folded then."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from kerilog.errors import UnreachedError
from kerilog.hardware.folding import MatrixJob, word_by_word
from kerilog.hardware.kind import Wiring
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.window_reader import WindowReader
from kerilog.hardware.pace import folding_in_turns


@dataclasses.dataclass(frozen=True)
class Held:
    """The ``modules`` of the same layer without reading, and, where it multiplies, its products per cycle."""

    modules: tuple[Module, ...]
    products: int | None = None


@dataclasses.dataclass(frozen=True)
class Reading:
    """A layer that reads the words of its ``job`` out of pixels of so many ``channels``.

    ``reader_of``: what reads them for a folding; ``unit_of``: what multiplies, adds or compares them.
    """

    job: MatrixJob
    channels: int
    reader_of: Callable[[Folding], WindowReader]
    unit_of: Callable[[Folding], Module]

    def foldings(self, cycles: int, interval: int) -> Iterator[Folding]:
        """Those that take at most ``cycles`` per frame, and whose words come in the ``interval``: the best
        first.
        """
        for choice in word_by_word(self.job, self.channels, cycles):
            folding = folding_in_turns(self.job, choice)
            if folding.steps > 1 and self.reader_of(folding).words <= interval:
                yield folding

    @property
    def shortest_interval(self) -> int:
        """The fewest cycles per frame that any folding takes."""
        job = self.job
        paces = (
            max(job.turns * folding.steps, self.reader_of(folding).words)
            for folding in (
                folding_in_turns(job, choice) for choice in word_by_word(job, self.channels, job.macs)
            )
        )
        return min(paces)


def folding_to_read(
    reading: Reading, held: Held, wiring: Wiring, *, cycles: int, turns: int = 1, dearer: float = 1.0
) -> Folding | None:
    """The best folding with which ``reading`` takes at most ``cycles`` per frame, in ``turns`` or more; None
    where all take more than ``dearer`` times the share of an FPGA that ``held`` takes, or more multipliers or
    DSPs than ``wiring`` has extra.
    """
    most = dearer * wiring.share(held.modules)
    dsps = wiring.extra * sum(module.primitives().dsp for module in held.modules)
    for folding in reading.foldings(cycles, wiring.interval):
        if held.products is not None and folding.products > wiring.extra * held.products:
            return None
        reader, unit = reading.reader_of(folding), reading.unit_of(folding)
        affordable = folding.turns >= turns and unit.primitives().dsp <= dsps
        if affordable and wiring.share((reader, unit)) <= most:
            return folding
    return None


def fewest_to_read(reading: Reading, wiring: Wiring, layer: str) -> Folding:
    """The folding with the fewest multipliers with which ``reading``, the only form that ``layer`` has, keeps
    up. Raises UnreachedError.
    """
    folding = next(reading.foldings(wiring.interval, wiring.interval), None)
    if folding is None:
        raise UnreachedError(layer, wiring.interval, reading.shortest_interval)
    return folding
