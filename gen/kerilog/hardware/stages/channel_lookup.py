# SPDX-License-Identifier: Apache-2.0
"""A function of one code for each channel: a table for each."""

from __future__ import annotations

from collections.abc import Iterator

from kerilog.exact import lookup
from kerilog.hardware import tabled
from kerilog.hardware.kind import Flow, LayerKind, Wiring
from kerilog.qgraph import QChannelLookup, QGraph, QNode


class ChannelLookupKind(LayerKind):
    """As many words as there are codes, for each channel."""

    operations = (QChannelLookup,)
    supported = f"a function of one code for each channel, tables of up to {tabled.MOST_WORDS:,} words in all"

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        op = node.op
        assert isinstance(op, QChannelLookup)
        reason = tabled.too_large(len(op.table), graph[node.inputs[0]].format.bits)
        if reason:
            yield reason

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        tables = lookup.tables(node, [wiring.source(node)])
        return tabled.place(node, wiring.take(node), wiring, tables)


KIND = ChannelLookupKind()
