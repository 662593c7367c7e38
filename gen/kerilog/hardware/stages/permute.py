# SPDX-License-Identifier: Apache-2.0
"""Permute and TRANSPOSE: the elements in another order, out of a memory."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from kerilog.graph import Shape
from kerilog.hardware.design import Tensor
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring
from kerilog.hardware.modules.permute import Axes
from kerilog.hardware.modules.permute import Permute as PermuteModule
from kerilog.hardware.moving import MovingStage, beats_of_pixels, in_shares
from kerilog.qgraph import QGraph, QNode, QPermute

MOST_BITS = 1 << 25
"""Of the memory: more than the block RAM of any device that is known."""


class Permute(LayerKind):
    """What moves is written into a half of a memory while the other half is read."""

    operations = (QPermute,)
    supported = (
        "up to three axes, the channels among them, out of up to 32 Mbit of memory, twice what moves; "
        "up to a pixel per cycle where the channels stay, else an element"
    )

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        source = graph[node.inputs[0]]
        order = _order(_op(node).dims, source.shape)
        if len(order.axes) + (order.unit > 1) > 3:
            yield f"hardware supports up to three axes that move, found {_op(node).dims} of {source.shape}"
        if (bits := 2 * order.elements * node.format.bits) > MOST_BITS:
            yield f"hardware supports permutations in up to {MOST_BITS:,} bits of memory, found {bits:,}"

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        return beats_of_pixels(node, source, _order(_op(node).dims, source.shape).unit)

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        source = wiring.take(node)
        order = _order(_op(node).dims, source.tensor.shape)
        if not order.axes:
            return dataclasses.replace(source, tensor=dataclasses.replace(source.tensor, shape=node.shape))
        flow = in_shares(node, source, wiring, order.unit)
        lanes = flow.tensor.lanes
        instance = PermuteModule(flow.tensor.width, *order.loops(lanes))
        frame = Frame.of(node, wiring, (flow,), lanes)
        equation = f"y = x, its axes in the order {', '.join(map(str, _op(node).dims))}"
        stage = MovingStage(**vars(frame), instance=instance, equation=equation)
        return dataclasses.replace(wiring.append(stage, flow.codes), at_end=order.whole)


@dataclasses.dataclass(frozen=True)
class Order:
    """A permutation, in elements: ``axes`` of what goes out as (size, stride in what comes in), from the
    first one that moves to the last one; ``unit`` neighbours stay together. ``whole``: no axis before them
    stays.
    """

    axes: tuple[tuple[int, int], ...]
    unit: int
    whole: bool

    @property
    def elements(self) -> int:
        """How many are reordered at a time."""
        return self.unit * math.prod(size for size, _ in self.axes)

    def loops(self, lanes: int) -> tuple[Axes, Axes]:
        """Sizes and strides of three axes in beats of ``lanes``, a divisor of the unit."""
        beats = self.unit // lanes
        inner = [(beats, 1)] if beats > 1 else []
        axes = [(size, stride // lanes) for size, stride in self.axes] + inner
        padded = [(1, 0)] * (3 - len(axes)) + axes
        (a, b, c), (first, second, third) = zip(*padded, strict=True)
        return (a, b, c), (first, second, third)


def _order(dims: tuple[int, ...], shape: Shape) -> Order:
    """The permutation ``dims`` of ``shape`` without axes of size 1, those that stay neighbours as one."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    merged: list[tuple[int, int]] = []
    for axis in dims:
        size, stride = shape[axis], strides[axis]
        if size == 1:
            continue
        if merged and merged[-1][1] == size * stride:
            size *= merged.pop()[0]
        merged.append((size, stride))
    unit = merged.pop()[0] if merged and merged[-1][1] == 1 else 1
    left = math.prod(shape)
    whole = not merged or merged[0][0] * merged[0][1] != left
    if not whole:  # the first axis stays: block after block
        merged.pop(0)
    return Order(tuple(merged), unit, whole)


def _op(node: QNode) -> QPermute:
    assert isinstance(node.op, QPermute)
    return node.op


KIND = Permute()
