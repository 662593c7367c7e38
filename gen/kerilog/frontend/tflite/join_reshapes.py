# SPDX-License-Identifier: Apache-2.0
"""No pair of reshapes that ends in the shape in which it began."""

from __future__ import annotations

import dataclasses

from kerilog.qgraph import QGraph, QNode, QReshape


def join_reshapes(graph: QGraph) -> QGraph:
    """``graph`` with the reshapes between layers of a sequence, which meet in pairs, left out.

    An output that is no change of shape goes by the name of what it was before.
    """
    nodes: dict[str, QNode] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        moved = dataclasses.replace(node, inputs=tuple(renamed.get(name, name) for name in node.inputs))
        source = nodes[moved.inputs[0]] if isinstance(node.op, QReshape) else moved
        if source is not moved and isinstance(source.op, QReshape):
            before = nodes[source.inputs[0]]
            if before.shape == node.shape:
                renamed[node.name] = before.name
                continue
        nodes[node.name] = moved
    outputs = tuple(renamed.get(name, name) for name in graph.outputs)
    return _without_unused(dataclasses.replace(graph, nodes=tuple(nodes.values()), outputs=outputs))


def _without_unused(graph: QGraph) -> QGraph:
    """``graph`` without reshapes that nothing takes, some of which were there for their shape alone."""
    used = {name for node in graph for name in node.inputs} | set(graph.outputs)
    nodes = tuple(node for node in graph if node.name in used or not isinstance(node.op, QReshape))
    if len(nodes) == len(graph.nodes):
        return graph
    return _without_unused(dataclasses.replace(graph, nodes=nodes))
