# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_window_reader``: a ring of rows whose windows are read word by word."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control


@final
class WindowReader(Control):
    """``krl_window_reader`` with a ring of ``rows`` rows; ``need``: how many with which no word had to wait.

    An image has ``height`` rows of ``width`` pixels of ``slices`` words; the cells of a window are
    ``dilation_h`` and ``dilation_w`` pixels apart. Each of ``groups`` groups of slices is read in ``passes``.
    """

    def __init__(
        self,
        *,
        rows: int,
        height: int,
        width: int,
        slices: int,
        kernel_h: int,
        kernel_w: int,
        dilation_h: int,
        dilation_w: int,
        stride_h: int,
        stride_w: int,
        pad_top: int,
        pad_left: int,
        out_height: int,
        out_width: int,
        passes: int,
        groups: int,
    ) -> None:
        super().__init__()
        span = (kernel_h - 1) * dilation_h + 1
        reach = (out_height - 1) * stride_h + span
        self.rows: i64 = rows
        self.span: i64 = span
        self.stride_h: i64 = stride_h
        self.end_x: i64 = width * slices
        self.first_y: i64 = pad_top
        self.last_y: i64 = pad_top + height - 1
        self.last_used_y: i64 = min(reach - 1, pad_top + height - 1)
        self.gap: i64 = reach - 1 - self.last_used_y + pad_top
        self.row_step: i64 = min(stride_h, span)
        self.last_top: i64 = (out_height - 1) * stride_h
        self.words: i64 = slices // groups  # of a group of a pixel
        self.pixel_step: i64 = dilation_w * slices - slices // groups + 1
        self.last_run: i64 = kernel_w * slices // groups - 1
        self.last_tap: i64 = span - 1
        self.tap_step: i64 = dilation_h
        self.last_pass: i64 = passes - 1
        self.last_group: i64 = groups - 1
        self.last_out: i64 = out_width - 1
        self.window_step: i64 = stride_w * slices - (slices - slices // groups)
        self.first_left: i64 = -pad_left * slices
        self.cell: i64 = dilation_w * slices  # from a word to the same of the next cell
        self.reach: i64 = (kernel_w - 1) * dilation_w * slices + slices // groups - 1
        self.write_x: i64 = 0
        self.write_y: i64 = pad_top
        self.held: i64 = 0
        self.ahead: i64 = pad_top
        self.run: i64 = 0
        self.slice: i64 = 0
        self.tap: i64 = 0  # in rows below the top of the band
        self.turn: i64 = 0  # the pass
        self.group: i64 = 0
        self.out: i64 = 0
        self.top: i64 = 0
        self.left: i64 = self.first_left
        self.x: i64 = self.first_left
        self.need: i64 = min(span, height)
        self.row_is_used = self._is_used()  # the row that is written
        self.rows_given = self._given()  # rows of the image that the band gives back

    def _is_used(self) -> bool:
        return self.write_y <= self.last_used_y and self.write_y % self.stride_h < self.span

    def _given(self) -> i64:
        top = self.top
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
        return self.left > self.write_x and self.rows_given > 0

    def _word_is_there(self) -> bool:
        if self.ahead >= self.span:
            return True
        arrives = self.ahead == self.tap and self.row_is_used and self.x < self.write_x
        is_padding = self.x < 0 or self.x >= self.end_x
        return (is_padding or arrives or self.ahead > self.tap) and not self._row_is_missing()

    def _row_is_missing(self) -> bool:
        """Whether the word is the last of a band that gives back more rows than are complete."""
        if self.run != self.last_run or self.tap != self.last_tap or self.turn != self.last_pass:
            return False
        if self.group != self.last_group or self.out != self.last_out:
            return False
        return self.ahead < (self.span if self.top == self.last_top else self.row_step)

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

    def certain(self) -> i64:
        """Words of the pass, but for its last, that are there whatever comes in."""
        words: i64 = 0
        run, tap = self.run, self.tap
        while self._run_is_there(tap):
            if tap == self.last_tap:
                return words + self.last_run - run
            words += self.last_run + 1 - run
            run = 0
            tap += self.tap_step
        return words

    def _run_is_there(self, tap: i64) -> bool:
        """Whether the row of the window is there as far as the image goes."""
        if tap < self.ahead:
            return True
        end = self.left + self.reach
        last = end if end < self.end_x else self.end_x - 1
        return tap == self.ahead and self.row_is_used and last < self.write_x

    def read_on(self, words: i64) -> None:
        """Read as many words, no more than are ``certain``."""
        run = self.run + words
        length = self.last_run + 1
        self.tap += run // length * self.tap_step
        self.run = run % length
        self.slice = self.run % self.words
        self.x = self.left + self.run // self.words * self.cell + self.slice

    def _write(self) -> None:
        self.write_x += 1
        if self.write_x < self.end_x:
            return
        if self.row_is_used:
            self.held += 1
            self.ahead += 1
            if self.write_y == self.last_used_y:
                self.ahead += self.gap
        self.write_x = 0
        self.write_y = self.first_y if self.write_y == self.last_y else self.write_y + 1
        self.row_is_used = self._is_used()

    def _read(self) -> None:
        if self.run < self.last_run:
            self.run += 1
            self.slice += 1
            self.x += 1
            if self.slice == self.words:
                self.slice = 0
                self.x += self.pixel_step - 1
            return
        self.run = 0
        self.slice = 0
        if self.tap < self.last_tap:
            self.tap += self.tap_step
        else:
            self.tap = 0
            self._end_pass()
        self.x = self.left

    def _end_pass(self) -> None:
        if self.turn < self.last_pass:
            self.turn += 1
            return
        self.turn = 0
        if self.group < self.last_group:
            self.group += 1
            self.left += self.words
            return
        self.group = 0
        if self.out < self.last_out:
            self.out += 1
            self.left += self.window_step
            return
        self.out = 0
        self.left = self.first_left
        last = self.top == self.last_top
        self.held -= self.rows_given
        self.ahead -= self.span if last else self.row_step
        self.top += self.stride_h
        if last:
            self.top = 0
        self.rows_given = self._given()

    def state(self) -> tuple[int, ...]:
        return (
            self.valid,
            self.write_x,
            self.write_y,
            self.held,
            self.ahead,
            self.run,
            self.tap,
            self.turn,
            self.group,
            self.out,
            self.top,
        )
