# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_lanes``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import Control, following


@final
class Widen(Control):
    """LANES_OUT >= LANES_IN: ``ratio`` beats make one; the last of a frame of ``beats`` may be partial."""

    def __init__(self, *, ratio: int, beats: int) -> None:
        super().__init__()
        self.last_slice: i64 = ratio - 1
        self.last_beat: i64 = beats - 1
        self.slice: i64 = 0
        self.beat: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        return not self.valid or right_ready

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if right_ready:
            self.valid = False
        if entered:
            self.valid = self.beat == self.last_beat or self.slice == self.last_slice
            self.slice += 1
            if self.valid:
                self.slice = 0
            self.beat = following(self.beat, self.last_beat)

    def state(self) -> tuple[int, ...]:
        return self.valid, self.slice, self.beat


@final
class Narrow(Control):
    """LANES_OUT < LANES_IN: one beat makes ``ratio``."""

    def __init__(self, *, ratio: int) -> None:
        super().__init__()
        self.ratio: i64 = ratio
        self.slices: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        return self.slices == 0 or (self.slices == 1 and right_ready)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if entered:
            self.slices = self.ratio
        elif left:
            self.slices -= 1
        self.valid = self.slices != 0

    def state(self) -> tuple[int, ...]:
        return (self.slices,)
