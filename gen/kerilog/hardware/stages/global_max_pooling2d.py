# SPDX-License-Identifier: Apache-2.0
"""GlobalMaxPooling2D: running maxima of whole pixels."""

from __future__ import annotations

from kerilog.hardware import whole_image
from kerilog.hardware.design import Tensor
from kerilog.hardware.kind import Flow, LayerKind, Wiring
from kerilog.qgraph import QGlobalMaxPooling2D, QNode


class GlobalMaxPooling2D(LayerKind):
    """As many elements per beat as keep up."""

    operations = (QGlobalMaxPooling2D,)
    supported = "any image"

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        return source.shape[0]

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = node.op
        assert isinstance(op, QGlobalMaxPooling2D)
        return whole_image.place_max(node, wiring.take(node), wiring, op.clamp)


KIND = GlobalMaxPooling2D()
