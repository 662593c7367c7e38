# SPDX-License-Identifier: Apache-2.0
"""From the integer graph to the design: a sketch, then everything that is exact."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from kerilog.errors import KerilogError, UnreachedError
from kerilog.frames import input_names, output_names
from kerilog.graph import Shape
from kerilog.hardware.border import inputs_of, outputs_of
from kerilog.hardware.design import Design, Port, Tensor
from kerilog.hardware.folding import FEWEST, Shares
from kerilog.hardware.naming import ports, verilog_name
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
    registered: bool = False,
) -> Design:
    """Plan the hardware of ``graph`` for one frame every ``interval`` cycles, with the fewest multipliers
    or as ``shares`` says.

    The default interval is one input pixel per cycle. The layers of ``unroll`` get a constant multiplier for
    every weight instead; a part of a name that no other layer has is enough. ``registered``: with a register
    slice at every stream of the border. Raises Unsupported for layers or
    a structure without hardware, UnreachedError for an interval that is not reached, KerilogError for a layer
    that cannot be unrolled, naming the layer.
    """
    refusals.check(graph)
    unroll = refusals.unrolled(graph, unroll)
    if interval is not None and interval < 1:
        raise KerilogError(f"the frame interval must be at least 1 cycle, found {interval}")
    title = verilog_name(name or graph.name)
    if interval is None:
        drawn = relaxed(graph, title, default_interval(graph), unroll, shares, registered)
        return elaborate(graph, title, drawn)
    design = elaborate(graph, title, sketch(graph, title, interval, unroll, shares, registered))
    if design.cycles.frame_interval > interval:
        slowest = max(design.stages, key=lambda stage: stage.minimum_interval)
        raise UnreachedError(slowest.layer, interval, design.cycles.frame_interval)
    return design


def elaborate(graph: QGraph, name: str, drawn: Sketch, latency: int | None = None) -> Design:
    """The design of a sketch: depths of queues and rings as the schedule needs them, and its cycles.

    Where it misses its interval, or the ``latency``, requantizers that are sooner done are tried, and those
    kept with which it misses neither, else the first ones of the shortest interval.
    """
    found: list[Design] = []
    for attempt in drawn.ever_sooner():
        fitted = buffers.fit(attempt.stages, drawn.interval, drawn.kept, drawn.registered)
        found.append(_design(graph, name, drawn, fitted))
        in_time = latency is None or fitted.cycles.latency <= latency
        if fitted.cycles.frame_interval <= drawn.interval and in_time:
            return found[-1]
    return min(found, key=lambda design: design.cycles.frame_interval)


def _design(graph: QGraph, name: str, drawn: Sketch, fitted: buffers.Fitted) -> Design:
    """The design of a sketch whose buffers are ``fitted``."""
    entering, leaving = inputs_of(fitted.stages), outputs_of(fitted.stages)
    inputs = [
        (stream, entering[stream], node.shape)
        for stream, node in zip(drawn.inputs, graph.inputs, strict=True)
    ]
    outputs = [
        (stream, leaving[stream], graph[node].shape)
        for stream, node in zip(drawn.outputs, graph.outputs, strict=True)
    ]
    return Design(
        name,
        graph.scheme,
        fitted.stages,
        fitted.cycles,
        _ports("s_axis", input_names(graph), inputs),
        _ports("m_axis", output_names(graph), outputs),
        fitted.in_flight,
        drawn.registered,
    )


def _ports(side: str, names: Sequence[str], streams: Sequence[tuple[str, Tensor, Shape]]) -> tuple[Port, ...]:
    """The ports of one side: of each its stream, what flows in it, and the model's own shape of that."""
    return tuple(
        Port(port, stream, dataclasses.replace(tensor, shape=shape))
        for port, (stream, tensor, shape) in zip(ports(side, names), streams, strict=True)
    )


def relaxed(
    graph: QGraph,
    name: str,
    interval: int,
    unroll: tuple[str, ...] = (),
    shares: Shares = FEWEST,
    registered: bool = False,
) -> Sketch:
    """The sketch for ``interval``, or for the shortest one of a slower layer."""
    while True:
        try:
            return sketch(graph, name, interval, unroll, shares, registered)
        except UnreachedError as error:
            interval = error.shortest


def default_interval(graph: QGraph) -> int:
    """One pixel per cycle, in the largest image of the network; of flat inputs one element per cycle."""
    if all(len(source.shape) == 1 for source in graph.inputs):
        return max(source.shape[0] for source in graph.inputs)
    return max(int(np.prod(node.shape[:-1])) for node in graph if len(node.shape) > 1)
