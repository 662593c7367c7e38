# SPDX-License-Identifier: Apache-2.0
"""Controls connected by streams; each is looked at only in the cycles in which something may happen to it.

Whoever changes a wire wakes the node at its other end. A node that has nothing to do sleeps until then, or
until the cycle for which it asks; what it has slept through it catches up on at once.
"""

from __future__ import annotations

import abc
import heapq
from collections.abc import Sequence
from typing import Final, final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, Control

SOON: Final = 64  # cycles in which an alarm is kept by its cycle alone


@final
class Stream:
    """The two wires of a handshake, from the node ``source`` on their left to ``target`` on their right."""

    def __init__(self) -> None:
        self.valid = False
        self.ready = True
        self.source: Node | None = None
        self.target: Node | None = None

    def offer(self, valid: bool, agenda: Agenda) -> None:
        """Drive ``valid``."""
        target = self.target
        if self.valid != valid and target is not None:
            target.catch_up(agenda.cycle)
            self.valid = valid
            agenda.wake(target)
            if target.passes_valid:
                agenda.offer(target)
                agenda.take(target)

    def take(self, ready: bool, agenda: Agenda) -> None:
        """Drive ``ready``."""
        source = self.source
        if self.ready != ready and source is not None:
            source.catch_up(agenda.cycle)
            self.ready = ready
            agenda.wake(source)
            agenda.take(source)


@final
class Agenda:
    """What is to be done in ``cycle``: who shall ``offer``, who shall ``take``, who is ``awake`` and acts.

    The first two hold nodes whose wires may have to change. Doing so adds those at the other ends. All lists
    run through the nodes themselves, so that a cycle allocates nothing.
    """

    def __init__(self) -> None:
        self.cycle: i64 = 0
        self.awake: Node | None = None
        self._offers: Node | None = None
        self._takes: Node | None = None
        self._soon: list[Node | None] = [None] * SOON  # alarms, by cycle modulo SOON
        self._later: list[tuple[int, int, Node]] = []  # further ones: a heap of cycle, place, node
        self._far: i64 = NEVER  # the first of those

    def wake(self, node: Node) -> None:
        """Have it act."""
        if not node.awake:
            node.awake = True
            node.next = self.awake
            self.awake = node

    def offer(self, node: Node) -> None:
        """Have it drive ``valid`` anew."""
        if not node.offers:
            node.offers = True
            node.next_to_offer = self._offers
            self._offers = node

    def take(self, node: Node) -> None:
        """Have it drive ``ready`` anew."""
        if not node.takes:
            node.takes = True
            node.next_to_take = self._takes
            self._takes = node

    def refresh(self, node: Node) -> None:
        """Have it drive all its wires anew, and act."""
        self.wake(node)
        self.offer(node)
        self.take(node)

    def settle(self) -> None:
        """Have them drive their wires: first all that offer, and those who join them on the way."""
        node = self._offers
        while node is not None:
            self._offers = node.next_to_offer
            node.offers = False
            node.offer(self)
            node = self._offers
        node = self._takes
        while node is not None:
            self._takes = node.next_to_take
            node.takes = False
            node.take(self)
            node = self._takes

    def act(self) -> None:
        """Have those that are awake act; whoever has nothing to do falls asleep."""
        before: Node | None = None
        node = self.awake
        while node is not None:
            following = node.next
            quiet = node.act(self)
            if quiet == 0:
                before = node
            else:
                if before is None:
                    self.awake = following
                else:
                    before.next = following
                node.awake = False
                if quiet < NEVER:
                    self.set_alarm(node, quiet)
            node = following

    def set_alarm(self, node: Node, cycles: i64) -> None:
        """Wake the node after as many ``cycles``; an alarm that it had is forgotten."""
        alarm = self.cycle + cycles
        if node.alarm == alarm:
            return
        if node.rings_soon:
            self._unlink(node)
        node.alarm = alarm
        if cycles < SOON:
            self._link(node)
        else:
            heapq.heappush(self._later, (alarm, node.place, node))
            if alarm < self._far:
                self._far = alarm

    def _link(self, node: Node) -> None:
        """Among the alarms of its cycle."""
        place = node.alarm % SOON
        behind = self._soon[place]
        node.rings_soon = True
        node.rings_before = None
        node.rings_behind = behind
        if behind is not None:
            behind.rings_before = node
        self._soon[place] = node

    def _unlink(self, node: Node) -> None:
        before, behind = node.rings_before, node.rings_behind
        node.rings_soon = False
        if before is not None:
            before.rings_behind = behind
        else:
            self._soon[node.alarm % SOON] = behind
        if behind is not None:
            behind.rings_before = before

    def ring(self) -> None:
        """Refresh those whose alarm is due."""
        cycle = self.cycle
        place = cycle % SOON
        node = self._soon[place]
        if node is not None:
            self._soon[place] = None
            while node is not None:
                behind = node.rings_behind
                node.rings_soon = False
                self._wake_up(node)
                node = behind
        while self._far == cycle:
            late = heapq.heappop(self._later)[2]
            self._far = self._later[0][0] if self._later else NEVER
            if late.alarm == cycle and not late.rings_soon:
                self._wake_up(late)

    def _wake_up(self, node: Node) -> None:
        node.alarm = NEVER
        node.catch_up(self.cycle)
        self.refresh(node)

    def leap(self) -> bool:
        """On to the next alarm; False if there is none."""
        for ahead in range(SOON):
            cycle = self.cycle + ahead
            if cycle == self._far or self._soon[cycle % SOON] is not None:
                self.cycle = cycle
                return True
        if self._far == NEVER:
            return False
        self.cycle = self._far
        return True


class Node(abc.ABC):
    """What lies between streams.

    In a cycle some ``offer``, then some ``take``, then all that are awake ``act``.
    """

    def __init__(self, passes_valid: bool = False) -> None:
        self.passes_valid = passes_valid  # from the left to the right, in the same cycle
        self.place: i64 = 0  # in the schedule
        self.cycle: i64 = 0  # its registers are those at the beginning of this one
        self.alarm: i64 = NEVER  # the cycle for which it asks
        # the lists of the agenda that it is on, and who comes behind it on each
        self.awake = False
        self.next: Node | None = None
        self.offers = False
        self.next_to_offer: Node | None = None
        self.takes = False
        self.next_to_take: Node | None = None
        self.rings_soon = False
        self.rings_before: Node | None = None
        self.rings_behind: Node | None = None

    def catch_up(self, cycle: i64) -> None:
        """Clock edges up to the beginning of ``cycle``, in which nothing happened."""
        self.cycle = cycle

    def offer(self, agenda: Agenda) -> None:  # noqa: B027 - a sink offers nothing
        """Drive ``valid`` on the right."""

    def take(self, agenda: Agenda) -> None:  # noqa: B027 - a source takes nothing
        """Drive ``ready`` on the left."""

    @abc.abstractmethod
    def act(self, agenda: Agenda) -> i64:
        """The clock edge at the end of the cycle, 0, or for how many cycles there need be none.

        Adds itself to those who offer and take in the next cycle if its wires must change then.
        """

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

    def offer(self, agenda: Agenda) -> None:
        self.right.offer(self.control.valid, agenda)

    def take(self, agenda: Agenda) -> None:
        self.left.take(self.control.ready(self.right.ready), agenda)

    def act(self, agenda: Agenda) -> i64:
        left, right, control = self.left, self.right, self.control
        left_valid, right_ready = left.valid, right.ready
        entered, gone = left_valid and left.ready, right.valid and right_ready
        if not (entered or gone):
            quiet = control.quiet(left_valid, right_ready)
            if quiet:
                return quiet
        control.clock(left_valid, entered, right_ready, gone)
        self.cycle += 1
        if control.valid != right.valid:
            agenda.offer(self)
        if control.ready(right_ready) != left.ready:
            agenda.take(self)
        return 0

    def state(self) -> tuple[int, ...]:
        return self.control.state()


@final
class Fork(Node):
    """``krl_fork``: a beat on the left is offered to every output, and gone when all have taken it."""

    def __init__(self, left: Stream, outputs: Sequence[Stream]) -> None:
        super().__init__(passes_valid=True)
        self.left = left
        self.outputs = list(outputs)
        self.done = [False] * len(self.outputs)
        left.target = self
        for stream in self.outputs:
            stream.source = self

    def offer(self, agenda: Agenda) -> None:
        valid = self.left.valid
        for place in range(len(self.outputs)):
            self.outputs[place].offer(valid and not self.done[place], agenda)

    def take(self, agenda: Agenda) -> None:
        all_taken = True
        for place in range(len(self.outputs)):
            if not (self.done[place] or self.outputs[place].ready):
                all_taken = False
        self.left.take(all_taken, agenda)

    def act(self, agenda: Agenda) -> i64:
        waits, moves, changes = not self.left.ready, False, False
        for place in range(len(self.outputs)):
            stream, done = self.outputs[place], self.done[place]
            if stream.valid and stream.ready:
                moves = True
            now_done = waits and (done or (stream.valid and stream.ready))
            if now_done != done:
                changes = True
                self.done[place] = now_done
        if not moves:
            return NEVER
        self.cycle += 1
        if changes:
            agenda.offer(self)
            agenda.take(self)
        return 0

    def state(self) -> tuple[int, ...]:
        return tuple(self.done)


@final
class Join(Node):
    """A beat of each of the ``inputs``, together, as in front of ``krl_add``. It has no registers."""

    def __init__(self, inputs: Sequence[Stream], right: Stream) -> None:
        super().__init__(passes_valid=True)
        self.inputs = list(inputs)
        self.right = right
        right.source = self
        for stream in self.inputs:
            stream.target = self

    def offer(self, agenda: Agenda) -> None:
        self.right.offer(self._missing() == 0, agenda)

    def take(self, agenda: Agenda) -> None:
        missing, ready = self._missing(), self.right.ready
        for stream in self.inputs:  # each waits for all others
            others = missing == 0 or (missing == 1 and not stream.valid)
            stream.take(ready and others, agenda)

    def _missing(self) -> i64:
        """How many inputs offer no beat."""
        missing: i64 = 0
        for stream in self.inputs:
            if not stream.valid:
                missing += 1
        return missing

    def act(self, agenda: Agenda) -> i64:
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

    def offer(self, agenda: Agenda) -> None:
        self.right.offer(self.cycle >= self.offered_at, agenda)

    def act(self, agenda: Agenda) -> i64:
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
        self.cycle += 1
        if self.pace:
            self.offered_at = self.frame * self.pace + self.beat * self.pace // self.beats
            if self.cycle < self.offered_at:
                agenda.offer(self)
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

    def turn(self, is_open: bool, agenda: Agenda) -> None:
        """Take nothing from now on, or a beat in every cycle again."""
        self.left.take(is_open, agenda)

    def act(self, agenda: Agenda) -> i64:
        if not self.left.valid or not self.left.ready:
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
