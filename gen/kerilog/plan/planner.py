# SPDX-License-Identifier: Apache-2.0
"""From the integer graph to the design: a sketch, then everything that is exact."""

from __future__ import annotations

import numpy as np

from kerilog.errors import KerilogError, UnreachedError
from kerilog.hardware.design import Design
from kerilog.hardware.folding import FEWEST, Shares
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
    shares: Shares = FEWEST,
) -> Design:
    """Plan the hardware of ``graph`` for one frame every ``interval`` cycles, with the fewest multipliers
    or as ``shares`` says.

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
        return elaborate(graph, title, relaxed(graph, title, default_interval(graph), unroll, shares))
    design = elaborate(graph, title, sketch(graph, title, interval, unroll, shares))
    if design.cycles.frame_interval > interval:
        slowest = max(design.stages, key=lambda stage: stage.minimum_interval)
        raise UnreachedError(slowest.layer, interval, design.cycles.frame_interval)
    return design


def elaborate(graph: QGraph, name: str, drawn: Sketch, latency: int | None = None) -> Design:
    """The design of a sketch: depths of queues and rings as the schedule needs them, and its cycles.

    Where it misses its interval, or the ``latency``, requantizers that are sooner done are tried, and those
    kept with which it misses neither, else the first ones of the shortest interval.
    """
    shapes = graph.inputs[0].shape, graph[graph.outputs[0]].shape
    found: list[Design] = []
    for attempt in drawn.ever_sooner():
        fitted = buffers.fit(attempt.stages, drawn.interval, drawn.kept)
        found.append(Design(name, graph.scheme, fitted.stages, fitted.cycles, *shapes))
        in_time = latency is None or fitted.cycles.latency <= latency
        if fitted.cycles.frame_interval <= drawn.interval and in_time:
            return found[-1]
    return min(found, key=lambda design: design.cycles.frame_interval)


def relaxed(
    graph: QGraph, name: str, interval: int, unroll: tuple[str, ...] = (), shares: Shares = FEWEST
) -> Sketch:
    """The sketch for ``interval``, or for the shortest one of a slower layer."""
    while True:
        try:
            return sketch(graph, name, interval, unroll, shares)
        except UnreachedError as error:
            interval = error.shortest


def default_interval(graph: QGraph) -> int:
    """One pixel per cycle, in the largest image of the network; of a flat input one element per cycle."""
    source = graph.inputs[0]
    if len(source.shape) == 1:
        return source.shape[0]
    return max(int(np.prod(node.shape[:-1])) for node in graph if len(node.shape) > 1)
