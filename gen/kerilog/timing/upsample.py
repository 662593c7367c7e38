# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_upsample``."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control


@final
class Upsample(Control):
    """Rows of ``columns`` pixels of ``beats``, each row read ``repeat_rows`` times, each pixel
    ``repeat_columns`` times.
    """

    def __init__(self, *, columns: int, beats: int, repeat_rows: int, repeat_columns: int) -> None:
        super().__init__()
        self.slots: i64 = 1 if columns > 1 else 2
        self.columns: i64 = columns
        self.beats: i64 = beats
        self.repeat_rows: i64 = repeat_rows
        self.repeat_columns: i64 = repeat_columns
        self.held: i64 = 0
        self.write_beat: i64 = 0
        self.write_column: i64 = 0
        self.read_beat: i64 = 0
        self.read_column: i64 = 0
        self.column_repeat: i64 = 0
        self.row_repeat: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        if self.held != self.slots:
            return True
        return self.row_repeat == self.repeat_rows - 1 and self.write_column < self.read_column

    def _word_is_there(self) -> bool:
        if self.held != 0 or self.write_column > self.read_column:
            return True
        return self.write_column == self.read_column and self.write_beat > self.read_beat

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
                self.held += 1

    def _read(self) -> None:
        self.read_beat += 1
        if self.read_beat < self.beats:
            return
        self.read_beat = 0
        self.column_repeat += 1
        if self.column_repeat < self.repeat_columns:
            return
        self.column_repeat = 0
        self.read_column += 1
        if self.read_column < self.columns:
            return
        self.read_column = 0
        self.row_repeat += 1
        if self.row_repeat == self.repeat_rows:
            self.row_repeat = 0
            self.held -= 1

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        if self.valid:
            return 0 if right_ready else NEVER
        return 0 if self._word_is_there() else NEVER

    def state(self) -> tuple[int, ...]:
        return (
            self.valid,
            self.held,
            self.write_beat,
            self.write_column,
            self.read_beat,
            self.read_column,
            self.column_repeat,
            self.row_repeat,
        )
