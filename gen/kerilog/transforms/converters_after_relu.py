# SPDX-License-Identifier: Apache-2.0
"""Round after a ReLU, not before: the same numbers, and the ReLU can join the layer that makes the sums."""

from __future__ import annotations

import dataclasses

from kerilog.formats import Format, Sign
from kerilog.graph import Activation, Converter, Graph, Node
from kerilog.transforms.fuse_activation import FUSED
from kerilog.transforms.rewrite import finish, private_tensors


def converters_after_relu(graph: Graph) -> Graph:
    """``graph`` with each pair of a converter and a ReLU the other way round; both names stay in place.

    Only where the layer before the converter can take the ReLU in.
    """
    private = private_tensors(graph)
    nodes: dict[str, Node] = {}
    for node in graph:
        source = nodes[node.inputs[0]] if len(node.inputs) == 1 and node.inputs[0] in private else None
        if source is not None and _is_before(source, node) and _can_fuse(source, nodes, private):
            nodes[source.name] = dataclasses.replace(source, op=node.op)
            nodes[node.name] = dataclasses.replace(node, op=source.op)
        else:
            nodes[node.name] = node
    return finish(graph, nodes, {})


def _is_before(source: Node, node: Node) -> bool:
    return isinstance(source.op, Converter) and commutes(node, source.op.format)


def _can_fuse(converter: Node, nodes: dict[str, Node], private: set[str]) -> bool:
    return converter.inputs[0] in private and isinstance(nodes[converter.inputs[0]].op, FUSED)


def commutes(node: Node, format: Format) -> bool:
    """Whether ``node`` is a ReLU that gives codes of ``format`` for such codes: 6 need not be one."""
    if not isinstance(node.op, Activation) or isinstance(format, Sign):
        return False
    six = float(format.dequantize(format.quantize(6.0)))
    beyond = float(format.dequantize(format.maximum)) < 6
    return node.op.function == "relu" or (node.op.function == "relu6" and (six == 6 or beyond))
