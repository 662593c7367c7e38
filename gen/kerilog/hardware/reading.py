# SPDX-License-Identifier: Apache-2.0
"""Whether a layer reads its input word by word out of a memory, and how it is folded then."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from kerilog.hardware.folding import MatrixJob, word_by_word
from kerilog.hardware.kind import Wiring
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding, Widths
from kerilog.hardware.modules.window_reader import WindowReader
from kerilog.hardware.pace import folding_in_turns
from kerilog.hardware.sums import multiplier


@dataclasses.dataclass(frozen=True)
class Held:
    """The same layer without reading: its ``folding``, and what stands ``beside`` the multipliers."""

    folding: Folding
    beside: tuple[Module, ...] = ()


def folding_to_read(
    job: MatrixJob,
    channels: int,
    bits: tuple[int, int],
    held: Held,
    reader_of: Callable[[Folding], WindowReader],
    wiring: Wiring,
    *,
    cycles: int,
    turns: int = 1,
    dearer: float = 1.0,
) -> Folding | None:
    """The best folding of ``job`` that reads words of ``channels``, in ``turns`` or more and at most
    ``cycles`` per frame; None where all take more than ``dearer`` times the share of an FPGA that ``held``
    takes, or more multipliers or DSPs than ``wiring`` has extra.

    ``bits``: of an element and of a weight.
    """
    widths = Widths(*bits, sum(bits) + job.inputs.bit_length())
    kept = multiplier(held.folding, widths)
    most = dearer * wiring.share((*held.beside, kept))
    for choice in word_by_word(job, channels, cycles):
        folding = folding_in_turns(job, choice)
        if folding.products > wiring.extra * held.folding.products:
            return None
        reader, read = reader_of(folding), multiplier(folding, widths)
        if folding.steps == 1 or folding.turns < turns or reader.words > wiring.interval:
            continue
        affordable = read.primitives().dsp <= wiring.extra * kept.primitives().dsp
        if affordable and wiring.share((reader, read)) <= most:
            return folding
    return None
