# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_window`` behind its line buffer."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control, following


@final
class ShiftedWindow(Control):
    """PIXELS = 1: columns are shifted past the window.

    A row of windows has ``out_width`` windows and is read in ``reads`` columns; ``pad_left`` and ``tail``
    columns of padding are before and behind it, of which ``unshared`` cannot be columns of the next row, too.
    ``waiting``: finished windows that may wait.
    """

    def __init__(
        self,
        *,
        out_width: int,
        reads: int,
        kernel_w: int,
        stride_w: int,
        pad_left: int,
        tail: int,
        unshared: int,
        waiting: int,
    ) -> None:
        super().__init__()
        self.last_column: i64 = reads - 1
        self.last_out: i64 = out_width - 1
        self.wait_first: i64 = kernel_w - pad_left - 1
        self.wait_next: i64 = stride_w - 1
        self.whole_tail: i64 = tail
        self.shared: i64 = tail - unshared
        self.full = (1 << waiting) - 1
        self.top = 1 << (waiting - 1)
        self.valids = 0
        self.column: i64 = 0
        self.out: i64 = 0
        self.tail: i64 = 0
        self.columns_to_wait: i64 = self.wait_first
        self.row_to_wait: i64 = self.wait_first

    def _may_shift(self, right_ready: bool) -> bool:
        return right_ready or self.columns_to_wait != 0 or self.valids != self.full

    def ready(self, right_ready: bool) -> bool:
        return self.tail <= self.shared and self._may_shift(right_ready)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        shift = entered or (self.tail != 0 and self._may_shift(right_ready))
        self._hand_on(shift and self.columns_to_wait == 0, right_ready)
        if shift:
            self._shift(entered)

    def _hand_on(self, comes: bool, right_ready: bool) -> None:
        """Every finished window goes on that can; a further one joins them."""
        stay = 0
        if not right_ready:
            place = self.top
            while self.valids & place:
                stay |= place
                place >>= 1
        moved = (self.valids ^ stay) << 1
        if comes:
            moved |= 1
        self.valids = stay | (moved & self.full)
        self.valid = self.valids & self.top != 0

    def _shift(self, entered: bool) -> None:
        row_ends = entered and self.column == self.last_column
        row_waits = self.row_to_wait
        if entered and self.tail != 0:
            row_waits -= 1
        if entered:
            self.column = following(self.column, self.last_column)
        if row_ends:
            self.tail = self.whole_tail
        elif self.tail > 0:
            self.tail -= 1
        self.row_to_wait = row_waits
        if self.columns_to_wait:
            self.columns_to_wait -= 1
        elif self.out == self.last_out:
            self.out = 0
            self.columns_to_wait, self.row_to_wait = row_waits, self.wait_first
        else:
            self.out += 1
            self.columns_to_wait = self.wait_next

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        if self.tail != 0 and self._may_shift(right_ready):
            return 0
        return 0 if (self.valids << 1) & ~self.valids & self.full else NEVER

    def state(self) -> tuple[int, ...]:
        return self.valids, self.column, self.out, self.tail, self.columns_to_wait, self.row_to_wait


@final
class QueuedWindow(Control):
    """PIXELS > 1: words of ``pixels`` columns join a queue of columns.

    A row of windows has ``out_width`` windows over ``columns`` columns and is read in ``reads`` words, of
    which the first begins with ``skipped`` columns that no window needs.
    """

    def __init__(
        self,
        *,
        out_width: int,
        columns: int,
        reads: int,
        pixels: int,
        skipped: int,
        kernel_w: int,
        stride_w: int,
    ) -> None:
        super().__init__()
        inside = max(kernel_w, stride_w)
        self.last_word: i64 = reads - 1
        self.last_out: i64 = out_width - 1
        self.pixels: i64 = pixels
        self.kernel_w: i64 = kernel_w
        self.stride_w: i64 = stride_w
        self.need_inside: i64 = inside
        self.most_before_word: i64 = 2 * inside - 1
        self.first_count: i64 = columns if reads == 1 else pixels - skipped
        self.last_count: i64 = columns if reads == 1 else skipped + columns - (reads - 1) * pixels
        self.level: i64 = 0
        self.word: i64 = 0
        self.out: i64 = 0

    def ready(self, right_ready: bool) -> bool:
        return self.level <= self.most_before_word

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if left:
            if self.out == self.last_out:
                self.level -= self.kernel_w
                self.out = 0
            else:
                self.level -= self.stride_w
                self.out += 1
        if entered:
            self._add_word()
        need = self.kernel_w if self.out == self.last_out else self.need_inside
        self.valid = self.level >= need

    def _add_word(self) -> None:
        last = self.word == self.last_word
        if self.word == 0:
            self.level += self.first_count
        else:
            self.level += self.last_count if last else self.pixels
        self.word = following(self.word, self.last_word)

    def state(self) -> tuple[int, ...]:
        return self.level, self.word, self.out
