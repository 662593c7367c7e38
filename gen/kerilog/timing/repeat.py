# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_repeat``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import Control, following


@final
class Repeat(Control):
    """Every ``beats`` beats ``times`` times in turn; the next come in behind the last turn."""

    def __init__(self, *, beats: int, times: int) -> None:
        super().__init__()
        self.last_beat: i64 = beats - 1
        self.last_turn: i64 = times - 1
        self.beat: i64 = 0
        self.turn: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        return self.turn == 0 and (right_ready or not self.valid)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if not right_ready and self.valid:
            return
        self.valid = entered or self.turn > 0
        if not self.valid:
            return
        if self.beat < self.last_beat:
            self.beat += 1
            return
        self.beat = 0
        self.turn = following(self.turn, self.last_turn)

    def state(self) -> tuple[int, ...]:
        return int(self.valid), self.beat, self.turn
