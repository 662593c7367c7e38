# SPDX-License-Identifier: Apache-2.0
"""The front of a network: pace against multipliers, from the layers' foldings alone."""

from __future__ import annotations

import dataclasses
import math

from kerilog.hardware.design import Tensor
from kerilog.hardware.folding import curve, possible_lanes, refolded
from kerilog.hardware.naming import verilog_name
from kerilog.hardware.stages import KINDS
from kerilog.plan.jobs import jobs
from kerilog.plan.planner import elaborate, relaxed
from kerilog.qgraph import QConstant, QGraph


@dataclasses.dataclass(frozen=True)
class Point:
    """A frame interval, and the fewest multipliers with which every layer by itself reaches it."""

    interval: int
    multipliers: int


def front(graph: QGraph) -> list[Point]:
    """Every interval below which ``graph`` needs more multipliers, rising, with how many it needs.

    Nothing is run but the windows of the network. A network without multipliers has one point, its shortest
    interval, which is measured.
    """
    curves = [curve(job) for _, job in jobs(graph)]
    least = shortest_interval(graph)
    if not curves:
        name = verilog_name(graph.name)
        return [Point(elaborate(graph, name, relaxed(graph, name, least)).cycles.frame_interval, 0)]
    points: list[Point] = []
    for interval in sorted({max(least, count) for found in curves for count, _ in found}):
        needed = [min((m for c, m in found if c <= interval), default=None) for found in curves]
        if None in needed:
            continue
        multipliers = sum(count for count in needed if count)
        if not points or multipliers < points[-1].multipliers:
            points.append(Point(interval, multipliers))
    return points


def leaner(graph: QGraph) -> set[int]:
    """The intervals from which on a layer of ``graph`` folds to fewer multipliers, or to fewer DSPs for as
    many, or a stream has fewer lanes: it gets the fewest with which a frame is through in time.
    """
    shapes = {node.shape for node in graph if not isinstance(node.op, QConstant)}
    folded = {interval for _, job in jobs(graph) for interval in refolded(job)}
    return folded | {-(-math.prod(shape) // lanes) for shape in shapes for lanes in possible_lanes(shape)}


def shortest_interval(graph: QGraph) -> int:
    """The fewest cycles per frame that the layers allow however many multipliers there are."""
    shortest = 1
    for node in graph:
        if node.inputs:
            source = graph[node.inputs[0]]
            tensor = Tensor(source.shape, source.format, 1)
            shortest = max(shortest, KINDS[type(node.op)].shortest_interval(node, tensor))
    return shortest
