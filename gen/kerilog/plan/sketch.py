# SPDX-License-Identifier: Apache-2.0
"""A plan's first stroke: every stage as it will be but for the depth of queues and rings of rows.

Sketches take milliseconds. All searching, for goals, devices and fronts, is done on them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from kerilog.hardware.border import Border, between, inputs_of, outputs_of
from kerilog.hardware.connectors import FifoStage
from kerilog.hardware.design import Stage
from kerilog.hardware.sums import SumStage
from kerilog.plan import serial
from kerilog.timing.control import NEVER

FEWEST_FRAMES = 2
"""Frames that a border has room for, at least."""
ENDLESS = NEVER
"""The depth of a queue that is never full."""


@dataclasses.dataclass(frozen=True, eq=False)
class Sketch:
    """Stages for one frame every ``interval`` cycles, with endless queues and ample rings of rows.

    The queues ``kept`` stay whatever the schedule needs: they are there for the handshake. ``inputs`` and
    ``outputs``: the streams of the border, in the order of the graph; ``registered``: with register slices.
    """

    stages: tuple[Stage, ...]
    kept: frozenset[str]
    interval: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    registered: bool = False

    @property
    def products(self) -> int:
        """Products per cycle, by multipliers or by constants."""
        return sum(stage.facts.products for stage in self.stages)

    def ever_sooner(self) -> Iterator[Sketch]:
        """The sketch itself; with the smallest of those requantizers that are no later than pipelined ones;
        with pipelined ones. Stages of patience keep theirs.
        """
        yield self
        yield self._with(serial.economical(stage, 0) for stage in self.stages)
        yield self._with(
            stage.pipelined if isinstance(stage, SumStage) and not stage.patience else stage
            for stage in self.stages
        )

    def _with(self, stages: Iterable[Stage]) -> Sketch:
        return dataclasses.replace(self, stages=tuple(stages))

    def smallest(self) -> tuple[Stage, ...]:
        """The stages with no more than the buffers that any schedule needs: a lower bound of the area."""
        kept = (stage for stage in self.stages if not isinstance(stage, FifoStage) or stage.name in self.kept)
        return tuple(stage.smallest() for stage in kept)

    def border(self) -> Border:
        """The least border that any schedule needs."""
        entering, leaving = inputs_of(self.stages), outputs_of(self.stages)
        inputs, outputs = [entering[name] for name in self.inputs], [leaving[name] for name in self.outputs]
        return between(inputs, outputs, FEWEST_FRAMES, self.registered)
