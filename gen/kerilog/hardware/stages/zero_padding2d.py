# SPDX-License-Identifier: Apache-2.0
"""ZeroPadding2D that no convolution takes in, and pixels spread for a transposed convolution."""

from __future__ import annotations

from kerilog.hardware.design import Tensor
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring
from kerilog.hardware.modules.pad import Pad
from kerilog.hardware.moving import MovingStage, beats_of_pixels, in_shares
from kerilog.qgraph import QNode, QZeroPadding2D


class ZeroPadding2D(LayerKind):
    """A pixel per beat, or a share of one."""

    operations = (QZeroPadding2D,)
    supported = "any image, up to a pixel per cycle; a convolution behind it pads by itself where it can"

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        return beats_of_pixels(node, source, node.shape[-1])

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = node.op
        assert isinstance(op, QZeroPadding2D)
        height, width, channels = node.shape
        flow = in_shares(node, wiring.take(node), wiring, channels)
        lanes = flow.tensor.lanes
        (top, _), (left, _) = op.padding
        code = node.format.zero_point if op.code is None else op.code
        instance = Pad(
            lanes=lanes,
            bits=flow.tensor.bits,
            beats=channels // lanes,
            size=(flow.tensor.shape[0], flow.tensor.shape[1]),
            out=(height, width),
            first=(top, left),
            steps=op.steps,
            code=code,
        )
        down, across = op.steps
        equation = f"y[{top} + {down} * r, {left} + {across} * c] = x[r, c]; all other pixels are {code}"
        frame = Frame.of(node, wiring, (flow,), lanes)
        low, high = flow.codes
        stage = MovingStage(**vars(frame), instance=instance, equation=equation)
        return wiring.append(stage, (min(low, code), max(high, code)))


KIND = ZeroPadding2D()
