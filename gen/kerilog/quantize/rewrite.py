# SPDX-License-Identifier: Apache-2.0
"""What both schemes have in common: the walk from the float graph to the integer graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

import numpy as np

from kerilog.errors import Unsupported
from kerilog.formats import Format
from kerilog.graph import (
    Activation,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Graph,
    Input,
    MaxPooling2D,
    Node,
    Pair,
    Reshape,
    padding_of,
)
from kerilog.qgraph import Clamp, Padding, QGraph, QInput, QMaxPooling2D, QNode, QOp, QReshape

MatrixOp = Conv2D | DepthwiseConv2D | Dense


class Scheme(Protocol):
    """How one scheme turns floats into integers; tensors are named by their node."""

    @property
    def name(self) -> Literal["affine", "fixed"]:
        """What the graph will be called."""

    def activation_format(self, node: Node) -> Format:
        """The format of the tensor that ``node`` makes."""

    def matrix(self, node: Node, op: MatrixOp, source: QNode, target: Format) -> QOp:
        """The integer operation of a convolution or a dense layer."""

    def rescale(self, node: Node, source: QNode, target: Format, clamp: Clamp) -> QOp:
        """A change of format with a clamp: an activation that stands alone."""


def convert(graph: Graph, scheme: Scheme) -> QGraph:
    """``graph``, simplified, with every tensor and every operation in integers.

    A softmax at an output is left out: the integer network ends in logits, and their order is the same. Raises
    Unsupported, naming the layer, for an operation that has no integer form here.
    """
    walk = _Walk(scheme)
    for node in graph:
        walk.add(node)
    outputs = tuple(walk.alias[name] for name in graph.outputs)
    return QGraph(graph.name, scheme.name, tuple(walk.nodes.values()), outputs)


@dataclasses.dataclass
class _Walk:
    scheme: Scheme
    nodes: dict[str, QNode] = dataclasses.field(default_factory=dict)
    alias: dict[str, str] = dataclasses.field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Append the integer form of ``node``."""
        sources = [self.nodes[self.alias[name]] for name in node.inputs]
        if isinstance(node.op, Activation) and node.op.function == "softmax":
            self.alias[node.name] = sources[0].name
            return
        target = self._format(node, sources)
        op = self._op(node, sources, target)
        self.nodes[node.name] = QNode(
            node.name, op, tuple(source.name for source in sources), node.shape, target
        )
        self.alias[node.name] = node.name

    def _format(self, node: Node, sources: list[QNode]) -> Format:
        """Operations that only move or choose elements keep their format."""
        if isinstance(node.op, (MaxPooling2D, Reshape)):
            return sources[0].format
        return self.scheme.activation_format(node)

    def _op(self, node: Node, sources: list[QNode], target: Format) -> QOp:
        op = node.op
        if isinstance(op, Input):
            return QInput()
        if isinstance(op, Reshape):
            return QReshape()
        if isinstance(op, (Conv2D, DepthwiseConv2D, Dense)):
            return self.scheme.matrix(node, op, sources[0], target)
        if isinstance(op, MaxPooling2D):
            padding = padding_of(sources[0].shape, op.pool_size, op.strides, op.padding)
            return QMaxPooling2D(op.pool_size, op.strides, full_range(target), padding)
        if isinstance(op, Activation) and op.function in ("relu", "relu6"):
            return self.scheme.rescale(node, sources[0], target, clamp_of(op.function, target))
        raise Unsupported(f"layer '{node.name}': there is no integer form of {op.kind} yet")


def full_range(target: Format) -> Clamp:
    """A clamp that lets every code through."""
    return target.minimum, target.maximum


def clamp_of(activation: str, target: Format) -> Clamp:
    """The codes that a fused activation lets through."""
    if activation == "linear":
        return full_range(target)
    largest = int(target.quantize(6.0)) if activation == "relu6" else target.maximum
    return max(target.minimum, target.zero_point), largest


def geometry(op: Conv2D | DepthwiseConv2D, source: QNode) -> Mapping[str, Pair | Padding | int]:
    """Strides, padding, dilation and groups of a convolution, as QConv2D takes them."""
    kernel = (op.kernel.shape[0], op.kernel.shape[1])
    return {
        "strides": op.strides,
        "padding": padding_of(source.shape, kernel, op.strides, op.padding, op.dilation_rate),
        "dilation_rate": op.dilation_rate,
        "groups": source.shape[-1] if isinstance(op, DepthwiseConv2D) else op.groups,
    }


def flat_kernel(op: MatrixOp) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The kernel in float64 with the output channels last; of a depthwise convolution (kh, kw, 1, channels)."""
    kernel = op.kernel.astype(np.float64)
    if isinstance(op, DepthwiseConv2D):
        return kernel.reshape(*kernel.shape[:2], 1, -1)
    return kernel


def strip_softmax(graph: QGraph) -> QGraph:
    """``graph`` without a softmax at its outputs, which hardware leaves to whoever wants probabilities."""
    removed = {
        node.name: node.inputs[0] for node in graph if _is_softmax(node) and node.name in graph.outputs
    }
    outputs = tuple(removed.get(name, name) for name in graph.outputs)
    return dataclasses.replace(graph, nodes=_without(graph.nodes, removed), outputs=outputs)


def _is_softmax(node: QNode) -> bool:
    return node.op.kind in ("Softmax", "FloatSoftmax")


def _without(nodes: Iterable[QNode], names: Mapping[str, str]) -> tuple[QNode, ...]:
    return tuple(node for node in nodes if node.name not in names)
