# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_window`` and the modules inside it, without their data."""

from __future__ import annotations

from collections.abc import Iterator

from kerilog.hardware.modules.window import Window
from kerilog.plan.module import NEVER, Module


class RowStream(Module):
    """``krl_line_buffer`` whose bands are the rows, without padding: words are queued or dropped."""

    def __init__(self, window: Window) -> None:
        self.end_x, self.end_y = window.row_words, window.height
        self.used_x = window.reads
        self.used_y = window.out_height
        self.write_x = self.write_y = self.level = 0

    def _word_is_used(self) -> bool:
        return self.write_x < self.used_x and self.write_y < self.used_y

    def ready(self, right_ready: bool) -> bool:
        return self.level != 2 or not self._word_is_used()

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        self.level += (entered and self._word_is_used()) - left
        self.valid = self.level != 0
        if entered:
            self.write_x += 1
            if self.write_x == self.end_x:
                self.write_x = 0
                self.write_y = 0 if self.write_y == self.end_y - 1 else self.write_y + 1


class LineBuffer(Module):
    """``krl_line_buffer``, as the one of ``window``."""

    def __init__(self, window: Window) -> None:
        self.rows, self.kernel_h, self.stride_h = window.rows, window.kernel_h, window.stride_h
        self.first_x, self.end_x = window.pad_words, window.pad_words + window.row_words
        self.first_y, self.last_y = window.pad_top, window.pad_top + window.height - 1
        reach = (window.out_height - 1) * window.stride_h + window.kernel_h
        self.last_used_y = min(reach - 1, self.last_y)
        self.gap = reach - 1 - self.last_used_y + window.pad_top
        self.row_step = min(window.stride_h, window.kernel_h)
        self.reads = window.reads
        self.last_top = (window.out_height - 1) * window.stride_h
        self.write_x, self.write_y = self.first_x, self.first_y
        self.held, self.ahead = 0, window.pad_top
        self.read_x = self.read_top = 0

    def _row_is_used(self) -> bool:
        return self.write_y <= self.last_used_y and self.write_y % self.stride_h < self.kernel_h

    def _rows_given(self) -> int:
        """Rows of the image that the band gives back."""
        if self.read_top == self.last_top:
            return self.last_used_y + 1 - max(self.last_top, self.first_y)
        return max(0, self.read_top + self.row_step - max(self.read_top, self.first_y))

    def ready(self, right_ready: bool) -> bool:
        if not self._row_is_used() or self.held < self.rows:
            return True
        return self.held == self.rows and self._rows_given() > 0 and self.read_x > self.write_x

    def _word_is_there(self) -> bool:
        if self.ahead >= self.kernel_h:
            return True
        arriving = self.ahead == self.kernel_h - 1 and self._row_is_used() and self.write_x > self.read_x
        all_are_given = self.read_top == self.last_top or self.row_step == self.kernel_h
        return arriving and not (self.read_x == self.reads - 1 and all_are_given)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        step = self._word_is_there() and (not self.valid or right_ready)
        self.valid = step or (self.valid and not right_ready)
        if entered:
            self._write()
        if step:
            self._read()

    def quiet(self, left_valid: bool, right_ready: bool) -> int:
        reads = self._word_is_there() and (not self.valid or right_ready)
        return 0 if reads or (self.valid and right_ready) else NEVER

    def _write(self) -> None:
        if self.write_x < self.end_x - 1:
            self.write_x += 1
            return
        if self._row_is_used():
            self.held += 1
            self.ahead += 1 + (self.gap if self.write_y == self.last_used_y else 0)
        self.write_x = self.first_x
        self.write_y = self.first_y if self.write_y == self.last_y else self.write_y + 1

    def _read(self) -> None:
        if self.read_x < self.reads - 1:
            self.read_x += 1
            return
        self.held -= self._rows_given()
        self.ahead -= self.kernel_h if self.read_top == self.last_top else self.row_step
        self.read_x = 0
        self.read_top = 0 if self.read_top == self.last_top else self.read_top + self.stride_h


class ShiftedWindow(Module):
    """The part of ``krl_window`` behind its line buffer, with PIXELS = 1."""

    def __init__(self, window: Window) -> None:
        self.last_column, self.last_out = window.reads - 1, window.out_width - 1
        self.wait_first = window.kernel_w - window.pad_left - 1
        self.wait_next = window.stride_w - 1
        self.whole_tail, self.shared = window.tail, window.tail - window.unshared
        self.full = (1 << window.waiting) - 1
        self.top = 1 << (window.waiting - 1)
        self.column = self.out = self.tail = self.valids = 0
        self.columns_to_wait = self.row_to_wait = self.wait_first

    def _may_shift(self, right_ready: bool) -> bool:
        return self.columns_to_wait != 0 or right_ready or self.valids != self.full

    def ready(self, right_ready: bool) -> bool:
        return self.tail <= self.shared and self._may_shift(right_ready)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        shift = entered or (self.tail != 0 and self._may_shift(right_ready))
        self._hand_on(shift and self.columns_to_wait == 0, right_ready)
        if shift:
            self._shift(entered)

    def _hand_on(self, comes: bool, right_ready: bool) -> None:
        """Every finished window goes on that can; a further one joins them."""
        stay, place = 0, self.top
        while not right_ready and self.valids & place:
            stay |= place
            place >>= 1
        self.valids = stay | ((self.valids & ~stay) << 1 | comes) & self.full
        self.valid = self.valids & self.top != 0

    def _shift(self, entered: bool) -> None:
        row_ends = entered and self.column == self.last_column
        row_waits = self.row_to_wait - (entered and self.tail != 0)
        if entered:
            self.column = 0 if row_ends else self.column + 1
        self.tail = self.whole_tail if row_ends else max(0, self.tail - 1)
        self.row_to_wait = row_waits
        if self.columns_to_wait:
            self.columns_to_wait -= 1
        elif self.out == self.last_out:
            self.out = 0
            self.columns_to_wait, self.row_to_wait = row_waits, self.wait_first
        else:
            self.out += 1
            self.columns_to_wait = self.wait_next

    def quiet(self, left_valid: bool, right_ready: bool) -> int:
        pads = self.tail != 0 and self._may_shift(right_ready)
        goes_on = self.valids << 1 & ~self.valids & self.full
        return 0 if pads or goes_on else NEVER


class QueuedWindow(Module):
    """The part of ``krl_window`` behind its line buffer, with PIXELS > 1."""

    def __init__(self, window: Window) -> None:
        self.words, self.out_width = window.reads, window.out_width
        self.pixels, self.kernel_w, self.stride_w = window.pixels, window.kernel_w, window.stride_w
        self.need_inside = max(window.kernel_w, window.stride_w)
        self.most_before_word = 2 * self.need_inside - 1
        skipped = window.pad_words * window.pixels - window.pad_left
        end = skipped + window.columns
        self.first_count = window.columns if self.words == 1 else window.pixels - skipped
        self.last_count = window.columns if self.words == 1 else end - (self.words - 1) * window.pixels
        self.level = self.word = self.out = 0

    def ready(self, right_ready: bool) -> bool:
        return self.level <= self.most_before_word

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if left:
            out_is_last = self.out == self.out_width - 1
            self.level -= self.kernel_w if out_is_last else self.stride_w
            self.out = 0 if out_is_last else self.out + 1
        if entered:
            word_is_last = self.word == self.words - 1
            self.level += (
                self.first_count if self.word == 0 else self.last_count if word_is_last else self.pixels
            )
            self.word = 0 if word_is_last else self.word + 1
        need = self.kernel_w if self.out == self.out_width - 1 else self.need_inside
        self.valid = self.level >= need


def window_modules(window: Window) -> Iterator[Module]:
    """The modules inside ``krl_window``."""
    yield RowStream(window) if window.has_no_memory else LineBuffer(window)
    if window.pixels > 1:
        yield QueuedWindow(window)
    elif window.kernel_w > 1 or window.stride_w > 1:
        yield ShiftedWindow(window)
