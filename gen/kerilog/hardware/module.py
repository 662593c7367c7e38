# SPDX-License-Identifier: Apache-2.0
"""What is known of one instance of a module of ``hw/rtl``, whichever it is.

Its parameters, its timing and its area stand together in one class, in the file of ``hardware/modules`` that
has the module's name. Whoever prints, times or counts hardware asks these classes, never what kind they are.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

from kerilog.hardware.memories import Memory
from kerilog.timing.control import Control

Counts = Mapping[str, float]
"""What the LUTs and flip-flops of a module grow with, by the names in ``area/weights.json``."""


@dataclasses.dataclass(frozen=True)
class Area:
    """``lut``: look-up tables of logic; ``lutram``: those used as memories and shift registers; ``ff``:
    flip-flops; ``bram18``: block RAMs of 18 Kbit; ``bram_bits``: what is stored in them; ``dsp``: DSP48E1.
    """

    lut: float = 0
    lutram: float = 0
    ff: float = 0
    bram18: int = 0
    bram_bits: int = 0
    dsp: int = 0

    def __add__(self, other: Area) -> Area:
        return Area(
            self.lut + other.lut,
            self.lutram + other.lutram,
            self.ff + other.ff,
            self.bram18 + other.bram18,
            self.bram_bits + other.bram_bits,
            self.dsp + other.dsp,
        )

    def __mul__(self, count: int) -> Area:
        return Area(
            self.lut * count,
            self.lutram * count,
            self.ff * count,
            self.bram18 * count,
            self.bram_bits * count,
            self.dsp * count,
        )

    @property
    def luts(self) -> int:
        """All look-up tables, of logic and of memories."""
        return round(self.lut + self.lutram)


class Module(abc.ABC):
    """One instance of the module ``library`` of ``hw/rtl``."""

    library: ClassVar[str]

    @abc.abstractmethod
    def parameters(self) -> dict[str, int | str]:
        """The Verilog parameters as they are printed, in the order of the module."""

    def controls(self) -> Sequence[Control]:
        """The registers that decide when a beat moves, freshly reset; none if the module never waits."""
        return ()

    @abc.abstractmethod
    def counts(self) -> Counts:
        """What its LUTs and flip-flops grow with; the method's docstring says what is counted."""

    def primitives(self) -> Area:
        """The DSPs, block RAMs and LUT memories that follow from the rules of ``hardware.mapping``."""
        return Area()

    @property
    def parts(self) -> tuple[tuple[Module, int], ...]:
        """Modules inside that ``counts`` leaves out, each with how many there are."""
        return ()

    @property
    def memories(self) -> tuple[Memory, ...]:
        """The ROMs that the module reads."""
        return ()

    @property
    def copies(self) -> int:
        """How many times each of ``memories`` is there."""
        return 1
