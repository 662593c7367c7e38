# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_permute``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control


@final
class Permute(Control):
    """Blocks of ``beats``: one is read, once it is whole, while the next one is written."""

    def __init__(self, *, beats: int) -> None:
        super().__init__()
        self.beats: i64 = beats
        self.held: i64 = 0
        self.written: i64 = 0
        self.read: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        return self.held != 2

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        step = self.held != 0 and (not self.valid or right_ready)
        self.valid = step or (self.valid and not right_ready)
        if entered:
            self.written += 1
            if self.written == self.beats:
                self.written = 0
                self.held += 1
        if step:
            self.read += 1
            if self.read == self.beats:
                self.read = 0
                self.held -= 1

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        if self.valid:
            return 0 if right_ready else NEVER
        return 0 if self.held else NEVER

    def state(self) -> tuple[int, ...]:
        return self.valid, self.held, self.written, self.read
