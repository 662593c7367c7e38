# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_matvec``, or ``krl_issue``, with that of the ``krl_serializer`` behind it."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control, check_depth, following


@final
class MatrixVector(Control):
    """``krl_matvec`` and ``krl_serializer``, but for the output register of the latter.

    ``beats``, ``groups``, ``folds``, ``credits``: parameters of ``krl_matvec``; ``latency``: cycles from a
    group's last product to its sums; ``slices``: beats that leave for a group of sums, ``slices_of_last``:
    for the last group of a vector. The last of ``turns`` vectors has the last group; the others have whole
    ones alone.
    """

    def __init__(
        self,
        *,
        beats: int,
        groups: int,
        folds: int,
        latency: int,
        credits: int,
        slices: int,
        slices_of_last: int,
        turns: int = 1,
    ) -> None:
        super().__init__()
        check_depth(latency)
        self.last_beat: i64 = beats - 1
        self.last_step: i64 = groups * folds - 1
        self.folds: i64 = folds
        self.last_fold: i64 = folds - 1
        self.last_group: i64 = turns * groups - 1  # of all turns
        self.last_slice: i64 = slices - 1
        self.last_slice_of_last: i64 = slices_of_last - 1
        self.arrives: i64 = 1 << (latency - 1)
        self.mask: i64 = (1 << latency) - 1
        self.credits: i64 = credits
        self.beat: i64 = 0
        self.step: i64 = 0  # group * FOLDS + fold
        self.fold: i64 = 0
        self.in_flight: i64 = 0
        self.level: i64 = 0
        self.group: i64 = 0
        self.slice: i64 = 0

    def _may_issue(self) -> bool:
        return self.credits != 0 or not self._ends_sum()

    def _ends_sum(self) -> bool:
        return self.fold == self.last_fold and self.beat == self.last_beat

    def ready(self, right_ready: bool) -> bool:
        return self.step == self.last_step and self._may_issue()

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        spend = False
        if left_valid and self._may_issue():
            spend = self._ends_sum()
            self.fold = following(self.fold, self.last_fold)
            if self.step == self.last_step:
                self.step = 0
                self.beat = following(self.beat, self.last_beat)
            else:
                self.step += 1
        if self.in_flight & self.arrives != 0:
            self.level += 1
        if left and self._pop():
            self.credits += 1
            self.level -= 1
        in_flight = (self.in_flight << 1) & self.mask
        if spend:
            self.credits -= 1
            in_flight |= 1
        self.in_flight = in_flight
        self.valid = self.level != 0

    def quiet(self, left_valid: bool, right_ready: bool) -> i64:
        arrival = self._arrival()
        if not left_valid or not self._may_issue():
            return arrival
        steps = self._plain_steps()
        return steps if steps < arrival else arrival

    def _arrival(self) -> i64:
        """Cycles in which no sum arrives."""
        in_flight = self.in_flight
        if in_flight == 0:
            return NEVER
        cycles: i64 = 0
        while in_flight & self.arrives == 0:
            in_flight <<= 1
            cycles += 1
        return cycles

    def _plain_steps(self) -> i64:
        """Steps to the next one that may end a sum or the beat."""
        to_the_end = self.last_step - self.step
        if self.beat != self.last_beat:
            return to_the_end
        to_the_sum = self.last_fold - self.fold
        return to_the_sum if to_the_sum < to_the_end else to_the_end

    def skip(self, cycles: i64, left_valid: bool, right_ready: bool) -> None:
        if self.in_flight != 0:  # then there are fewer cycles than registers
            self.in_flight <<= cycles
        if left_valid and self._may_issue():
            self.step += cycles
            self.fold = (self.fold + cycles) % self.folds

    def appetite(self) -> i64:
        if self.last_step != 0:
            return 0
        beats, arrival = self.last_beat - self.beat, self._arrival()
        return beats if beats < arrival else arrival

    def absorb(self, beats: i64) -> None:
        self.beat += beats
        if self.in_flight != 0:  # then there are fewer beats than registers
            self.in_flight <<= beats

    def _pop(self) -> bool:
        """Hand one beat out; True if it was the last of its word."""
        last_group = self.group == self.last_group
        if self.slice < (self.last_slice_of_last if last_group else self.last_slice):
            self.slice += 1
            return False
        self.slice = 0
        self.group = following(self.group, self.last_group)
        return True

    def state(self) -> tuple[int, ...]:
        return (
            self.beat,
            self.step,
            self.in_flight,
            self.level,
            self.credits,
            self.group,
            self.slice,
        )
