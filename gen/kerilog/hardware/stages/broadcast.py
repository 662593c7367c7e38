# SPDX-License-Identifier: Apache-2.0
"""Broadcasting: a small tensor repeated along axes in which it has one element."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from kerilog.errors import UnreachedError
from kerilog.graph import Shape
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.repeat import Repeat
from kerilog.qgraph import QBroadcast, QGraph, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class BroadcastStage(LayerStage):
    """A ``krl_repeat``."""

    repeat: Repeat

    template = "stages/broadcast.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.repeat,)


class BroadcastKind(LayerKind):
    """The elements behind the repeated axes are kept, and given as often as these ask for."""

    operations = (QBroadcast,)
    supported = (
        "axes of one element next to each other: of the pixels; of the channels, a pixel per cycle at most"
    )

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        source = graph[node.inputs[0]].shape
        if _axes(source, node.shape) is None:
            yield f"hardware repeats axes next to each other, found {source} to be broadcast to {node.shape}"

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        """A beat holds no more than what one element, or one group of them, is repeated to."""
        axes = _axes(source.shape, node.shape)
        return math.prod(node.shape[: axes.start]) if axes else 1

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        before = wiring.take(node)
        axes = _axes(before.tensor.shape, node.shape)
        assert axes is not None
        least = self.shortest_interval(node, before.tensor)
        if least > wiring.interval:
            raise UnreachedError(title(node), wiring.interval, least)
        times, inner = (math.prod(node.shape[part]) for part in (axes, slice(axes.stop, None)))
        lanes = wiring.fewest_lanes(dataclasses.replace(before.tensor, shape=node.shape))
        if lanes <= inner:
            taken, copies = math.gcd(lanes, inner), 1
        else:  # several times side by side, no more than the repeated axes have
            taken, copies = inner, math.gcd(lanes // inner, times)
        flow = wiring.cut(before, taken, title(node))
        frame = Frame.of(node, wiring, (flow,), taken * copies)
        repeat = Repeat(flow.tensor.width, copies, inner // taken, times // copies)
        return wiring.append(BroadcastStage(**vars(frame), repeat=repeat), flow.codes)


def _axes(source: Shape, target: Shape) -> slice | None:
    """The neighbouring axes of ``target`` along which ``source`` is repeated; None if they are none."""
    if len(source) != len(target):
        return None
    repeated = [axis for axis, (few, many) in enumerate(zip(source, target, strict=True)) if few != many]
    if not repeated:
        return slice(len(target), len(target))
    axes = slice(repeated[0], repeated[-1] + 1)
    return axes if all(size == 1 for size in source[axes]) else None


KIND = BroadcastKind()
