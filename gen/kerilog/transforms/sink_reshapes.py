# SPDX-License-Identifier: Apache-2.0
"""Move reshapes behind what works channel by channel, so that it meets the layer that makes its tensor.

A sequence layer is an image layer between two reshapes. Without this they would keep a batch normalization, a
ReLU or a zero padding from the convolution that can take it in.
"""

from __future__ import annotations

import dataclasses

from kerilog.graph import Activation, BatchNormalization, Converter, Graph, Node, Reshape
from kerilog.names import Names
from kerilog.transforms.rewrite import finish, with_inputs

_FUSIBLE = ("relu", "relu6")


def sink_reshapes(graph: Graph) -> Graph:
    """``graph`` with one reshape for each row of them, and none that changes nothing.

    A layer that changes places with a reshape keeps its name; the reshape is ``<name>/flat`` then, as an
    output too.
    """
    names = Names(node.name for node in graph)
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        moved = with_inputs(node, renamed)
        source = nodes[moved.inputs[0]] if len(moved.inputs) == 1 else None
        if source is not None and _is_reshape(moved):
            renamed[node.name] = _reshape(moved, source, nodes)
        elif source is not None and _is_reshape(source) and _keeps_channels(moved, source, nodes):
            before = nodes[source.inputs[0]]
            nodes[node.name] = dataclasses.replace(moved, inputs=(before.name,), shape=before.shape)
            flat = names.take(f"{node.name}/flat")
            nodes[flat] = Node(flat, Reshape(), (node.name,), node.shape)
            renamed[node.name] = flat
        else:
            nodes[node.name] = moved
    return _without_unused(finish(graph, nodes, renamed))


def _is_reshape(node: Node) -> bool:
    return isinstance(node.op, Reshape) and node.format is None


def _reshape(node: Node, source: Node, nodes: dict[str, Node]) -> str:
    """Add the reshape ``node`` of ``source`` as far as there is any; the name of what it gives."""
    if _is_reshape(source):
        source = nodes[source.inputs[0]]
    if source.shape == node.shape:
        return source.name
    nodes[node.name] = dataclasses.replace(node, inputs=(source.name,))
    return node.name


def _keeps_channels(node: Node, reshape: Node, nodes: dict[str, Node]) -> bool:
    """Whether ``node`` does the same before ``reshape``: to each channel, or to each number."""
    op = node.op
    if isinstance(op, BatchNormalization):
        return nodes[reshape.inputs[0]].shape[-1:] == reshape.shape[-1:]
    return isinstance(op, Converter) or (isinstance(op, Activation) and op.function in _FUSIBLE)


def _without_unused(graph: Graph) -> Graph:
    """``graph`` without reshapes that nothing takes any more."""
    used = {name for node in graph for name in node.inputs} | set(graph.outputs)
    nodes = tuple(node for node in graph if node.name in used or not isinstance(node.op, Reshape))
    if len(nodes) == len(graph.nodes):
        return graph
    return _without_unused(dataclasses.replace(graph, nodes=nodes))
