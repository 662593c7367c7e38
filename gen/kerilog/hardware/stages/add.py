# SPDX-License-Identifier: Apache-2.0
"""Add, Subtract and Average: two streams, element by element."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.exact.addition import addition
from kerilog.hardware import memories, pairs
from kerilog.hardware.kind import Flow, Frame, Wiring
from kerilog.hardware.module import Module
from kerilog.hardware.modules.add import Add
from kerilog.qgraph import QAdd, QAverage, QNode, QSubtract


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class AddStage(pairs.PairStage):
    """A ``krl_add``."""

    add: Add

    template = "stages/add.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.add,)


class AddKind(pairs.PairKind):
    """Beats of both operands in as few lanes as keep up, joined."""

    operations = (QAdd, QSubtract, QAverage)

    def join(self, node: QNode, wiring: Wiring, left: Flow, right: Flow) -> Flow:
        op = node.op
        assert isinstance(op, QAdd)
        lanes = left.tensor.lanes
        found = addition(node, op, (left.tensor.format, right.tensor.format), (left.codes, right.codes))
        frame = Frame.of(node, wiring, (left, right), lanes)
        file, words = frame.memory("table"), np.array(found.words)
        table = memories.column(file, words, found.total_bits, "word = code's bits") if found.table else None
        return wiring.append(AddStage(**vars(frame), add=Add(lanes, found, table)), op.clamp)


KIND = AddKind()
