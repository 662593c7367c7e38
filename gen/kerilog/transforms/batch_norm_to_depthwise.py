# SPDX-License-Identifier: Apache-2.0
"""Turn a batch normalization that could not be folded into a depthwise convolution of 1x1.

It then has weights and a bias as any other layer, which are quantized per channel, and it can take a ReLU in.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from kerilog.graph import BatchNormalization, DepthwiseConv2D, Graph, Node, Reshape
from kerilog.names import Names
from kerilog.transforms.rewrite import finish, with_inputs


def batch_norm_to_depthwise(graph: Graph) -> Graph:
    """``graph`` without BatchNormalization; tensors that are no images are reshaped for it and back.

    The convolution has the layer's name; what is reshaped back is ``<name>/flat``, as an output too.
    """
    names = Names(node.name for node in graph)
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        moved = with_inputs(node, renamed)
        made = _replaced(moved, moved.op, names) if isinstance(moved.op, BatchNormalization) else (moved,)
        nodes |= {new.name: new for new in made}
        renamed[node.name] = made[-1].name
    return finish(graph, nodes, renamed)


def _replaced(node: Node, norm: BatchNormalization, names: Names) -> tuple[Node, ...]:
    op = DepthwiseConv2D(norm.scale.reshape(1, 1, -1, 1).astype(np.float32), norm.offset)
    if len(node.shape) == 3:
        return (dataclasses.replace(node, op=op),)
    image = (math.prod(node.shape[:-1]), 1, node.shape[-1])
    before, after = names.take(f"{node.name}/image"), names.take(f"{node.name}/flat")
    return (
        Node(before, Reshape(), node.inputs, image),
        Node(node.name, op, (before,), image, node.format),
        Node(after, Reshape(), (node.name,), node.shape),
    )
