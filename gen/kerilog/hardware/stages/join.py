# SPDX-License-Identifier: Apache-2.0
"""Maximum, Minimum and Multiply: two streams, element by element."""

from __future__ import annotations

import dataclasses

from kerilog.hardware import pairs
from kerilog.hardware.kind import Flow, Frame, Wiring, clamped
from kerilog.hardware.module import Module
from kerilog.hardware.modules.join import MAXIMUM, MINIMUM, PRODUCT, Join
from kerilog.hardware.modules.requantize import AffineRequantizer, FixedRequantizer
from kerilog.qgraph import QMaximum, QMinimum, QMultiply, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class JoinStage(pairs.PairStage):
    """A ``krl_join``."""

    join: Join

    template = "stages/join.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.join,)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class MultiplyStage(JoinStage):
    """A ``krl_join`` and what brings its products back to codes."""

    requantizer: AffineRequantizer | FixedRequantizer

    template = "stages/multiply.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.join, self.requantizer)


class ExtremeKind(pairs.PairKind):
    """Beats of both operands in as few lanes as keep up, joined."""

    operations = (QMaximum, QMinimum)

    def join(self, node: QNode, wiring: Wiring, left: Flow, right: Flow) -> Flow:
        op = node.op
        assert isinstance(op, QMaximum)
        frame = Frame.of(node, wiring, (left, right), left.tensor.lanes)
        smaller = isinstance(op, QMinimum)
        bits = node.format.bits
        join = Join(
            function=MINIMUM if smaller else MAXIMUM,
            lanes=left.tensor.lanes,
            left_bits=bits,
            right_bits=bits,
            bits=bits,
            clamp_min=op.clamp[0],
            clamp_max=op.clamp[1],
        )
        codes = (pairs.smaller if smaller else pairs.larger)(left.codes, right.codes)
        return wiring.append(JoinStage(**vars(frame), join=join), clamped(codes, op.clamp))


class MultiplyKind(pairs.PairKind):
    """As ``ExtremeKind``; a requantizer is behind the products."""

    operations = (QMultiply,)

    def join(self, node: QNode, wiring: Wiring, left: Flow, right: Flow) -> Flow:
        op = node.op
        assert isinstance(op, QMultiply)
        lanes = left.tensor.lanes
        frame = Frame.of(node, wiring, (left, right), lanes)
        reach = pairs.products(left, right)
        join = Join(
            function=PRODUCT,
            lanes=lanes,
            left_bits=left.tensor.bits,
            right_bits=right.tensor.bits,
            bits=reach.bits,
            left_zero=left.tensor.format.zero_point,
            right_zero=right.tensor.format.zero_point,
        )
        back = pairs.requantizer(node, op, lanes, reach, frame.memory("requantizer"))
        return wiring.append(MultiplyStage(**vars(frame), join=join, requantizer=back), op.clamp)


EXTREME = ExtremeKind()
MULTIPLY = MultiplyKind()
