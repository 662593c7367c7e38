# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_fifo``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import Control


@final
class Fifo(Control):
    """``peak`` is the highest level seen, ``room`` the depth at which no beat would have had to wait.

    The two differ where a beat came while another left: a full queue accepts none in such a cycle.
    """

    def __init__(self, *, depth: int) -> None:
        super().__init__()
        self.depth: i64 = depth
        self.level: i64 = 0
        self.peak: i64 = 0
        self.room: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        return self.level != self.depth

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        level = self.level
        if entered:
            level += 1
            if level > self.room:
                self.room = level
        if left:
            level -= 1
        if level > self.peak:
            self.peak = level
        self.level = level
        self.valid = level != 0

    def state(self) -> tuple[int, ...]:
        return (self.level,)
