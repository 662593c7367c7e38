# SPDX-License-Identifier: Apache-2.0
"""Modules connected by streams; each is looked at only in the cycles in which something may happen to it.

Whoever changes a wire wakes the node at its other end. A node that has nothing to do sleeps until then, or
until the cycle for which it asks; what it has slept through it catches up on at once.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence

from kerilog.plan.module import NEVER, Module


class Stream:
    """The two wires of a handshake, from the node ``source`` on their left to ``target`` on their right."""

    __slots__ = ("ready", "source", "target", "valid")

    def __init__(self) -> None:
        self.valid, self.ready = False, True
        self.source: Node
        self.target: Node

    @property
    def moves(self) -> bool:
        """Whether a beat is handed over in this cycle."""
        return self.valid and self.ready

    def offer(self, valid: bool, awake: list[Node]) -> None:
        """Drive ``valid``."""
        if self.valid != valid:
            self.target.catch_up(self.source.cycle)
            self.valid = valid
            awake.append(self.target)

    def take(self, ready: bool, awake: list[Node]) -> None:
        """Drive ``ready``."""
        if self.ready != ready:
            self.source.catch_up(self.target.cycle)
            self.ready = ready
            awake.append(self.source)


class Node(abc.ABC):
    """What lies between streams: beats come in from ``inputs`` and leave to ``outputs``.

    In a cycle all that are awake ``offer``, then all ``take``, then all ``act``. Offering and taking adds to
    ``awake`` whoever is at the other end of a wire that changes; it may be there before, and does so again.
    """

    def __init__(self, inputs: Sequence[Stream], outputs: Sequence[Stream]) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.place = 0  # in the order of the data
        self.cycle = 0  # its registers are those at the beginning of this one
        for stream in inputs:
            stream.target = self
        for stream in outputs:
            stream.source = self

    def catch_up(self, cycle: int) -> None:
        """Clock edges up to the beginning of ``cycle``, in which nothing happened."""
        self.cycle = cycle

    def offer(self, awake: list[Node]) -> None:  # noqa: B027 - a sink offers nothing
        """Drive ``valid`` on the right."""

    def take(self, awake: list[Node]) -> None:  # noqa: B027 - a source takes nothing
        """Drive ``ready`` on the left."""

    @abc.abstractmethod
    def act(self) -> int:
        """The clock edge at the end of the cycle, 0, or for how many cycles there need be none."""

    @property
    def state(self) -> tuple[int, ...]:
        """All that decides what happens next."""
        return ()


class ModuleNode(Node):
    """A module with one stream on either side."""

    def __init__(self, module: Module, left: Stream, right: Stream) -> None:
        super().__init__([left], [right])
        self.module, self.left, self.right = module, left, right

    def catch_up(self, cycle: int) -> None:
        if self.cycle < cycle:
            self.module.skip(cycle - self.cycle, self.left.valid, self.right.ready)
            self.cycle = cycle

    def offer(self, awake: list[Node]) -> None:
        right, valid = self.right, self.module.valid
        if right.valid != valid:  # asked here, too: this runs most often
            right.offer(valid, awake)

    def take(self, awake: list[Node]) -> None:
        left, ready = self.left, self.module.ready(self.right.ready)
        if left.ready != ready:
            left.take(ready, awake)

    def act(self) -> int:
        left, right = self.left, self.right
        left_valid, right_ready = left.valid, right.ready
        entered, gone = left_valid and left.ready, right.valid and right_ready
        if not (entered or gone):
            quiet = self.module.quiet(left_valid, right_ready)
            if quiet:
                return quiet
        self.module.clock(left_valid, entered, right_ready, gone)
        self.cycle += 1
        return 0

    @property
    def state(self) -> tuple[int, ...]:
        return tuple(value for value in vars(self.module).values() if isinstance(value, int))


class Fork(Node):
    """``krl_fork``: a beat on the left is offered to every output, and gone when all have taken it."""

    def __init__(self, left: Stream, right: Sequence[Stream]) -> None:
        super().__init__([left], right)
        self.left = left
        self.done = [False] * len(right)

    def offer(self, awake: list[Node]) -> None:
        for stream, done in zip(self.outputs, self.done, strict=True):
            stream.offer(self.left.valid and not done, awake)

    def take(self, awake: list[Node]) -> None:
        taken = (done or stream.ready for stream, done in zip(self.outputs, self.done, strict=True))
        self.left.take(all(taken), awake)

    def act(self) -> int:
        if not any(stream.moves for stream in self.outputs):
            return NEVER
        waits = not self.left.ready
        pairs = zip(self.outputs, self.done, strict=True)
        self.done = [waits and (done or stream.ready) for stream, done in pairs]
        self.cycle += 1
        return 0

    @property
    def state(self) -> tuple[int, ...]:
        return tuple(self.done)


class Join(Node):
    """What is in front of ``krl_add``: a beat of each of two streams, together. It has no registers."""

    def __init__(self, left: Sequence[Stream], right: Stream) -> None:
        super().__init__(left, [right])
        self.right = right

    def offer(self, awake: list[Node]) -> None:
        one, other = self.inputs
        self.right.offer(one.valid and other.valid, awake)

    def take(self, awake: list[Node]) -> None:
        one, other = self.inputs
        one.take(self.right.ready and other.valid, awake)
        other.take(self.right.ready and one.valid, awake)

    def act(self) -> int:
        return NEVER


class Source(Node):
    """Offers frames of ``beats`` beats, one every ``pace`` cycles, evenly; 0: as fast as they are taken.

    ``entered`` collects the cycles in which a frame's first beat is taken.
    """

    def __init__(self, beats: int, pace: int, right: Stream) -> None:
        super().__init__([], [right])
        self.right = right
        self.beats, self.pace = beats, pace
        self.taken = self.offered_at = 0  # beats so far; the cycle from which the next is on offer
        self.entered: list[int] = []

    def offer(self, awake: list[Node]) -> None:
        self.right.offer(self.cycle >= self.offered_at, awake)

    def act(self) -> int:
        if not self.right.valid:
            return self.offered_at - self.cycle
        if not self.right.ready:
            return NEVER
        if self.taken % self.beats == 0:
            self.entered.append(self.cycle)
        self.taken += 1
        frame, beat = divmod(self.taken, self.beats)
        self.offered_at = frame * self.pace + beat * self.pace // self.beats
        self.cycle += 1
        return 0

    @property
    def state(self) -> tuple[int, ...]:
        return (self.taken % self.beats,)


class Sink(Node):
    """Takes a beat in every cycle; ``first`` and ``last`` collect the cycles of those of a frame."""

    def __init__(self, beats: int, left: Stream) -> None:
        super().__init__([left], [])
        self.left = left
        self.beats, self.given = beats, 0
        self.first: list[int] = []
        self.last: list[int] = []

    def act(self) -> int:
        if not self.left.valid:
            return NEVER
        if self.given % self.beats == 0:
            self.first.append(self.cycle)
        self.given += 1
        if self.given % self.beats == 0:
            self.last.append(self.cycle)
        self.cycle += 1
        return 0

    @property
    def state(self) -> tuple[int, ...]:
        return (self.given % self.beats,)
