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

    Asked for nodes of one input only, and only where nobody else sees the source's tensor and it has no
    format.
    """
    private = private_tensors(graph)
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        moved = with_inputs(node, renamed)
        source = nodes[moved.inputs[0]] if len(moved.inputs) == 1 and node.inputs[0] in private else None
        op = None if source is None or source.format is not None else rule(source, moved)
        if source is None or op is None:
            nodes[node.name] = moved
        else:
            nodes[source.name] = dataclasses.replace(source, op=op, shape=node.shape)
            renamed[node.name] = source.name
    return finish(graph, nodes, renamed)


def absorb_into_user(graph: Graph, rule: Rule) -> Graph:
    """Drop each source for which ``rule(source, node)`` gives the operation that does the work of both.

    Asked for pairs of nodes of one input only, and only where nobody else sees the source's tensor and it has
    no format.
    """
    private = private_tensors(graph)
    nodes: dict[str, Node] = {}
    for node in graph:
        source = nodes[node.inputs[0]] if len(node.inputs) == 1 and node.inputs[0] in private else None
        alone = source is not None and len(source.inputs) == 1 and source.format is None
        op = rule(source, node) if source is not None and alone else None
        if source is None or op is None:
            nodes[node.name] = node
        else:
            del nodes[source.name]
            nodes[node.name] = dataclasses.replace(node, op=op, inputs=source.inputs)
    return finish(graph, nodes, {})


def drop(graph: Graph, unwanted: Callable[[Node], bool]) -> Graph:
    """Drop each ``unwanted`` node of one input: its users take its input instead."""
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        moved = with_inputs(node, renamed)
        if len(node.inputs) == 1 and unwanted(node):
            renamed[node.name] = moved.inputs[0]
        else:
            nodes[node.name] = moved
    return finish(graph, nodes, renamed)


def private_tensors(graph: Graph) -> set[str]:
    """The tensors that one node takes, once, and that are no outputs."""
    uses = Counter(name for node in graph for name in node.inputs)
    uses.update(graph.outputs)
    uses.update(graph.outputs)
    return {name for name, count in uses.items() if count == 1}


def with_inputs(node: Node, renamed: Mapping[str, str]) -> Node:
    """``node`` with its inputs under their new names."""
    return dataclasses.replace(node, inputs=tuple(renamed.get(name, name) for name in node.inputs))


def finish(graph: Graph, nodes: Mapping[str, Node], renamed: Mapping[str, str]) -> Graph:
    """A graph of ``nodes`` with the outputs of ``graph`` under their new names."""
    outputs = tuple(renamed.get(name, name) for name in graph.outputs)
    return Graph(graph.name, tuple(nodes.values()), outputs)
