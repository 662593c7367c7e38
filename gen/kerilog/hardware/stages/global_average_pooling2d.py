# SPDX-License-Identifier: Apache-2.0
"""GlobalAveragePooling2D: running sums of whole pixels, all weights 1."""

from __future__ import annotations

from kerilog.hardware import average, whole_image
from kerilog.hardware.kind import Flow, LayerKind, Wiring
from kerilog.hardware.modules.requantize import AffineRequantizer
from kerilog.qgraph import QGlobalAveragePooling2D, QNode


class GlobalAveragePooling2D(LayerKind):
    """Each channel is a vector for an output of its own, which streams through."""

    operations = (QGlobalAveragePooling2D,)
    supported = "any image"

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = node.op
        assert isinstance(op, QGlobalAveragePooling2D)

        def divider(flow: Flow, lanes: int, file: str) -> AffineRequantizer:
            height, width, _ = flow.tensor.shape
            zero = flow.tensor.format.zero_point
            return average.global_requantizer(node, op, height * width, zero, flow.codes, lanes, file)

        return whole_image.place(node, wiring.take(node), wiring, divider, lambda _: op.clamp)


KIND = GlobalAveragePooling2D()
