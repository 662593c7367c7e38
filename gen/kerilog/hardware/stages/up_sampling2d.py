# SPDX-License-Identifier: Apache-2.0
"""UpSampling2D of the nearest pixel."""

from __future__ import annotations

import dataclasses

from kerilog.hardware.design import Tensor
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring
from kerilog.hardware.modules.upsample import Upsample
from kerilog.hardware.moving import MovingStage, beats_of_pixels, in_shares
from kerilog.qgraph import QNode, QUpSampling2D


class UpSampling2D(LayerKind):
    """A row is kept while it is repeated; without repeated rows, a pixel."""

    operations = (QUpSampling2D,)
    supported = "whole factors, the nearest pixel; up to a pixel per cycle"

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        return beats_of_pixels(node, source, node.shape[-1])

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = node.op
        assert isinstance(op, QUpSampling2D)
        source = wiring.take(node)
        if op.size == (1, 1):
            return dataclasses.replace(source, tensor=dataclasses.replace(source.tensor, shape=node.shape))
        channels = node.shape[-1]
        flow = in_shares(node, source, wiring, channels)
        lanes, (down, across) = flow.tensor.lanes, op.size
        rows_are_pixels = down == 1
        instance = Upsample(
            width=flow.tensor.width,
            columns=1 if rows_are_pixels else flow.tensor.shape[1],
            beats=channels // lanes,
            repeats=(across, 1) if rows_are_pixels else op.size,
        )
        frame = Frame.of(node, wiring, (flow,), lanes)
        equation = f"y[r, c] = x[r / {down}, c / {across}]"
        stage = MovingStage(**vars(frame), instance=instance, equation=equation)
        return wiring.append(stage, flow.codes)


KIND = UpSampling2D()
