# SPDX-License-Identifier: Apache-2.0
"""A float network in the number formats of a design: nothing is observed, everything is given."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from kerilog.errors import KerilogError
from kerilog.formats import Fixed, FloatArray, Format
from kerilog.graph import Activation, Graph, Node
from kerilog.qgraph import Multiplier, QArgMax, QConv2D, QDense, QGraph, QNode
from kerilog.quantize import convert
from kerilog.quantize.affine import AffineScheme
from kerilog.quantize.fixed import FixedScheme
from kerilog.quantize.matrix import MatrixOp, flat_kernel
from kerilog.quantize.ranges import best_fixed
from kerilog.quantize.rewrite import Scheme
from kerilog.scales import Rounding


@dataclasses.dataclass(frozen=True)
class _Affine(AffineScheme):
    """``AffineScheme`` with the ``formats`` of tensors given, by name."""

    formats: Mapping[str, Format] = dataclasses.field(default_factory=dict)

    def activation_format(self, node: Node) -> Format:
        return self.formats[node.name]


@dataclasses.dataclass(frozen=True)
class _Fixed(FixedScheme):
    """``FixedScheme`` with the ``formats`` of tensors given, by name."""

    formats: Mapping[str, Format] = dataclasses.field(default_factory=dict)

    def activation_format(self, node: Node) -> Format:
        return self.formats[node.name]


def rounding_of(design: QGraph) -> Rounding:
    """The flavour of TFLite's arithmetic that ``design`` follows."""
    factors = [node.op.rescale for node in design if isinstance(node.op, QConv2D | QDense)]
    single = any(isinstance(factor, Multiplier) and factor.rounding == "single" for factor in factors)
    return "single" if single else "reference"


def converted(graph: Graph, design: QGraph, loaded: frozenset[str]) -> tuple[Graph, QGraph]:
    """Simplified ``graph`` by the names of the layers of ``design``, and in its formats; ``loaded``: the
    layers whose weights are not the design's.

    Raises KerilogError, naming the layer, for other layers and for weights that the formats do not hold.
    """
    renamed = _renamed(graph, design)
    given = dataclasses.replace(renamed, nodes=tuple(_given(node, design, loaded) for node in renamed))
    formats = {node.name: node.format for node in design}
    scheme: Scheme
    if design.scheme == "affine":
        scheme = _Affine({}, rounding=rounding_of(design), formats=formats)
    else:
        scheme = _Fixed({}, rounding=rounding_of(design), formats=formats)
    return renamed, convert(given, scheme)


def _renamed(graph: Graph, design: QGraph) -> Graph:
    """``graph`` with the names of ``design``, layer by layer in their order."""
    kept = [node for node in graph if not _is_softmax(node)]
    own = [node for node in design if not _is_inserted(node)]
    if len(kept) != len(own):
        raise KerilogError(
            f"expected the {len(own)} layers of the design, found {len(kept)}: another network"
        )
    for node, there in zip(kept, own, strict=True):
        if node.shape != there.shape:
            raise KerilogError(
                f"layer '{node.name}': expected {_told(there.shape)}, as layer '{there.name}' of the design "
                f"gives, found {_told(node.shape)}"
            )
    names = {node.name: there.name for node, there in zip(kept, own, strict=True)}
    taken = set(names.values())
    names |= {node.name: _free(node.name, taken) for node in graph if _is_softmax(node)}
    nodes = tuple(
        dataclasses.replace(node, name=names[node.name], inputs=tuple(names[name] for name in node.inputs))
        for node in graph
    )
    return dataclasses.replace(graph, nodes=nodes, outputs=tuple(names[name] for name in graph.outputs))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _is_softmax(node: Node) -> bool:
    return isinstance(node.op, Activation) and node.op.function == "softmax"


def _is_inserted(node: QNode) -> bool:
    """Whether quantization put the node between the layers, or behind them."""
    first, slash, last = node.name.rpartition("/")
    changes = bool(first and slash) and (last.startswith("requantize") or last == "broadcast")
    return changes or isinstance(node.op, QArgMax)


def _told(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _given(node: Node, design: QGraph, loaded: frozenset[str]) -> Node:
    """``node`` with the formats that weights and bias have in the design; in ``affine`` loaded ones keep
    scales of their own.
    """
    op = node.op
    if not isinstance(op, MatrixOp):
        return node
    there = design[node.name].op
    if not isinstance(there, QConv2D | QDense):
        raise KerilogError(f"layer '{node.name}': expected {there.kind}, as in the design, found {op.kind}")
    if design.scheme == "affine":
        return node
    if node.name in loaded:
        _check_held(node.name, "weights", flat_kernel(op), there.kernel_format)
        _check_held(node.name, "biases", op.bias.astype(np.float64), there.bias_format)
    given = dataclasses.replace(op, kernel_format=there.kernel_format, bias_format=there.bias_format)
    return dataclasses.replace(node, op=given)


def _check_held(layer: str, what: str, values: FloatArray, format: Format) -> None:
    """Raises KerilogError for ``values`` (..., channels) that ``format`` saturates, where the best format of
    as many bits has a longer range.
    """
    if not isinstance(format, Fixed):
        return
    fracs = np.broadcast_to(np.asarray(format.frac), values.shape[-1:])
    per_channel = not isinstance(format.frac, int)
    groups = np.moveaxis(values, -1, 0) if per_channel else [values]
    for frac, group in zip(fracs.tolist(), groups, strict=False):
        held = Fixed(format.bits, frac)
        largest = held.maximum * float(held.scales)
        found = float(np.abs(group).max(initial=0))
        best = best_fixed(np.asarray(group), format.bits).frac
        if found > largest + float(held.scales) / 2 and isinstance(best, int) and best < frac:
            raise KerilogError(
                f"layer '{layer}': expected {what} of {-largest:g} to {largest:g}, what {held} of the design "
                f"holds, found up to {found:g}, {found / largest:.3g} times as large"
            )
