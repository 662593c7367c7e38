# SPDX-License-Identifier: Apache-2.0
"""The control of ``krl_concat``, but for its output register."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from mypy_extensions import i64

from kerilog.timing.control import NEVER
from kerilog.timing.nodes import Agenda, Node, Stream


@final
class Concat(Node):
    """Hands on the input whose turn it is: ``counts[i]`` beats of input i, then those of the next one."""

    def __init__(self, inputs: Sequence[Stream], right: Stream, *, counts: Sequence[int]) -> None:
        super().__init__(passes_valid=True)
        self.inputs = list(inputs)
        self.counts = list(counts)
        self.right = right
        self.turn: i64 = 0
        self.beat: i64 = 0
        right.source = self
        for stream in self.inputs:
            stream.target = self

    def offer(self, agenda: Agenda) -> None:
        self.right.offer(self.inputs[self.turn].valid, agenda)

    def take(self, agenda: Agenda) -> None:
        ready = self.right.ready
        for place in range(len(self.inputs)):
            self.inputs[place].take(ready and place == self.turn, agenda)

    def act(self, agenda: Agenda) -> i64:
        if not (self.right.valid and self.right.ready):
            return NEVER
        self.cycle += 1
        self.beat += 1
        if self.beat == self.counts[self.turn]:
            self.beat = 0
            self.turn += 1
            if self.turn == len(self.inputs):
                self.turn = 0
            agenda.offer(self)
            agenda.take(self)
        return 0

    def state(self) -> tuple[int, ...]:
        return self.turn, self.beat
