# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_register``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control


@final
class Register(Control):
    """Two places; ``ready`` is a register that rises in the cycle after the reset."""

    def __init__(self) -> None:
        super().__init__()
        self.level: i64 = 0
        self.open = False

    def ready(self, right_ready: bool) -> bool:
        return self.open

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        level = self.level
        if entered:
            level += 1
        if left:
            level -= 1
        self.level = level
        self.valid = level != 0
        self.open = level != 2

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        return NEVER if self.open == (self.level != 2) else 0

    def state(self) -> tuple[int, ...]:
        return self.level, int(self.open)
