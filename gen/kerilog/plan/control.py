# SPDX-License-Identifier: Apache-2.0
"""The control of every hardware module, without its data.

Each class below has the registers of one module of ``hw/rtl`` that decide *when* a beat moves, under the same
names, and nothing else.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator

from kerilog.plan.design import (
    FifoStage,
    LanesStage,
    MatVec,
    MaxPooling2DStage,
    Serializer,
    Stage,
    SumStage,
    Window,
)
from kerilog.plan.operations import AddStage, LookupStage, WindowedStage

NEVER = 1 << 60  # more cycles than anything takes


class Module(abc.ABC):
    """One module: beats enter on its left and leave on its right.

    ``valid`` depends on registers alone; ``ready`` may depend on the ready of the module to the right.
    """

    valid = False

    @abc.abstractmethod
    def ready(self, right_ready: bool) -> bool:
        """Whether a beat can come in now."""

    @abc.abstractmethod
    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        """One clock edge.

        ``entered``, ``left``: a beat has come in, gone out; ``left_valid``: one is on offer.
        """

    def quiet(self, left_valid: bool, right_ready: bool) -> int:
        """For how many cycles ``valid`` and ``ready`` stay as they are while no beat moves on either side.

        0 if ``clock`` must find out.
        """
        return NEVER

    def skip(self, cycles: int, left_valid: bool, right_ready: bool) -> None:  # noqa: B027 - most stand still
        """As many clock edges at once, no more than ``quiet`` says."""


class Fork:
    """``krl_fork``: a beat on the left is offered to every output, and gone when all have taken it."""

    def __init__(self, outputs: int) -> None:
        self.done = [False] * outputs

    @property
    def taken(self) -> int:
        """The ``done`` bits as one number."""
        return sum(done << place for place, done in enumerate(self.done))


class Queue(Module):
    """``krl_fifo``; ``peak`` is the highest level seen."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.level = 0
        self.peak = 0

    def ready(self, right_ready: bool) -> bool:
        return self.level != self.depth

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        self.level += entered - left
        self.peak = max(self.peak, self.level)
        self.valid = self.level != 0


class Widen(Module):
    """``krl_lanes`` with LANES_OUT >= LANES_IN.

    ``ratio`` beats make one, the last of a frame may be partial.
    """

    def __init__(self, ratio: int, beats: int) -> None:
        self.ratio, self.beats = ratio, beats
        self.slice = self.beat = 0

    def ready(self, right_ready: bool) -> bool:
        return not self.valid or right_ready

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if right_ready:
            self.valid = False
        if entered:
            last = self.beat == self.beats - 1
            self.valid = last or self.slice == self.ratio - 1
            self.slice = 0 if self.valid else self.slice + 1
            self.beat = 0 if last else self.beat + 1


class Narrow(Module):
    """``krl_lanes`` with LANES_OUT < LANES_IN: one beat makes ``ratio``."""

    def __init__(self, ratio: int) -> None:
        self.ratio = ratio
        self.slices = 0

    def ready(self, right_ready: bool) -> bool:
        return self.slices == 0 or (self.slices == 1 and right_ready)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        self.slices = self.ratio if entered else self.slices - left
        self.valid = self.slices != 0


class Gearbox(Module):
    """``krl_gearbox``: a queue of elements."""

    def __init__(self, lanes_in: int, lanes_out: int, elements: int) -> None:
        self.beats = -(-elements // lanes_in)
        self.gain, self.given = lanes_in, lanes_out
        fill = -elements % lanes_out
        self.gain_of_last = elements - (self.beats - 1) * lanes_in + fill
        self.most_before_beat = lanes_out + min(lanes_in, lanes_out) - 1
        self.level = self.beat = 0

    def ready(self, right_ready: bool) -> bool:
        return self.level <= self.most_before_beat

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if left:
            self.level -= self.given
        if entered:
            last = self.beat == self.beats - 1
            self.level += self.gain_of_last if last else self.gain
            self.beat = 0 if last else self.beat + 1
        self.valid = self.level >= self.given


class Pipe(Module):
    """``depth`` registers that stand still together: the requantizers, and ``krl_max`` with one."""

    def __init__(self, depth: int) -> None:
        self.top = 1 << (depth - 1)
        self.mask = (1 << depth) - 1
        self.valids = 0

    def ready(self, right_ready: bool) -> bool:
        return right_ready or not self.valid

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if right_ready or not self.valid:
            self.valids = (self.valids << 1 | entered) & self.mask
            self.valid = self.valids & self.top != 0

    def quiet(self, left_valid: bool, right_ready: bool) -> int:
        if self.valid or not self.valids:
            return NEVER
        return self.top.bit_length() - self.valids.bit_length()

    def skip(self, cycles: int, left_valid: bool, right_ready: bool) -> None:
        if not self.valid and self.valids:
            self.valids <<= cycles
            self.valid = self.valids & self.top != 0


class MatrixVector(Module):
    """``krl_matvec`` and the ``krl_serializer`` behind it."""

    def __init__(self, matvec: MatVec, serializer: Serializer) -> None:
        self.beats, self.per_beat, self.folds = matvec.beats, matvec.groups * matvec.folds, matvec.folds
        self.groups = matvec.groups
        self.slices = serializer.pe // serializer.lanes
        self.slices_of_last_group = (
            serializer.units - (matvec.groups - 1) * serializer.pe
        ) // serializer.lanes
        self.arrives = 1 << (matvec.latency - 1)
        self.credits = matvec.credits
        self.beat = self.step = 0  # step = group * FOLDS + fold
        self.in_flight = 0
        self.level = self.group = self.slice = 0

    def _may_issue(self) -> bool:
        ends_sum = self.beat == self.beats - 1 and self.step % self.folds == self.folds - 1
        return not ends_sum or self.credits != 0

    def ready(self, right_ready: bool) -> bool:
        return self.step == self.per_beat - 1 and self._may_issue()

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        spend = False
        if left_valid and self._may_issue():
            spend = self.beat == self.beats - 1 and self.step % self.folds == self.folds - 1
            self.step += 1
            if self.step == self.per_beat:
                self.step = 0
                self.beat = 0 if self.beat == self.beats - 1 else self.beat + 1
        taken = left and self._pop()
        self.credits += taken - spend
        self.level += (self.in_flight & self.arrives != 0) - taken
        self.in_flight = (self.in_flight << 1 | spend) & (2 * self.arrives - 1)
        self.valid = self.level != 0

    def quiet(self, left_valid: bool, right_ready: bool) -> int:
        arrival = NEVER
        if self.in_flight:
            arrival = self.arrives.bit_length() - self.in_flight.bit_length()
        if not left_valid or not self._may_issue():
            return arrival
        return min(arrival, self._plain_steps())

    def _plain_steps(self) -> int:
        """Steps to the next one that may end a sum or the beat."""
        to_the_end = self.per_beat - 1 - self.step
        if self.beat != self.beats - 1:
            return to_the_end
        return min(to_the_end, self.folds - 1 - self.step % self.folds)

    def skip(self, cycles: int, left_valid: bool, right_ready: bool) -> None:
        self.in_flight <<= cycles
        if left_valid and self._may_issue():
            self.step += cycles

    def _pop(self) -> bool:
        """Hand one beat out; True if it was the last of its word."""
        last_group = self.group == self.groups - 1
        if self.slice < (self.slices_of_last_group if last_group else self.slices) - 1:
            self.slice += 1
            return False
        self.slice = 0
        self.group = 0 if last_group else self.group + 1
        return True


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
        self.level = window.pad_top
        self.read_x = self.read_top = 0

    def _row_is_used(self) -> bool:
        return self.write_y <= self.last_used_y and self.write_y % self.stride_h < self.kernel_h

    def ready(self, right_ready: bool) -> bool:
        return not self._row_is_used() or self.level < self.rows

    def _word_is_there(self, places_given: int) -> bool:
        if self.level >= self.kernel_h:
            return True
        arriving = self.level == self.kernel_h - 1 and self._row_is_used() and self.write_x > self.read_x
        return arriving and not (self.read_x == self.reads - 1 and places_given == self.kernel_h)

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        places_given = self.kernel_h if self.read_top == self.last_top else self.row_step
        step = self._word_is_there(places_given) and (not self.valid or right_ready)
        self.valid = step or (self.valid and not right_ready)
        gained = self._write() if entered else 0
        released = self._read(places_given) if step else 0
        self.level += gained - released

    def quiet(self, left_valid: bool, right_ready: bool) -> int:
        places_given = self.kernel_h if self.read_top == self.last_top else self.row_step
        reads = self._word_is_there(places_given) and (not self.valid or right_ready)
        return 0 if reads or (self.valid and right_ready) else NEVER

    def _write(self) -> int:
        """Take a word; the rows that become complete with it."""
        if self.write_x < self.end_x - 1:
            self.write_x += 1
            return 0
        gained = 0
        if self._row_is_used():
            gained = 1 + (self.gap if self.write_y == self.last_used_y else 0)
        self.write_x = self.first_x
        self.write_y = self.first_y if self.write_y == self.last_y else self.write_y + 1
        return gained

    def _read(self, places_given: int) -> int:
        """Read a word; the rows given back with it."""
        if self.read_x < self.reads - 1:
            self.read_x += 1
            return 0
        self.read_x = 0
        self.read_top = 0 if self.read_top == self.last_top else self.read_top + self.stride_h
        return places_given


class ShiftedWindow(Module):
    """The part of ``krl_window`` behind its line buffer, with PIXELS = 1."""

    def __init__(self, window: Window) -> None:
        self.columns = window.columns
        self.wait_first, self.wait_next = window.kernel_w - 1, window.stride_w - 1
        self.column = 0
        self.columns_to_wait = self.wait_first

    def ready(self, right_ready: bool) -> bool:
        return self.columns_to_wait != 0 or right_ready or not self.valid

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        completes = self.columns_to_wait == 0
        if right_ready or not self.valid:
            self.valid = entered and completes
        if entered:
            row_ends = self.column == self.columns - 1
            self.column = 0 if row_ends else self.column + 1
            self.columns_to_wait = (
                self.wait_first if row_ends else self.wait_next if completes else self.columns_to_wait - 1
            )


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
    yield LineBuffer(window)
    yield ShiftedWindow(window) if window.pixels == 1 else QueuedWindow(window)


def modules_of(stage: Stage) -> Iterator[Module]:
    """The modules of a stage, in the order of the data."""
    if isinstance(stage, FifoStage):
        yield Queue(stage.depth)
    elif isinstance(stage, LanesStage):
        if stage.uneven:
            yield Gearbox(stage.lanes_in, stage.lanes_out, stage.elements)
        elif stage.output.lanes >= stage.input.lanes:
            yield Widen(stage.output.lanes // stage.input.lanes, stage.input.beats)
        else:
            yield Narrow(stage.input.lanes // stage.output.lanes)
    elif isinstance(stage, SumStage):
        if isinstance(stage, WindowedStage):
            yield from window_modules(stage.window)
        yield MatrixVector(stage.matvec, stage.serializer)
        yield Pipe(stage.requantizer.latency)
    elif isinstance(stage, MaxPooling2DStage):
        yield from window_modules(stage.window)
        yield Pipe(stage.latency)
    elif isinstance(stage, AddStage):
        yield Pipe(stage.addition.latency)
    elif isinstance(stage, LookupStage):
        yield Pipe(1)
    else:
        raise TypeError(f"no timing model for {type(stage).__name__}")
