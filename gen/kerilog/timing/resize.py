# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_resize``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control, following


@final
class Resize(Control):
    """Two rows of ``columns`` pixels of ``beats``, read as tables say.

    ``steps``: rows from one row of the output to the next, the last one to the next image; ``below``: whether
    each needs the row below too. ``first`` and ``last``: the columns that each pixel of a row needs.
    """

    def __init__(
        self,
        *,
        columns: int,
        beats: int,
        first_row: int,
        steps: tuple[int, ...],
        below: tuple[bool, ...],
        first: tuple[int, ...],
        last: tuple[int, ...],
    ) -> None:
        super().__init__()
        self.columns: i64 = columns
        self.beats: i64 = beats
        self.steps = steps
        self.below = below
        self.first = first
        self.last = last
        self.rows_out: i64 = len(steps)
        self.columns_out: i64 = len(first)
        self.ahead: i64 = -first_row
        self.write_beat: i64 = 0
        self.write_column: i64 = 0
        self.read_beat: i64 = 0
        self.column_out: i64 = 0
        self.row_out: i64 = 0
        self._look_up_row()
        self._look_up_column()

    def _look_up_row(self) -> None:
        self.row_step: i64 = self.steps[self.row_out]
        # rows behind the first that are read
        self.below_is_read: i64 = 1 if self.below[self.row_out] else 0

    def _look_up_column(self) -> None:
        self.read_column: i64 = self.first[self.column_out]
        self.last_column: i64 = self.last[self.column_out]

    def ready(self, right_ready: bool) -> bool:
        return self.ahead != 2 or (self.row_step != 0 and self.write_column < self.read_column)

    def _word_is_there(self) -> bool:
        if self.ahead != self.below_is_read:
            return self.ahead > self.below_is_read
        if self.write_column != self.last_column:
            return self.write_column > self.last_column
        return self.write_beat > self.read_beat

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        step = (not self.valid or right_ready) and self._word_is_there()
        self.valid = step or (self.valid and not right_ready)
        if entered:
            self._write()
        if step:
            self._read()

    def _write(self) -> None:
        self.write_beat += 1
        if self.write_beat == self.beats:
            self.write_beat = 0
            self.write_column += 1
            if self.write_column == self.columns:
                self.write_column = 0
                self.ahead += 1

    def _read(self) -> None:
        self.read_beat += 1
        if self.read_beat < self.beats:
            return
        self.read_beat = 0
        self.column_out += 1
        if self.column_out == self.columns_out:
            self.column_out = 0
            self.ahead -= self.row_step
            self.row_out = following(self.row_out, self.rows_out - 1)
            self._look_up_row()
        self._look_up_column()

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        if self.valid:
            return 0 if right_ready else NEVER
        return 0 if self._word_is_there() else NEVER

    def state(self) -> tuple[int, ...]:
        return (
            self.valid,
            self.ahead,
            self.write_beat,
            self.write_column,
            self.read_beat,
            self.column_out,
            self.row_out,
        )
