# SPDX-License-Identifier: Apache-2.0
"""The control of pipelines whose registers stand still together."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control, check_depth


@final
class Pipe(Control):
    """``depth`` registers: the requantizers, ``krl_add``, ``krl_max``; with one, ``krl_lookup``."""

    def __init__(self, *, depth: int) -> None:
        super().__init__()
        check_depth(depth)
        self.top: i64 = 1 << (depth - 1)
        self.mask: i64 = (1 << depth) - 1
        self.valids: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        return right_ready or not self.valid

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if right_ready or not self.valid:
            valids = (self.valids << 1) & self.mask
            if entered:
                valids |= 1
            self.valids = valids
            self.valid = valids & self.top != 0

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        if self.valid or not self.valids:
            return NEVER
        cycles: i64 = 0
        valids = self.valids
        while valids & self.top == 0:
            valids <<= 1
            cycles += 1
        return cycles

    def skip(self, cycles: i64, left_valid: bool, right_ready: bool) -> None:
        if not self.valid and self.valids:
            self.valids <<= cycles
            self.valid = self.valids & self.top != 0

    def state(self) -> tuple[int, ...]:
        return (self.valids,)
