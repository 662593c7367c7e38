# SPDX-License-Identifier: Apache-2.0
"""Any function of one code: a table."""

from __future__ import annotations

import dataclasses

from kerilog.exact import lookup
from kerilog.hardware import memories
from kerilog.hardware.design import LayerStage
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.lookup import Lookup
from kerilog.qgraph import QLookup, QNode, QRequantize


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LookupStage(LayerStage):
    """A ``krl_lookup``."""

    lookup: Lookup

    template = "stages/lookup.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.lookup,)


class LookupKind(LayerKind):
    """A table of as many words as there are codes."""

    operations = (QLookup, QRequantize)
    supported = "any function of one code (sigmoid, tanh, a ReLU or a change of format that stands alone)"

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        source, flow = wiring.source(node), wiring.take(node)
        lanes = wiring.fewest_lanes(flow.tensor)
        if flow.lanes is None or flow.lanes > lanes:
            flow = wiring.cut(flow, lanes, title(node))
        frame = Frame.of(node, wiring, (flow,), flow.tensor.lanes)
        bits = node.format.bits
        words = lookup.table(node, source)
        table = memories.column(frame.memory("table"), words, bits, f"word = bits of the code; {bits} bits")
        stage = LookupStage(**vars(frame), lookup=Lookup(flow.tensor.lanes, flow.tensor.bits, bits, table))
        return wiring.append(stage, lookup.image(node, source, flow.codes))


KIND = LookupKind()
