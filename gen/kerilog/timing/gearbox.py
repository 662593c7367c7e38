# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_gearbox``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import Control, following


@final
class Gearbox(Control):
    """A queue of elements, ``elements`` to a frame, in by ``lanes_in`` and out by ``lanes_out`` at a time."""

    def __init__(self, *, lanes_in: int, lanes_out: int, elements: int) -> None:
        super().__init__()
        beats = -(-elements // lanes_in)
        fill = -elements % lanes_out
        self.last_beat: i64 = beats - 1
        self.gain: i64 = lanes_in
        self.gain_of_last: i64 = elements - (beats - 1) * lanes_in + fill
        self.given: i64 = lanes_out
        self.most_before_beat: i64 = lanes_out + min(lanes_in, lanes_out) - 1
        self.level: i64 = 0
        self.beat: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        return self.level <= self.most_before_beat

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if left:
            self.level -= self.given
        if entered:
            self.level += self.gain_of_last if self.beat == self.last_beat else self.gain
            self.beat = following(self.beat, self.last_beat)
        self.valid = self.level >= self.given

    def state(self) -> tuple[int, ...]:
        return self.level, self.beat
