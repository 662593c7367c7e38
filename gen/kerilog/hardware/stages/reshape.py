# SPDX-License-Identifier: Apache-2.0
"""Reshape and Flatten: the elements stay in order, so there is nothing to build."""

from __future__ import annotations

import dataclasses

from kerilog.hardware.kind import Flow, LayerKind, Wiring
from kerilog.qgraph import QNode, QReshape


class Reshape(LayerKind):
    """The same stream, its tensor in another shape."""

    operations = (QReshape,)
    supported = "any shape"
    computes = False

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        flow = wiring.take(node)
        return dataclasses.replace(flow, tensor=dataclasses.replace(flow.tensor, shape=node.shape))


KIND = Reshape()
