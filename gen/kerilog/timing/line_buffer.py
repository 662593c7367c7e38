# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_line_buffer``: a ring of rows, or none where bands are the rows."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control, following


@final
class RowStream(Control):
    """``krl_line_buffer`` whose bands are the rows, without padding: words are queued or dropped.

    An image has ``height`` rows of ``row_words`` words; the first ``reads`` words of the first ``out_height``
    rows are used.
    """

    def __init__(self, *, height: int, row_words: int, out_height: int, reads: int) -> None:
        super().__init__()
        self.end_x: i64 = row_words
        self.end_y: i64 = height
        self.used_x: i64 = reads
        self.used_y: i64 = out_height
        self.write_x: i64 = 0
        self.write_y: i64 = 0
        self.level: i64 = 0

    def _word_is_used(self) -> bool:
        return self.write_x < self.used_x and self.write_y < self.used_y

    def ready(self, right_ready: bool) -> bool:
        return self.level != 2 or not self._word_is_used()

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if left:
            self.level -= 1
        if entered:
            if self._word_is_used():
                self.level += 1
            self.write_x += 1
            if self.write_x == self.end_x:
                self.write_x = 0
                self.write_y = following(self.write_y, self.end_y - 1)
        self.valid = self.level != 0

    def state(self) -> tuple[int, ...]:
        return self.write_x, self.write_y, self.level


@final
class LineBuffer(Control):
    """``krl_line_buffer`` with a ring of ``rows`` rows; ``need`` is how many with which no word had to wait.

    An image has ``height`` rows of ``row_words`` words behind ``pad_top`` rows and ``pad_words`` words of
    padding; the first ``reads`` words of each of ``out_height`` bands are read.
    """

    def __init__(
        self,
        *,
        rows: int,
        height: int,
        row_words: int,
        kernel_h: int,
        stride_h: int,
        pad_top: int,
        pad_words: int,
        out_height: int,
        reads: int,
    ) -> None:
        super().__init__()
        reach = (out_height - 1) * stride_h + kernel_h
        self.rows: i64 = rows
        self.kernel_h: i64 = kernel_h
        self.stride_h: i64 = stride_h
        self.first_x: i64 = pad_words
        self.last_x: i64 = pad_words + row_words - 1
        self.first_y: i64 = pad_top
        self.last_y: i64 = pad_top + height - 1
        self.last_used_y: i64 = min(reach - 1, pad_top + height - 1)
        self.gap: i64 = reach - 1 - self.last_used_y + pad_top
        self.row_step: i64 = min(stride_h, kernel_h)
        self.last_read: i64 = reads - 1
        self.last_top: i64 = (out_height - 1) * stride_h
        self.write_x: i64 = pad_words
        self.write_y: i64 = pad_top
        self.held: i64 = 0
        self.ahead: i64 = pad_top
        self.read_x: i64 = 0
        self.read_top: i64 = 0
        self.need: i64 = kernel_h
        self.row_is_used = self._is_used()  # the row that is written
        self.rows_given = self._given()  # rows of the image that the band gives back

    def _is_used(self) -> bool:
        return self.write_y <= self.last_used_y and self.write_y % self.stride_h < self.kernel_h

    def _given(self) -> i64:
        top = self.read_top
        if top == self.last_top:
            return self.last_used_y + 1 - (top if top > self.first_y else self.first_y)
        given = top + self.row_step - (top if top > self.first_y else self.first_y)
        return given if given > 0 else 0

    def ready(self, right_ready: bool) -> bool:
        if self.held < self.rows or not self.row_is_used:
            return True
        return self.held == self.rows and self._place_is_free()

    def _place_is_free(self) -> bool:
        """Whether the word goes to where another one of the band has been read for the last time."""
        return self.read_x > self.write_x and self.rows_given > 0

    def _word_is_there(self) -> bool:
        if self.ahead >= self.kernel_h:
            return True
        if self.ahead != self.kernel_h - 1 or self.write_x <= self.read_x or not self.row_is_used:
            return False
        all_are_given = self.read_top == self.last_top or self.row_step == self.kernel_h
        return not (self.read_x == self.last_read and all_are_given)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        step = (not self.valid or right_ready) and self._word_is_there()
        self.valid = step or (self.valid and not right_ready)
        if entered:
            if self.held >= self.need and self.row_is_used:
                self._measure()
            self._write()
        if step:
            self._read()

    def _measure(self) -> None:
        need = self.held if self._place_is_free() else self.held + 1
        if need > self.need:
            self.need = need

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        if self.valid:
            return 0 if right_ready else NEVER
        return 0 if self._word_is_there() else NEVER

    def _write(self) -> None:
        if self.write_x < self.last_x:
            self.write_x += 1
            return
        if self.row_is_used:
            self.held += 1
            self.ahead += 1
            if self.write_y == self.last_used_y:
                self.ahead += self.gap
        self.write_x = self.first_x
        self.write_y = self.first_y if self.write_y == self.last_y else self.write_y + 1
        self.row_is_used = self._is_used()

    def _read(self) -> None:
        if self.read_x < self.last_read:
            self.read_x += 1
            return
        last = self.read_top == self.last_top
        self.held -= self.rows_given
        self.ahead -= self.kernel_h if last else self.row_step
        self.read_x = 0
        self.read_top += self.stride_h
        if last:
            self.read_top = 0
        self.rows_given = self._given()

    def state(self) -> tuple[int, ...]:
        return (
            self.valid,
            self.write_x,
            self.write_y,
            self.held,
            self.ahead,
            self.read_x,
            self.read_top,
        )
