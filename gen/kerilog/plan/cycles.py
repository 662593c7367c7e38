# SPDX-License-Identifier: Apache-2.0
"""When things happen in a design: the controls of its stages, connected and run.

That tells the frame interval, the latency and how full every queue gets, exactly; the tests check simulation
of the RTL against these numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.plan.control import controls_of
from kerilog.plan.design import INPUT, Cycles, ForkStage, Stage
from kerilog.timing.control import Control
from kerilog.timing.fifo import Fifo
from kerilog.timing.nodes import ControlNode, Fork, Join, Node, Sink, Source, Stream
from kerilog.timing.schedule import Schedule, chain


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """The schedule of connected stages, and the controls of each by its name, in the order of the data."""

    schedule: Schedule
    controls: dict[str, list[Control]]

    @property
    def queues(self) -> dict[str, Fifo]:
        """The FIFOs, by the names of their stages."""
        return {
            name: control
            for name, controls in self.controls.items()
            for control in controls
            if isinstance(control, Fifo)
        }


def pipeline_of(stages: Sequence[Stage], pace: int = 0) -> Pipeline:
    """``stages`` from reset on, with a frame offered every ``pace`` cycles, evenly; 0: without a pause."""
    streams = {INPUT: Stream()}
    controls: dict[str, list[Control]] = {}
    nodes: list[Node] = [Source(streams[INPUT], beats=stages[0].input.beats, pace=pace)]
    for stage in stages:
        left = [streams[source] for source in stage.sources]
        right = [Stream() for _ in stage.streams]
        if isinstance(stage, ForkStage):
            nodes.append(Fork(left[0], right))
        else:
            controls[stage.name] = controls_of(stage)
            nodes += _connected(controls[stage.name], left, right[0])
        streams.update(zip(stage.streams, right, strict=True))
    nodes.append(Sink(right[0], beats=stages[-1].output.beats))
    return Pipeline(Schedule(nodes), controls)


def _connected(controls: list[Control], left: list[Stream], right: Stream) -> list[Node]:
    """``controls`` one behind the other, behind the join of several streams."""
    nodes: list[Node] = []
    source = left[0]
    if len(left) > 1:
        source = Stream()
        nodes.append(Join(left, source))
    streams = [source, *(Stream() for _ in controls[1:]), right]
    for control, before, behind in zip(controls, streams, streams[1:], strict=False):
        nodes.append(ControlNode(control, before, behind))
    return nodes


def chain_of(stages: Sequence[Stage]) -> Schedule:
    """``stages`` one behind the other, fed and emptied without a pause."""
    controls = [control for stage in stages for control in controls_of(stage)]
    return chain(controls, stages[0].input.beats, stages[-1].output.beats)


def schedule_of(stages: Sequence[Stage], pace: int = 0) -> Schedule:
    """The schedule of ``pipeline_of``."""
    return pipeline_of(stages, pace).schedule


def measure(schedule: Schedule) -> Cycles:
    """What ``schedule`` promises. Raises StandstillError."""
    timing = schedule.measure()
    return Cycles(timing.interval, timing.latency, timing.first_output)
