# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_pad``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control


@final
class Pad(Control):
    """``rows`` x ``columns`` pixels of ``beats``, steps apart, within ``rows_out`` x ``columns_out``."""

    def __init__(
        self,
        *,
        rows: int,
        columns: int,
        beats: int,
        rows_out: int,
        columns_out: int,
        top: int,
        left: int,
        step_rows: int,
        step_columns: int,
    ) -> None:
        super().__init__()
        self.beats: i64 = beats
        self.rows_out: i64 = rows_out
        self.columns_out: i64 = columns_out
        self.top: i64 = top
        self.left: i64 = left
        self.bottom: i64 = top + (rows - 1) * step_rows
        self.right: i64 = left + (columns - 1) * step_columns
        self.step_rows: i64 = step_rows
        self.step_columns: i64 = step_columns
        self.row: i64 = 0
        self.column: i64 = 0
        self.beat: i64 = 0
        self.is_real = self._is_real()

    def _is_real(self) -> bool:
        """Whether the beat that goes out next is one that comes in."""
        if self.row < self.top or self.row > self.bottom:
            return False
        if self.column < self.left or self.column > self.right:
            return False
        down, across = self.row - self.top, self.column - self.left
        return down % self.step_rows == 0 and across % self.step_columns == 0

    def _has_begun(self) -> bool:
        """Whether a beat of the image has gone out: it waits until the first one is offered."""
        return self.beat != 0 or self.column != 0 or self.row != 0

    def ready(self, right_ready: bool) -> bool:
        return self.is_real and (right_ready or not self.valid)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if self.valid and not right_ready:
            return
        self.valid = entered or (not self.is_real and (left_valid or self._has_begun()))
        if not self.valid:
            return
        self.beat += 1
        if self.beat == self.beats:
            self.beat = 0
            self.column += 1
            if self.column == self.columns_out:
                self.column = 0
                self.row += 1
                if self.row == self.rows_out:
                    self.row = 0
            self.is_real = self._is_real()

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        if self.valid:
            return 0 if right_ready else NEVER
        return 0 if not self.is_real and (left_valid or self._has_begun()) else NEVER

    def state(self) -> tuple[int, ...]:
        return self.valid, self.row, self.column, self.beat
