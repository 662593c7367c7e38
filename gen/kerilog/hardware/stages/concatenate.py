# SPDX-License-Identifier: Apache-2.0
"""Concatenate: streams joined pixel by pixel, along the channels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

from kerilog.errors import UnreachedError
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import divisors
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.concat import Concat
from kerilog.qgraph import QConcatenate, QConstant, QGraph, QNode
from kerilog.timing import concat
from kerilog.timing.control import Control
from kerilog.timing.nodes import ControlNode, Node, Stream


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ConcatenateStage(LayerStage):
    """A ``krl_concat``."""

    concat: Concat

    template = "stages/concatenate.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.concat,)

    def nodes(self, left: Sequence[Stream], right: Sequence[Stream], controls: list[Control]) -> list[Node]:
        (register,) = controls
        joined = Stream()
        turns = concat.Concat(left, joined, counts=self.concat.beats)
        return [turns, ControlNode(register, joined, right[0])]


class Concatenate(LayerKind):
    """A beat holds channels of one input only, so its lanes divide the channels of every input."""

    operations = (QConcatenate,)
    supported = "any number of tensors, along the last axis"

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        op = node.op
        assert isinstance(op, QConcatenate)
        if op.axis not in (-1, len(node.shape) - 1):
            yield f"hardware supports Concatenate along the last axis, found axis {op.axis} of {node.shape}"
        if any(isinstance(graph[name].op, QConstant) for name in node.inputs):
            yield "hardware concatenates tensors, found a constant"

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        flows = [wiring.take(node, place) for place in range(len(node.inputs))]
        lanes = _lanes([flow.tensor for flow in flows], wiring.interval, title(node))
        cut = tuple(wiring.cut(flow, lanes, title(node)) for flow in flows)
        frame = Frame.of(node, wiring, cut, lanes)
        beats = tuple(flow.tensor.shape[-1] // lanes for flow in cut)
        stage = ConcatenateStage(**vars(frame), concat=Concat(frame.output.width, beats))
        lows, highs = zip(*(flow.codes for flow in cut), strict=True)
        return wiring.append(stage, (min(lows), max(highs)))


def _lanes(tensors: Sequence[Tensor], interval: int, layer: str) -> int:
    """The fewest lanes that carry all ``tensors`` in ``interval`` cycles. Raises UnreachedError."""
    elements = sum(tensor.elements for tensor in tensors)
    possible = divisors(math.gcd(*(tensor.shape[-1] for tensor in tensors)))
    for lanes in possible:
        if elements <= lanes * interval:
            return lanes
    raise UnreachedError(layer, interval, elements // possible[-1])


KIND = Concatenate()
