# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_crop`` and of ``krl_running_max``: some beats go on, the others end here."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import Control


@final
class Crop(Control):
    """Of ``rows`` x ``columns`` x ``beats``, those from each ``first`` to each ``last`` go on.

    ``krl_running_max`` hands on results with the beats of the last pixel.
    """

    def __init__(
        self,
        *,
        rows: int,
        columns: int,
        beats: int,
        first_row: int = 0,
        last_row: int,
        first_column: int = 0,
        last_column: int,
        first_beat: int = 0,
        last_beat: int,
    ) -> None:
        super().__init__()
        self.rows: i64 = rows
        self.columns: i64 = columns
        self.beats: i64 = beats
        self.first_row: i64 = first_row
        self.last_row: i64 = last_row
        self.first_column: i64 = first_column
        self.last_column: i64 = last_column
        self.first_beat: i64 = first_beat
        self.last_beat: i64 = last_beat
        self.row: i64 = 0
        self.column: i64 = 0
        self.beat: i64 = 0
        self.keep = self._is_kept()

    def _is_kept(self) -> bool:
        if self.row < self.first_row or self.row > self.last_row:
            return False
        if self.column < self.first_column or self.column > self.last_column:
            return False
        return self.first_beat <= self.beat and self.beat <= self.last_beat

    def ready(self, right_ready: bool) -> bool:
        return right_ready or not self.valid or not self.keep

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        self.valid = (entered and self.keep) or (self.valid and not right_ready)
        if not entered:
            return
        self.beat += 1
        if self.beat == self.beats:
            self.beat = 0
            self.column += 1
            if self.column == self.columns:
                self.column = 0
                self.row += 1
                if self.row == self.rows:
                    self.row = 0
        self.keep = self._is_kept()

    def appetite(self) -> i64:
        dropped = (self.first_column - self.column) * self.beats - self.beat - 1  # of the row, that end here
        return 0 if self.valid or self.keep or dropped < 0 else dropped

    def absorb(self, beats: i64) -> None:
        place = self.column * self.beats + self.beat + beats
        self.column = place // self.beats
        self.beat = place % self.beats

    def state(self) -> tuple[int, ...]:
        return self.valid, self.row, self.column, self.beat
