# SPDX-License-Identifier: Apache-2.0
"""What the layers that join two tensors element by element have in common."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator

import numpy as np

from kerilog.exact import lookup
from kerilog.exact.intervals import Interval
from kerilog.exact.multiplier import exact_multiplier
from kerilog.hardware import tabled
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.kind import Flow, LayerKind, Wiring, title
from kerilog.hardware.memories import requantizer_rom
from kerilog.hardware.modules.requantize import AffineRequantizer, FixedRequantizer
from kerilog.hardware.requantizer import Results, affine
from kerilog.qgraph import Clamp, QConstant, QGraph, QMultiply, QNode, Shift

_SUPPORTED = "two tensors of one shape, or a tensor and a constant, which is tables of one code"
_BIAS_BITS = 2  # of a requantizer that adds none


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class PairStage(LayerStage):
    """A stage of two operands."""

    @property
    def right(self) -> Tensor:
        """The second operand."""
        return self.inputs[1]


class PairKind(LayerKind):
    """Beats of both operands in as few lanes as keep up, joined; with a constant, tables of the other one."""

    supported = _SUPPORTED

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        return _refusals(node, graph)

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        return _with_constant(node, wiring) or self.join(node, wiring, *_operands(node, wiring))

    @abc.abstractmethod
    def join(self, node: QNode, wiring: Wiring, left: Flow, right: Flow) -> Flow:
        """The flow behind ``node`` of two tensors, whose beats have as many elements."""


def _refusals(node: QNode, graph: QGraph) -> Iterator[str]:
    """Why the operands of ``node`` do not meet in hardware."""
    operands = [graph[name] for name in node.inputs]
    computed = [operand for operand in operands if not isinstance(operand.op, QConstant)]
    if len(computed) == 2 and operands[0].shape != operands[1].shape:
        yield f"hardware joins tensors of one shape, found {operands[0].shape} and {operands[1].shape}"
    elif len(computed) == 1 and computed[0].shape != node.shape:
        yield f"hardware joins a constant with a tensor of shape {node.shape}, found {computed[0].shape}"
    elif len(computed) == 1:
        constant = next(operand for operand in operands if operand is not computed[0])
        reason = tabled.too_large(lookup.period_of(constant, node.shape), computed[0].format.bits)
        if reason:
            yield reason
    elif not computed:
        yield "hardware joins tensors, found two constants"


def _with_constant(node: QNode, wiring: Wiring) -> Flow | None:
    """The flow behind ``node`` as tables of its one tensor; None if it joins two."""
    sources = [wiring.source(node, place) for place in range(2)]
    places = [place for place, source in enumerate(sources) if not isinstance(source.op, QConstant)]
    if len(places) == 2:
        return None
    return tabled.place(node, wiring.take(node, places[0]), wiring, lookup.tables(node, sources))


def _operands(node: QNode, wiring: Wiring) -> tuple[Flow, Flow]:
    """Both flows in as few lanes as keep up."""
    flows = wiring.take(node, 0), wiring.take(node, 1)
    lanes = wiring.fewest_lanes(flows[0].tensor)
    left, right = (wiring.cut(flow, lanes, title(node)) for flow in flows)
    return left, right


def products(left: Flow, right: Flow) -> Interval:
    """All products of codes less their zero points that can occur, (1,)."""
    ends = ([code - flow.tensor.format.zero_point for code in flow.codes] for flow in (left, right))
    corners = np.multiply.outer(*ends)
    return Interval(np.array([corners.min()]), np.array([corners.max()]))


def requantizer(
    node: QNode, op: QMultiply, lanes: int, reach: Interval, file: str
) -> AffineRequantizer | FixedRequantizer:
    """What brings products within ``reach`` back to codes; one set of constants for all channels."""
    bits, nothing = node.format.bits, np.zeros(1, np.int64)
    if isinstance(op.rescale, Shift):
        return FixedRequantizer(
            rom=requantizer_rom(file, lanes, [("bias", nothing, _BIAS_BITS)]),
            lanes=lanes,
            period=1,
            acc_bits=reach.bits,
            bits=bits,
            clamp_min=op.clamp[0],
            clamp_max=op.clamp[1],
            shift=int(op.rescale.shift[0]),
            bias_bits=_BIAS_BITS,
            biased_bits=max(reach.bits, bits + 1),
            bias_shift=0,
        )
    zero = node.format.zero_point
    exact = exact_multiplier(op.rescale, nothing, reach, op.clamp[0] - zero, op.clamp[1] - zero, node.name)
    return affine(exact, reach, Results(lanes, 1, bits, op.clamp, file), zero)


def larger(left: Clamp, right: Clamp) -> Clamp:
    """The codes that the larger one of two can be."""
    return max(left[0], right[0]), max(left[1], right[1])


def smaller(left: Clamp, right: Clamp) -> Clamp:
    """The codes that the smaller one of two can be."""
    return min(left[0], right[0]), min(left[1], right[1])
