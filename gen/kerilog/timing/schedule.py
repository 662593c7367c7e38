# SPDX-License-Identifier: Apache-2.0
"""Connected controls, run from reset on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, final

from kerilog.errors import KerilogError
from kerilog.timing.control import Control
from kerilog.timing.nodes import Agenda, ControlNode, Node, Sink, Source, Stream

LONGEST_TRANSIENT = 200  # frames after which nothing new is expected

STANDSTILL = "the pipeline stands still: a queue is too short for the branch beside it"


class StandstillError(KerilogError):
    """The pipeline never moves again."""


class Timing(NamedTuple):
    """Cycles, from the one in which the first beat of the first frame is taken.

    ``interval``: the longest between the ends of two frames in what repeats for ever; ``latency``: to the
    first frame's last result; ``first_output``: to its first result.
    """

    interval: int
    latency: int
    first_output: int


@final
class Schedule:
    """A network from reset on: its sources offer beats, its sinks take one in every cycle.

    Only the nodes that are awake are looked at: those whose registers or wires have just changed, and those
    whose time has come. Where all sleep, time leaps.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        """``nodes``, sources and sinks among them, in the order of the data."""
        self.nodes = list(nodes)
        self.sources = [node for node in self.nodes if isinstance(node, Source)]
        self.sinks = [node for node in self.nodes if isinstance(node, Sink)]
        self._agenda = Agenda()
        for place, node in enumerate(self.nodes):
            node.place = place
            self._agenda.refresh(node)

    @property
    def cycle(self) -> int:
        """The next cycle."""
        return self._agenda.cycle

    @property
    def entered(self) -> list[int]:
        """The cycles in which a frame's first beat went in."""
        return [min(cycles) for cycles in zip(*[source.entered for source in self.sources], strict=False)]

    @property
    def first(self) -> list[int]:
        """The cycles in which a frame's first beat came out."""
        return [min(cycles) for cycles in zip(*[sink.first for sink in self.sinks], strict=False)]

    @property
    def last(self) -> list[int]:
        """The cycles in which a frame's last beat came out."""
        return [max(cycles) for cycles in zip(*[sink.last for sink in self.sinks], strict=False)]

    @property
    def frames(self) -> int:
        """How many frames have come out, of every sink."""
        return min([len(sink.last) for sink in self.sinks])

    def state(self) -> tuple[tuple[int, ...], ...]:
        """Everything that decides what happens next."""
        return tuple([node.state() for node in self.nodes])

    def run(self, frames: int) -> Schedule:
        """Go on until ``frames`` more frames have come out.

        Raises StandstillError if the pipeline stands still for ever: a queue is too short for its branch.
        """
        end, agenda = self.frames + frames, self._agenda
        for sink in self.sinks:
            while len(sink.last) < end:
                if agenda.awake is None and not agenda.leap():
                    raise StandstillError(STANDSTILL)
                self._clock()
        for node in self.nodes:
            node.catch_up(agenda.cycle)
        return self

    def _clock(self) -> None:
        """One cycle."""
        agenda = self._agenda
        agenda.ring()
        agenda.settle()
        agenda.act()
        agenda.cycle += 1

    def measure(self, period: int | None = None) -> Timing:
        """Run frames back to back until all is as it was after an earlier one: from there on it repeats.

        ``period``: frames that it takes to repeat, where that is known. Raises StandstillError.
        """
        period = period or self.settle(LONGEST_TRANSIENT)
        ends = self.last
        settled = len(ends) - period if period else len(ends) // 2
        gaps = [ends[place + 1] - ends[place] for place in range(settled - 1, len(ends) - 1)]
        return self.promise(max(gaps))

    def promise(self, interval: int) -> Timing:
        """What the first frame shows, with an ``interval`` that is known."""
        start = self.entered[0]
        return Timing(interval, self.last[0] - start, self.first[0] - start)

    def most_in_flight(self) -> int:
        """A bound of the frames that have begun to go in and have not left by some sink as a whole.

        Each sink in turn is closed until nothing moves any more: what is then under way is all that there is
        room for. One frame more has begun to go in before the last beat of the one at the sink has left.
        """
        most = 0
        for sink in self.sinks:
            sink.turn(False, self._agenda)
            while self._agenda.awake is not None or self._agenda.leap():
                self._clock()
            for node in self.nodes:
                node.catch_up(self._agenda.cycle)
            most = max(most, max([len(source.entered) for source in self.sources]) - len(sink.last))
            sink.turn(True, self._agenda)
        return most + 1

    def settle(self, most: int) -> int:
        """Run frames until all is as it was after an earlier one, or until ``most`` have come out.

        Returns how many frames earlier that was; 0 if it was not found. Raises StandstillError.
        """
        seen: dict[tuple[tuple[int, ...], ...], int] = {}
        while self.frames < most:
            self.run(1)
            state = self.state()
            if state in seen:
                return self.frames - seen[state]
            seen[state] = self.frames
        return 0


def chain(controls: Sequence[Control], beats_in: int, beats_out: int, pace: int = 0) -> Schedule:
    """``controls`` one behind the other, between a source and a sink of so many beats a frame."""
    streams = [Stream() for _ in range(len(controls) + 1)]
    nodes: list[Node] = [Source(streams[0], beats=beats_in, pace=pace)]
    for place, control in enumerate(controls):
        nodes.append(ControlNode(control, streams[place], streams[place + 1]))
    nodes.append(Sink(streams[-1], beats=beats_out))
    return Schedule(nodes)
