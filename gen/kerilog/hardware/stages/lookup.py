# SPDX-License-Identifier: Apache-2.0
"""Any function of one code: a table."""

from __future__ import annotations

from kerilog.exact import lookup
from kerilog.hardware import tabled
from kerilog.hardware.kind import Flow, LayerKind, Wiring
from kerilog.qgraph import QLookup, QNode, QRequantize


class LookupKind(LayerKind):
    """A table of as many words as there are codes."""

    operations = (QLookup, QRequantize)
    supported = "any function of one code (sigmoid, tanh, a ReLU or a change of format that stands alone)"

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        tables = lookup.table(node, wiring.source(node))[None]
        return tabled.place(node, wiring.take(node), wiring, tables)


KIND = LookupKind()
