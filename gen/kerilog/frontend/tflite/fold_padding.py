# SPDX-License-Identifier: Apache-2.0
"""Give the cells of a PAD to the convolution that takes them."""

from __future__ import annotations

import dataclasses

from kerilog.graph import windows_meet_image
from kerilog.qgraph import QConv2D, QGraph, QNode, QZeroPadding2D


def fold_padding(graph: QGraph) -> QGraph:
    """``graph`` with padding inside the convolutions of padding VALID that alone take it.

    Every code stays: PAD's rim is the zero point of its input, whose format its output has, and a convolution
    pads with that very code. Left as it is, as for a float graph: padding of which some window sees nothing
    else.
    """
    pads = {node.inputs[0]: graph[node.inputs[0]] for node in graph if _folds(graph, node)}
    nodes = (_taking_in(node, pads) for node in graph if node.name not in pads)
    return dataclasses.replace(graph, nodes=tuple(nodes))


def _folds(graph: QGraph, node: QNode) -> bool:
    """Whether ``node`` is a convolution that can take in its input."""
    op = node.op
    if not isinstance(op, QConv2D) or op.padding != ((0, 0), (0, 0)):
        return False
    pad = graph[node.inputs[0]]
    if not isinstance(pad.op, QZeroPadding2D) or pad.name in graph.outputs or len(graph.users(pad.name)) > 1:
        return False
    if pad.op.steps != (1, 1) or pad.op.code not in (None, pad.format.zero_point):
        return False
    image, padding = graph[pad.inputs[0]].shape, pad.op.padding
    spans = [(op.kernel.shape[axis] - 1) * op.dilation_rate[axis] + 1 for axis in (0, 1)]
    return all(
        windows_meet_image(image[axis], node.shape[axis], spans[axis], op.strides[axis], padding[axis][0])
        for axis in (0, 1)
    )


def _taking_in(node: QNode, pads: dict[str, QNode]) -> QNode:
    pad = pads.get(node.inputs[0]) if node.inputs else None
    if pad is None or not isinstance(node.op, QConv2D) or not isinstance(pad.op, QZeroPadding2D):
        return node
    op = dataclasses.replace(node.op, padding=pad.op.padding)
    return dataclasses.replace(node, op=op, inputs=pad.inputs)
