# SPDX-License-Identifier: Apache-2.0
"""``krl_frame_mark``: the last beat of a frame leaves when the whole frame is known to have come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER, following
from kerilog.timing.nodes import Agenda, Node, Source, Stream
from kerilog.timing.register import Register


@final
class Entry:
    """What has passed ``krl_frame_guard`` of one input: all that ``source`` gave and no ``slice`` holds."""

    def __init__(self, source: Source, slice: Register | None = None) -> None:
        self.source = source
        self.slice = slice

    def settled(self) -> i64:
        """Frames that have come in as a whole."""
        source = self.source
        beats: i64 = source.frame * source.beats + source.beat
        slice = self.slice
        if slice is not None:
            beats -= slice.level
        return beats // source.beats


@final
class FrameMark(Node):
    """Holds back the last of ``beats`` beats, put ``aside``, until every one of ``entries`` has settled."""

    def __init__(self, left: Stream, right: Stream, *, beats: int, entries: Sequence[Entry]) -> None:
        super().__init__(passes_valid=True)
        self.left = left
        self.right = right
        self.last_beat: i64 = beats - 1
        self.entries = list(entries)
        self.beat: i64 = 0  # the next one on the left
        self.frame: i64 = 0  # that leaves
        self.aside = False
        self.early = False  # in this cycle the last beat must wait
        left.target = self
        right.source = self

    def _known(self) -> bool:
        """Whether the frame that leaves has come in from everywhere."""
        for entry in self.entries:  # noqa: SIM110 - a generator is slow once compiled
            if entry.settled() <= self.frame:
                return False
        return True

    def offer(self, agenda: Agenda) -> None:
        agenda.wake(self)
        waits = self.aside or self.beat == self.last_beat
        self.early = waits and not self._known()
        self.right.offer((self.aside or self.left.valid) and not self.early, agenda)

    def take(self, agenda: Agenda) -> None:
        self.left.take(not self.aside and (self.right.ready or self.early), agenda)

    def act(self, agenda: Agenda) -> i64:
        entered = self.left.valid and self.left.ready
        gone = self.right.valid and self.right.ready
        if not (entered or gone):
            if not self.early or not (self.aside or self.left.valid or not self.right.ready):
                return NEVER
            self.cycle += 1
            agenda.offer(self)
            agenda.take(self)
            return 0
        ends = self.aside or self.beat == self.last_beat
        if gone and ends:
            self.frame += 1
        if self.aside:
            self.aside = False
        elif entered:
            self.aside = self.early
            self.beat = following(self.beat, self.last_beat)
        self.cycle += 1
        agenda.offer(self)
        agenda.take(self)
        return 0

    def state(self) -> tuple[int, ...]:
        ahead = [int(entry.settled() - self.frame) for entry in self.entries]
        return self.beat, int(self.aside), *ahead
