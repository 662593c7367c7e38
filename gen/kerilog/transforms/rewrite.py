# SPDX-License-Identifier: Apache-2.0
"""The two ways in which one node takes in its neighbour."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping

from kerilog.graph import Graph, Node, Op

Rule = Callable[[Node, Node], Op | None]


def absorb_into_source(graph: Graph, rule: Rule) -> Graph:
    """Drop each node for which ``rule(source, node)`` gives the operation that does the work of both.

    Asked for nodes of one input only, and only where nobody else sees the source's tensor.
    """
    private = _private(graph)
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        moved = _with_inputs(node, renamed)
        source = nodes[moved.inputs[0]] if len(moved.inputs) == 1 and node.inputs[0] in private else None
        op = None if source is None else rule(source, moved)
        if source is None or op is None:
            nodes[node.name] = moved
        else:
            nodes[source.name] = dataclasses.replace(source, op=op, shape=node.shape)
            renamed[node.name] = source.name
    return _finish(graph, nodes, renamed)


def absorb_into_user(graph: Graph, rule: Rule) -> Graph:
    """Drop each source for which ``rule(source, node)`` gives the operation that does the work of both.

    Asked for pairs of nodes of one input only, and only where nobody else sees the source's tensor.
    """
    private = _private(graph)
    nodes: dict[str, Node] = {}
    for node in graph:
        source = nodes[node.inputs[0]] if len(node.inputs) == 1 and node.inputs[0] in private else None
        op = rule(source, node) if source is not None and len(source.inputs) == 1 else None
        if source is None or op is None:
            nodes[node.name] = node
        else:
            del nodes[source.name]
            nodes[node.name] = dataclasses.replace(node, op=op, inputs=source.inputs)
    return _finish(graph, nodes, {})


def drop(graph: Graph, unwanted: Callable[[Node], bool]) -> Graph:
    """Drop each ``unwanted`` node of one input: its users take its input instead."""
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        moved = _with_inputs(node, renamed)
        if len(node.inputs) == 1 and unwanted(node):
            renamed[node.name] = moved.inputs[0]
        else:
            nodes[node.name] = moved
    return _finish(graph, nodes, renamed)


def _private(graph: Graph) -> set[str]:
    """The tensors that one node takes, once, and that are no outputs."""
    uses = Counter(name for node in graph for name in node.inputs)
    uses.update(graph.outputs)
    uses.update(graph.outputs)
    return {name for name, count in uses.items() if count == 1}


def _with_inputs(node: Node, renamed: Mapping[str, str]) -> Node:
    return dataclasses.replace(node, inputs=tuple(renamed.get(name, name) for name in node.inputs))


def _finish(graph: Graph, nodes: Mapping[str, Node], renamed: Mapping[str, str]) -> Graph:
    outputs = tuple(renamed.get(name, name) for name in graph.outputs)
    return Graph(graph.name, tuple(nodes.values()), outputs)
