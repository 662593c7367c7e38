# SPDX-License-Identifier: Apache-2.0
"""One call of a layer on tensors: what a converter is given, and how it builds its nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from kerilog.errors import KerilogError
from kerilog.frontend.keras.functions import activation_of
from kerilog.frontend.keras.options import Layer
from kerilog.frontend.keras.weights import Weights
from kerilog.graph import Array, Node, Op, Pair, Shape, padding_of
from kerilog.names import Names

Nodes = tuple[Node, ...]


class UnknownInputError(Exception):
    """Behind a layer that is not supported, no shapes are known, and nothing that depends on them."""


@dataclasses.dataclass(frozen=True)
class Call:
    """Layer ``layer`` on the tensors ``sources``, None where they are not known: its output node is ``name``.

    Further nodes take their names out of ``names``.
    """

    layer: Layer
    name: str
    sources: Nodes | None
    weights: Weights
    names: Names

    @property
    def inputs(self) -> Nodes:
        """The tensors; raises UnknownInputError behind a layer that is not supported."""
        if self.sources is None:
            raise UnknownInputError
        return self.sources

    @property
    def shape(self) -> Shape:
        """The shape of the one input; raises KerilogError when there are more."""
        if len(self.inputs) != 1:
            self.layer.wrong("inputs", "one tensor", len(self.inputs))
        return self.inputs[0].shape

    @property
    def image(self) -> tuple[int, int, int]:
        """(height, width, channels) of the one input."""
        shape = self.shape
        if len(shape) != 3:
            self.layer.wrong("input", "an image (height, width, channels)", shape)
        return shape[0], shape[1], shape[2]

    def variables(self, *shapes: Shape, unread: int = 0) -> list[Array]:
        """The layer's weights, float32, of these shapes; up to ``unread`` more may follow in the file."""
        for shape in shapes:
            self.layer.check_shape(shape, "a weight array")
        try:
            return self.weights.read(self.layer.key, shapes, unread)
        except KerilogError as error:
            raise KerilogError(f"{self.layer}: {error}") from None

    def node(self, op: Op, shape: Shape, inputs: Nodes | None = None, part: str = "") -> Node:
        """A node on ``inputs``, by default those of the call; ``part`` tells a call's nodes apart."""
        self.layer.check_shape(shape, "the output")
        sources = tuple(node.name for node in (self.inputs if inputs is None else inputs))
        return Node(self.names.take(f"{self.name}/{part}") if part else self.name, op, sources, shape)

    def finish(self, node: Node) -> Nodes:
        """``node``, and after it the layer's activation as a node of its own."""
        function = activation_of(self.layer)
        if function is None:
            return (node,)
        return node, self.node(function, node.shape, (node,), function.function)


Converter = Callable[[Call], Nodes]


def window_shape(call: Call, kernel: Pair, strides: Pair, padding: str, dilation: Pair = (1, 1)) -> Pair:
    """(height, width) that a sliding window leaves of the call's image."""
    height, width, _ = call.image
    pads = padding_of((height, width), kernel, strides, padding, dilation)
    sizes = []
    for size, cells, stride, step, pad in zip((height, width), kernel, strides, dilation, pads, strict=True):
        span = (cells - 1) * step + 1
        if size + sum(pad) < span:
            call.layer.wrong("input", f"at least {span} rows and columns for the window", (height, width))
        sizes.append((size + sum(pad) - span) // stride + 1)
    return sizes[0], sizes[1]


def zeros(count: int) -> Array:
    """The bias of a layer without one."""
    return np.zeros(count, np.float32)
