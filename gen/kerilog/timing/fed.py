# SPDX-License-Identifier: Apache-2.0
"""A unit and the ``krl_window_reader`` in front of it, looked at as one: that is sooner done than both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from mypy_extensions import i64

from kerilog.timing.control import Control
from kerilog.timing.window_reader import WindowReader


@final
class Fed(Control):
    """``unit`` behind ``reader``: the words of a window that is complete are leapt over.

    The two hand over a word in most cycles, and nothing else happens in most of these.
    """

    def __init__(self, reader: WindowReader, unit: Control) -> None:
        super().__init__()
        self.reader = reader
        self.unit = unit

    def ready(self, right_ready: bool) -> bool:
        return self.reader.ready(right_ready)  # whether the unit takes its word or not

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        word, taken = self.reader.valid, self.unit.ready(right_ready)
        self.reader.clock(left_valid, entered, taken, word and taken)
        self.unit.clock(word, word and taken, right_ready, left)
        self.valid = self.unit.valid

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        taken = self.unit.ready(right_ready)
        if self.reader.valid and taken:
            words, room = self.reader.certain(), self.unit.appetite()
            return words if words < room else room
        reading = self.reader.quiet(left_valid, taken)
        working = self.unit.quiet(self.reader.valid, right_ready)
        return reading if reading < working else working

    def skip(self, cycles: i64, left_valid: bool, right_ready: bool) -> None:
        taken = self.unit.ready(right_ready)
        if self.reader.valid and taken:
            self.reader.read_on(cycles)
            self.unit.absorb(cycles)
        else:
            self.reader.skip(cycles, left_valid, taken)
            self.unit.skip(cycles, self.reader.valid, right_ready)

    def state(self) -> tuple[int, ...]:
        return (*self.reader.state(), *self.unit.state())


def fed(controls: Sequence[Control]) -> list[Control]:
    """``controls`` one behind the other, each reader as one with what it feeds."""
    found: list[Control] = []
    for control in controls:
        before = found[-1] if found else None
        if isinstance(before, WindowReader):
            found[-1] = Fed(before, control)
        else:
            found.append(control)
    return found
