# SPDX-License-Identifier: Apache-2.0
"""Turn a batch normalization that could not be folded into a depthwise convolution of 1x1.

It then has weights and a bias as any other layer, which are quantized per channel, and it can take a ReLU in.
"""

from __future__ import annotations

import math

import numpy as np

from kerilog.graph import BatchNormalization, DepthwiseConv2D, Graph, Node, Reshape


def batch_norm_to_depthwise(graph: Graph) -> Graph:
    """``graph`` without BatchNormalization; tensors that are no images are reshaped for it and back."""
    nodes = tuple(new for node in graph for new in _replaced(node))
    return Graph(graph.name, nodes, graph.outputs)


def _replaced(node: Node) -> tuple[Node, ...]:
    norm = node.op
    if not isinstance(norm, BatchNormalization):
        return (node,)
    op = DepthwiseConv2D(norm.scale.reshape(1, 1, -1, 1).astype(np.float32), norm.offset)
    if len(node.shape) == 3:
        return (Node(node.name, op, node.inputs, node.shape),)
    image = (math.prod(node.shape[:-1]), 1, node.shape[-1])
    before, middle = f"{node.name}/image", f"{node.name}/depthwise"
    return (
        Node(before, Reshape(), node.inputs, image),
        Node(middle, op, (before,), image),
        Node(node.name, Reshape(), (middle,), node.shape),
    )
