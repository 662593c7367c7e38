# SPDX-License-Identifier: Apache-2.0
"""When things happen in a design: the controls of its stages, connected and run.

That tells the frame interval, the latency and how full every queue gets, exactly; the tests check simulation
of the RTL against these numbers.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import pickle
from collections.abc import Sequence

from kerilog.hardware.border import inputs_of, outputs_of
from kerilog.hardware.design import Stage
from kerilog.timing.control import Control
from kerilog.timing.fed import fed
from kerilog.timing.fifo import Fifo
from kerilog.timing.frame_mark import Entry, FrameMark
from kerilog.timing.nodes import ControlNode, Node, Sink, Source, Stream
from kerilog.timing.register import Register
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


def pipeline_of(stages: Sequence[Stage], pace: int = 0, registered: bool = False) -> Pipeline:
    """``stages`` and their border from reset on, with a frame offered every ``pace`` cycles, evenly, at every
    input; 0: without a pause. ``registered``: with register slices at the border.
    """
    streams: dict[str, Stream] = {}
    controls: dict[str, list[Control]] = {}
    nodes: list[Node] = []
    entries: list[Entry] = []
    for name, tensor in inputs_of(stages).items():
        streams[name] = outside = Stream()
        slice = Register() if registered else None
        if slice is not None:
            streams[name] = Stream()
        source = Source(outside, beats=tensor.beats_per_frame, pace=pace)
        entries.append(Entry(source, slice))
        nodes += [source, *_sliced(slice, outside, streams[name])]
    for stage in stages:
        left = [streams[source] for source in stage.sources]
        right = [Stream() for _ in stage.streams]
        controls[stage.name] = stage.controls()
        nodes += stage.nodes(left, right, controls[stage.name])
        streams.update(zip(stage.streams, right, strict=True))
    for name, tensor in outputs_of(stages).items():
        marked, beats = Stream(), tensor.beats_per_frame
        nodes.append(FrameMark(streams[name], marked, beats=beats, entries=entries))
        outside = Stream() if registered else marked
        nodes += _sliced(Register() if registered else None, marked, outside)
        nodes.append(Sink(outside, beats=beats))
    return Pipeline(Schedule(nodes), controls)


def _sliced(slice: Register | None, left: Stream, right: Stream) -> list[Node]:
    """A register slice between two streams, where there is one."""
    return [] if slice is None else [ControlNode(slice, left, right)]


def in_flight(schedule: Schedule) -> int:
    """The most frames that have begun to go in and have not come out, in what ``schedule`` has seen."""
    return max(
        place + 1 - bisect.bisect_left(sink.last, entered)
        for source in schedule.sources
        for sink in schedule.sinks
        for place, entered in enumerate(source.entered)
    )


def interval_of_chain(stages: Sequence[Stage]) -> int:
    """Cycles per frame of ``stages`` one behind the other, fed and emptied without a pause.

    Of a first stage with several inputs, what is behind their join. Networks repeat their layers and plans
    their trials, so what was run once is not run again.
    """
    controls = [control for stage in stages for control in stage.controls()]
    first = stages[0]
    entering = first.input if len(first.sources) == 1 else first.output
    return _run(_Chain(controls, entering.beats_per_frame, stages[-1].output.beats_per_frame))


class _Chain:
    """Controls after a reset between a source and a sink, which compare by the values of all they hold."""

    def __init__(self, controls: list[Control], beats_in: int, beats_out: int) -> None:
        self.parts = controls, beats_in, beats_out
        self._key = pickle.dumps(self.parts)  # taken before they run

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Chain) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@functools.lru_cache(maxsize=4096)
def _run(fresh: _Chain) -> int:
    controls, beats_in, beats_out = fresh.parts
    return chain(fed(controls), beats_in, beats_out).measure().interval


def schedule_of(stages: Sequence[Stage], pace: int = 0, registered: bool = False) -> Schedule:
    """The schedule of ``pipeline_of``."""
    return pipeline_of(stages, pace, registered).schedule
