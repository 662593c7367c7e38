# SPDX-License-Identifier: Apache-2.0
"""The control of every hardware module, without its data.

Each class below has the registers of one module of ``hw/rtl`` that decide *when* a beat moves, under the same
names, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerilog.hardware.design import (
    FifoStage,
    LanesStage,
    MatVec,
    MaxPooling2DStage,
    Serializer,
    Stage,
    SumStage,
)
from kerilog.hardware.operations import AddStage, LookupStage, WindowedStage
from kerilog.plan.module import NEVER, Module
from kerilog.plan.window_control import window_modules


class Queue(Module):
    """``krl_fifo``; ``peak`` is the highest level seen, ``room`` the depth at which no beat had to wait.

    The two differ where a beat came while another left: a full queue takes none in such a cycle.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.level = 0
        self.peak = self.room = 0

    def ready(self, right_ready: bool) -> bool:
        return self.level != self.depth

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        if entered:
            self.room = max(self.room, self.level + 1)
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
    """``krl_matvec`` and the ``krl_serializer`` behind it, but for the output register of that."""

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
        return self.credits != 0 or not self._ends_sum()

    def _ends_sum(self) -> bool:
        return self.beat == self.beats - 1 and self.step % self.folds == self.folds - 1

    def ready(self, right_ready: bool) -> bool:
        return self.step == self.per_beat - 1 and self._may_issue()

    def clock(self, left_valid: bool, entered: bool, right_ready: bool, left: bool) -> None:
        spend = False
        if left_valid and self._may_issue():
            spend = self._ends_sum()
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
        yield Pipe(1)  # the output register of krl_serializer
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
