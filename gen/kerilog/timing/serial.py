# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_requantize_serial``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control, following


@final
class Serial(Control):
    """A beat takes ``steps`` cycles and leaves in the last one; ``delay``: registers in the multiplier.

    Three results wait at most: a product, a sum and a code.
    """

    def __init__(self, *, steps: int, delay: int) -> None:
        super().__init__()
        self.last_step: i64 = steps - 1
        self.arrives: i64 = 1 << delay  # of the flags of last digits, that of one whose product is there
        self.step: i64 = 0
        self.primed = False
        self.on_the_way: i64 = 0
        self.product = False
        self.result = False

    def _advances(self, right_ready: bool) -> bool:
        return right_ready or not (self.valid and self.result and self.product)

    def ready(self, right_ready: bool) -> bool:
        return self.primed and self.step == self.last_step and self._advances(right_ready)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        advances = self._advances(right_ready)
        code_free = right_ready or not self.valid
        result_free = code_free or not self.result
        if code_free:
            self.valid = self.result
        if result_free:
            self.result = self.product
        if advances:
            multiplies = left_valid and self.primed
            on_the_way = self.on_the_way << 1
            if multiplies and self.step == self.last_step:
                on_the_way |= 1
            self.product = on_the_way & self.arrives != 0
            self.on_the_way = on_the_way & (self.arrives - 1)
            if multiplies:
                self.step = following(self.step, self.last_step)
        self.primed = True

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        if not self.primed or self._moves(right_ready):
            return 0
        if left_valid and self._advances(right_ready):
            return self.last_step - self.step
        return NEVER

    def _moves(self, right_ready: bool) -> bool:
        """Whether one of the results goes on."""
        code_free = right_ready or not self.valid
        if self.on_the_way != 0:
            return self._advances(right_ready)
        if code_free:
            return self.valid or self.result or self.product
        return self.product and not self.result

    def skip(self, cycles: i64, left_valid: bool, right_ready: bool) -> None:
        if left_valid and self.primed and self._advances(right_ready):
            self.step += cycles

    def state(self) -> tuple[int, ...]:
        return (self.step, self.primed, self.on_the_way, self.product, self.result, self.valid)
