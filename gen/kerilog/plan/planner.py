# SPDX-License-Identifier: Apache-2.0
"""From the integer graph to the design: a sketch, then everything that is exact."""

from __future__ import annotations

import numpy as np

from kerilog.errors import KerilogError, UnreachedError
from kerilog.hardware.design import Design
from kerilog.hardware.naming import verilog_name
from kerilog.plan import buffers, refusals
from kerilog.plan.sketch import Sketch
from kerilog.plan.wiring import sketch
from kerilog.qgraph import QGraph


def plan(
    graph: QGraph,
    interval: int | None = None,
    name: str | None = None,
    unroll: tuple[str, ...] = (),
    extra: float = 1.0,
) -> Design:
    """Plan the hardware of ``graph`` for one frame every ``interval`` cycles, with the fewest multipliers,
    or ``extra`` times as many in a layer where that takes less of an FPGA.

    The default interval is one input pixel per cycle. The layers of ``unroll`` get a constant multiplier for
    every weight instead; a part of a name that no other layer has is enough. Raises Unsupported for layers or
    a structure without hardware, UnreachedError for an interval that is not reached, KerilogError for a layer
    that cannot be unrolled, naming the layer.
    """
    refusals.check(graph)
    unroll = refusals.unrolled(graph, unroll)
    if interval is not None and interval < 1:
        raise KerilogError(f"the frame interval must be at least 1 cycle, found {interval}")
    title = verilog_name(name or graph.name)
    if interval is None:
        return elaborate(graph, title, relaxed(graph, title, default_interval(graph), unroll, extra))
    design = elaborate(graph, title, sketch(graph, title, interval, unroll, extra))
    if design.cycles.frame_interval > interval:
        slowest = max(design.stages, key=lambda stage: stage.minimum_interval)
        raise UnreachedError(slowest.layer, interval, design.cycles.frame_interval)
    return design


def elaborate(graph: QGraph, name: str, drawn: Sketch) -> Design:
    """The design of a sketch: depths of queues and rings as the schedule needs them, and its cycles."""
    fitted = buffers.fit(drawn.stages, drawn.interval, drawn.kept)
    shapes = graph.inputs[0].shape, graph[graph.outputs[0]].shape
    return Design(name, graph.scheme, fitted.stages, fitted.cycles, *shapes)


def relaxed(
    graph: QGraph, name: str, interval: int, unroll: tuple[str, ...] = (), extra: float = 1.0
) -> Sketch:
    """The sketch for ``interval``, or for the shortest one of a slower layer."""
    while True:
        try:
            return sketch(graph, name, interval, unroll, extra)
        except UnreachedError as error:
            interval = error.shortest


def default_interval(graph: QGraph) -> int:
    """One pixel per cycle, in the largest image of the network; of a flat input one element per cycle."""
    source = graph.inputs[0]
    if len(source.shape) == 1:
        return source.shape[0]
    return max(int(np.prod(node.shape[:-1])) for node in graph if len(node.shape) > 1)
