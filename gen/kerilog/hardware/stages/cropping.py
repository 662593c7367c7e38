# SPDX-License-Identifier: Apache-2.0
"""Cropping1D, Cropping2D and other parts of a tensor."""

from __future__ import annotations

import math
from collections.abc import Iterator

from kerilog.hardware.design import Tensor
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring
from kerilog.hardware.modules.crop import Crop
from kerilog.hardware.moving import MovingStage, as_image, beats_of_pixels, in_shares
from kerilog.qgraph import QGraph, QNode, QSlice


class Cropping(LayerKind):
    """What comes in is dropped, or goes on in its order."""

    operations = (QSlice,)
    supported = "any part of up to three axes, without strides, up to a pixel per cycle"

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        op = _op(node)
        if any(stride != 1 for stride in op.strides):
            yield f"hardware supports slices without strides, found {op.strides}"
        if len(node.shape) > 3:
            yield f"hardware supports slices of up to three axes, found shape {node.shape}"

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        return beats_of_pixels(node, source, _unit(node, source))

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op, source = _op(node), wiring.take(node)
        flow = in_shares(node, source, wiring, _unit(node, source.tensor))
        lanes = flow.tensor.lanes
        rows, columns, channels = as_image(flow.tensor.shape)
        lacking = 3 - len(op.begin)
        top, left, first = (*(0,) * lacking, *op.begin)
        bottom, right, last = (*(1,) * lacking, *op.end)
        instance = Crop(
            width=flow.tensor.width,
            rows=(top, bottom - 1, rows),
            columns=(left, right - 1, columns),
            beats=(first // lanes, last // lanes - 1, channels // lanes),
        )
        parts = ", ".join(f"{start} .. {end - 1}" for start, end in zip(op.begin, op.end, strict=True))
        frame = Frame.of(node, wiring, (flow,), lanes)
        stage = MovingStage(**vars(frame), instance=instance, equation=f"y = x[{parts}]")
        return wiring.append(stage, flow.codes)


def _op(node: QNode) -> QSlice:
    assert isinstance(node.op, QSlice)
    return node.op


def _unit(node: QNode, source: Tensor) -> int:
    """The most elements per beat of which a pixel and its part consist."""
    op = _op(node)
    return math.gcd(source.shape[-1], op.begin[-1], op.end[-1])


KIND = Cropping()
