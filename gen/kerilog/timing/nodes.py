# SPDX-License-Identifier: Apache-2.0
"""Controls connected by streams; each is looked at only in the cycles in which something may happen to it.

Whoever changes a wire wakes the node at its other end. A node that has nothing to do sleeps until then, or
until the cycle for which it asks; what it has slept through it catches up on at once.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control


@final
class Stream:
    """The two wires of a handshake, from the node ``source`` on their left to ``target`` on their right."""

    def __init__(self) -> None:
        self.valid = False
        self.ready = True
        self.source: Node | None = None
        self.target: Node | None = None

    def offer(self, valid: bool, cycle: i64, awake: list[Node]) -> None:
        """Drive ``valid``."""
        target = self.target
        if self.valid != valid and target is not None:
            target.catch_up(cycle)
            self.valid = valid
            awake.append(target)

    def take(self, ready: bool, cycle: i64, awake: list[Node]) -> None:
        """Drive ``ready``."""
        source = self.source
        if self.ready != ready and source is not None:
            source.catch_up(cycle)
            self.ready = ready
            awake.append(source)


class Node(abc.ABC):
    """What lies between streams.

    In a cycle all that are awake ``offer``, then all ``take``, then all ``act``. Offering and taking adds to
    ``awake`` whoever is at the other end of a wire that changes; it may be there before, and does so again.
    """

    def __init__(self) -> None:
        self.place: i64 = 0  # in the schedule
        self.cycle: i64 = 0  # its registers are those at the beginning of this one

    def catch_up(self, cycle: i64) -> None:
        """Clock edges up to the beginning of ``cycle``, in which nothing happened."""
        self.cycle = cycle

    def offer(self, awake: list[Node]) -> None:  # noqa: B027 - a sink offers nothing
        """Drive ``valid`` on the right."""

    def take(self, awake: list[Node]) -> None:  # noqa: B027 - a source takes nothing
        """Drive ``ready`` on the left."""

    @abc.abstractmethod
    def act(self) -> i64:
        """The clock edge at the end of the cycle, 0, or for how many cycles there need be none."""

    def state(self) -> tuple[int, ...]:
        """All that decides what happens next."""
        return ()


@final
class ControlNode(Node):
    """A module with one stream on either side."""

    def __init__(self, control: Control, left: Stream, right: Stream) -> None:
        super().__init__()
        self.control = control
        self.left = left
        self.right = right
        left.target = self
        right.source = self

    def catch_up(self, cycle: i64) -> None:
        cycles = cycle - self.cycle
        if cycles > 0:
            self.control.skip(cycles, self.left.valid, self.right.ready)
            self.cycle = cycle

    def offer(self, awake: list[Node]) -> None:
        right, valid = self.right, self.control.valid
        if right.valid != valid:  # asked here, too: this runs most often
            right.offer(valid, self.cycle, awake)

    def take(self, awake: list[Node]) -> None:
        left, ready = self.left, self.control.ready(self.right.ready)
        if left.ready != ready:
            left.take(ready, self.cycle, awake)

    def act(self) -> i64:
        left, right = self.left, self.right
        left_valid, right_ready = left.valid, right.ready
        entered, gone = left_valid and left.ready, right.valid and right_ready
        if not (entered or gone):
            quiet = self.control.quiet(left_valid, right_ready)
            if quiet:
                return quiet
        self.control.clock(left_valid, entered, right_ready, gone)
        self.cycle += 1
        return 0

    def state(self) -> tuple[int, ...]:
        return self.control.state()


@final
class Fork(Node):
    """``krl_fork``: a beat on the left is offered to every output, and gone when all have taken it."""

    def __init__(self, left: Stream, outputs: Sequence[Stream]) -> None:
        super().__init__()
        self.left = left
        self.outputs = list(outputs)
        self.done = [False] * len(self.outputs)
        left.target = self
        for stream in self.outputs:
            stream.source = self

    def offer(self, awake: list[Node]) -> None:
        valid = self.left.valid
        for place in range(len(self.outputs)):
            self.outputs[place].offer(valid and not self.done[place], self.cycle, awake)

    def take(self, awake: list[Node]) -> None:
        all_taken = True
        for place in range(len(self.outputs)):
            if not (self.done[place] or self.outputs[place].ready):
                all_taken = False
        self.left.take(all_taken, self.cycle, awake)

    def act(self) -> i64:
        waits, moves = not self.left.ready, False
        for place in range(len(self.outputs)):
            stream = self.outputs[place]
            if stream.valid and stream.ready:
                moves = True
                self.done[place] = True
        if not moves:
            return NEVER
        if not waits:
            for place in range(len(self.done)):
                self.done[place] = False
        self.cycle += 1
        return 0

    def state(self) -> tuple[int, ...]:
        return tuple(self.done)


@final
class Join(Node):
    """A beat of each of the ``inputs``, together, as in front of ``krl_add``. It has no registers."""

    def __init__(self, inputs: Sequence[Stream], right: Stream) -> None:
        super().__init__()
        self.inputs = list(inputs)
        self.right = right
        right.source = self
        for stream in self.inputs:
            stream.target = self

    def offer(self, awake: list[Node]) -> None:
        self.right.offer(self._missing() == 0, self.cycle, awake)

    def take(self, awake: list[Node]) -> None:
        missing, ready = self._missing(), self.right.ready
        for stream in self.inputs:  # each waits for all others
            others = missing == 0 or (missing == 1 and not stream.valid)
            stream.take(ready and others, self.cycle, awake)

    def _missing(self) -> i64:
        """How many inputs offer no beat."""
        missing: i64 = 0
        for stream in self.inputs:
            if not stream.valid:
                missing += 1
        return missing

    def act(self) -> i64:
        return NEVER


@final
class Source(Node):
    """Offers frames of ``beats`` beats, one every ``pace`` cycles, evenly; 0: as fast as they are taken.

    ``entered`` collects the cycles in which a frame's first beat is taken.
    """

    def __init__(self, right: Stream, *, beats: int, pace: int = 0) -> None:
        super().__init__()
        self.right = right
        self.beats: i64 = beats
        self.pace: i64 = pace
        self.beat: i64 = 0  # of the frame, the next one
        self.frame: i64 = 0
        self.offered_at: i64 = 0  # the cycle from which it is on offer
        self.entered: list[int] = []
        right.source = self

    def offer(self, awake: list[Node]) -> None:
        self.right.offer(self.cycle >= self.offered_at, self.cycle, awake)

    def act(self) -> i64:
        if not self.right.valid:
            return self.offered_at - self.cycle
        if not self.right.ready:
            return NEVER
        if self.beat == 0:
            self.entered.append(self.cycle)
        self.beat += 1
        if self.beat == self.beats:
            self.beat = 0
            self.frame += 1
        self.offered_at = self.frame * self.pace + self.beat * self.pace // self.beats
        self.cycle += 1
        return 0

    def state(self) -> tuple[int, ...]:
        return self.beat, self.offered_at - self.cycle if self.pace else 0


@final
class Sink(Node):
    """Takes a beat in every cycle; ``first`` and ``last`` collect the cycles of those of a frame."""

    def __init__(self, left: Stream, *, beats: int) -> None:
        super().__init__()
        self.left = left
        self.last_beat: i64 = beats - 1
        self.beat: i64 = 0
        self.first: list[int] = []
        self.last: list[int] = []
        left.target = self

    def act(self) -> i64:
        if not self.left.valid:
            return NEVER
        if self.beat == 0:
            self.first.append(self.cycle)
        if self.beat == self.last_beat:
            self.last.append(self.cycle)
            self.beat = 0
        else:
            self.beat += 1
        self.cycle += 1
        return 0

    def state(self) -> tuple[int, ...]:
        return (self.beat,)
