# SPDX-License-Identifier: Apache-2.0
"""When things happen in a design: the controls of its stages, connected and run.

That tells the frame interval, the latency and how full every queue gets, exactly; the tests check simulation
of the RTL against these numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.connectors import FifoStage
from kerilog.hardware.design import INPUT, Cycles, Stage
from kerilog.timing.control import NEVER, Control
from kerilog.timing.fifo import Fifo
from kerilog.timing.nodes import Node, Sink, Source, Stream
from kerilog.timing.schedule import Schedule, StandstillError


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
    nodes: list[Node] = [Source(streams[INPUT], beats=stages[0].input.beats_per_frame, pace=pace)]
    for stage in stages:
        left = [streams[source] for source in stage.sources]
        right = [Stream() for _ in stage.streams]
        controls[stage.name] = stage.controls()
        nodes += stage.nodes(left, right, controls[stage.name])
        streams.update(zip(stage.streams, right, strict=True))
    nodes.append(Sink(right[0], beats=stages[-1].output.beats_per_frame))
    return Pipeline(Schedule(nodes), controls)


def schedule_of(stages: Sequence[Stage], pace: int = 0) -> Schedule:
    """The schedule of ``pipeline_of``."""
    return pipeline_of(stages, pace).schedule


def measure(schedule: Schedule) -> Cycles:
    """What ``schedule`` promises. Raises StandstillError."""
    timing = schedule.measure()
    return Cycles(timing.interval, timing.latency, timing.first_output)


def reaches(stages: Sequence[Stage], interval: int) -> bool:
    """Whether ``stages`` give a frame at least every ``interval`` cycles."""
    try:
        return measure(schedule_of(stages)).frame_interval <= interval
    except StandstillError:
        return False


def queue_depths(stages: Sequence[Stage], pace: int, frames: int = 4) -> dict[str, int]:
    """How deep each FIFO must be for no beat to wait if a frame is offered every ``pace`` cycles, evenly.

    By stage name.
    """
    endless = [stage.with_depth(NEVER) if isinstance(stage, FifoStage) else stage for stage in stages]
    pipeline = pipeline_of(endless, pace)
    pipeline.schedule.run(frames)
    return {name: int(queue.room) for name, queue in pipeline.queues.items()}
