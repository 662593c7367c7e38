# SPDX-License-Identifier: Apache-2.0
"""Constants: part of the layer that takes them, so there is nothing to build."""

from __future__ import annotations

from kerilog.hardware.kind import Flow, LayerKind, Wiring
from kerilog.qgraph import QConstant, QNode


class ConstantKind(LayerKind):
    """No stream: whoever joins a tensor with it makes tables of it."""

    operations = (QConstant,)
    supported = "one operand of a sum, a difference, a product, a maximum or a minimum"
    computes = False

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        raise AssertionError(f"{node.name}: constants are placed by those who take them")


KIND = ConstantKind()
