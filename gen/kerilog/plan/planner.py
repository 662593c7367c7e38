# SPDX-License-Identifier: Apache-2.0
"""From the integer graph to the design: one stage a layer, converters and queues between them."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.errors import KerilogError, UnreachedError, Unsupported
from kerilog.plan import buffers, layers
from kerilog.plan.design import Design, Stage, Tensor
from kerilog.plan.folding import curve
from kerilog.plan.naming import verilog_name
from kerilog.plan.network import Network
from kerilog.qgraph import QDense, QGraph


def plan(
    graph: QGraph, interval: int | None = None, name: str | None = None, unroll: tuple[str, ...] = ()
) -> Design:
    """Plan the hardware of ``graph`` for one frame every ``interval`` cycles, with the fewest multipliers.

    The default interval is one input pixel a cycle. The layers of ``unroll`` get a constant multiplier for
    every weight instead. Raises Unsupported for an operation or a structure that the hardware does not take,
    KerilogError for an interval that is not reached or a layer that cannot be unrolled, naming the layer in
    the way.
    """
    _check(graph)
    _check_unroll(graph, unroll)
    if interval is not None and interval < 1:
        raise KerilogError(f"the frame interval must be at least 1 cycle, found {interval}")
    title = verilog_name(name or graph.name)
    fitted = _built(graph, title, interval, unroll)
    stages, measured = fitted.stages, fitted.cycles
    if interval is not None and measured.frame_interval > interval:
        raise _missed(stages, interval, measured.frame_interval)
    return Design(title, graph.scheme, stages, measured, graph.inputs[0].shape, graph[graph.outputs[0]].shape)


def _built(graph: QGraph, title: str, goal: int | None, unroll: tuple[str, ...]) -> buffers.Fitted:
    """The stages at the interval ``goal``; by default at the usual one, or the shortest of a slower layer."""
    if goal is not None:
        return Network(graph, title, goal, unroll).build()
    return _relaxed(graph, title, default_interval(graph), unroll)


def _relaxed(graph: QGraph, title: str, interval: int, unroll: tuple[str, ...] = ()) -> buffers.Fitted:
    """The stages at ``interval``, or at the shortest one of a slower layer."""
    while True:
        try:
            return Network(graph, title, interval, unroll).build()
        except UnreachedError as error:
            interval = error.shortest


def _missed(stages: tuple[Stage, ...], interval: int, reached: int) -> KerilogError:
    slowest = max(stages, key=buffers.stage_cycles)
    return KerilogError(
        f"layer '{slowest.layer}': {interval} cycles a frame are not reached, "
        f"the shortest interval found is {reached}"
    )


def _check(graph: QGraph) -> None:
    """Raises Unsupported if there is not one input and one output."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise Unsupported(
            f"model '{graph.name}': hardware takes one input and one output, "
            f"found {len(graph.inputs)} and {len(graph.outputs)}"
        )


def _check_unroll(graph: QGraph, unroll: tuple[str, ...]) -> None:
    """Raises KerilogError if a name of ``unroll`` is not that of a layer with weights."""
    weighted = {layers.title(node): node.op for node in graph if layers.shape_of(node)}
    possible = [
        name for name, op in weighted.items() if isinstance(op, QDense) or getattr(op, "groups", 0) == 1
    ]
    for name in unroll:
        if name not in possible:
            raise KerilogError(
                f"layer '{name}': not one that can be unrolled; those are {', '.join(possible) or 'none'}"
            )


def default_interval(graph: QGraph) -> int:
    """One pixel a cycle, in the largest image of the network; of a flat input one element a cycle."""
    source = graph.inputs[0]
    if len(source.shape) == 1:
        return source.shape[0]
    return max(int(np.prod(node.shape[:-1])) for node in graph if len(node.shape) > 1)


@dataclasses.dataclass(frozen=True)
class Point:
    """A frame interval and the fewest multipliers that reach it."""

    interval: int
    multipliers: int


def front(graph: QGraph) -> list[Point]:
    """Every interval below which the network needs more multipliers, rising, with how many it needs.

    It follows from the layers' foldings alone; nothing is simulated. A network without multipliers has one
    point, its shortest interval, which is simulated. Raises as ``plan``.
    """
    _check(graph)
    curves = {node.name: curve(shape) for node in graph if (shape := layers.shape_of(node))}
    least = _shortest(graph)
    if not curves:
        return [Point(_relaxed(graph, verilog_name(graph.name), least).cycles.frame_interval, 0)]
    points: list[Point] = []
    for interval in sorted({max(least, count) for found in curves.values() for count, _ in found}):
        needed = [min((m for c, m in found if c <= interval), default=None) for found in curves.values()]
        if None in needed:
            continue
        multipliers = sum(count for count in needed if count)
        if not points or multipliers < points[-1].multipliers:
            points.append(Point(interval, multipliers))
    return points


def _shortest(graph: QGraph) -> int:
    """The fewest cycles a frame that the windows allow: whole rows to a beat, a window a cycle."""
    shortest = 1
    for node in graph:
        if node.inputs:
            source = graph[node.inputs[0]]
            try:
                layers.window_of(node, Tensor(source.shape, source.format, 0), 1)
            except UnreachedError as error:
                shortest = max(shortest, error.shortest)
    return shortest
