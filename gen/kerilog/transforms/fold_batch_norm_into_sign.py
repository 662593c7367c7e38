# SPDX-License-Identifier: Apache-2.0
"""Give a batch normalization of which only the sign is kept to the layer before it."""

from __future__ import annotations

import dataclasses

from kerilog.formats import Sign
from kerilog.graph import (
    BatchNormalization,
    Conv2D,
    Converter,
    Dense,
    DepthwiseConv2D,
    Graph,
    Node,
    Op,
)
from kerilog.transforms.absorb_converters import moves
from kerilog.transforms.rewrite import absorb_into_source, private_tensors


def fold_batch_norm_into_sign(graph: Graph) -> Graph:
    """``graph`` with each normalization between a layer whose weights have a format and a converter to signs
    inside that layer: in integers it is a threshold for each channel.

    Other layers take in the scale of a normalization with their weights.
    """
    private = private_tensors(graph)
    signed = {node.name for node in graph if _becomes_sign(node, graph, private)}

    def rule(source: Node, user: Node) -> Op | None:
        op, norm = source.op, user.op
        if user.name not in signed or not isinstance(norm, BatchNormalization):
            return None
        if not isinstance(op, Conv2D | DepthwiseConv2D | Dense) or op.kernel_format is None:
            return None
        if op.activation != "linear" or op.normalization is not None:
            return None
        return dataclasses.replace(op, normalization=norm)

    return absorb_into_source(graph, rule)


def _becomes_sign(node: Node, graph: Graph, private: set[str]) -> bool:
    """Whether of the tensor that ``node`` makes only the signs are seen."""
    while node.format is None and node.name in private:
        (node,) = (user for user in graph if node.name in user.inputs)
        if isinstance(node.op, Converter):
            return isinstance(node.op.format, Sign)
        if not moves(node.op, Sign()):
            return False
    return isinstance(node.format, Sign)
