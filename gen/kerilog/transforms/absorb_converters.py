# SPDX-License-Identifier: Apache-2.0
"""Make each converter the format of the tensor that it rounds."""

from __future__ import annotations

import dataclasses

from kerilog.formats import Format, Sign
from kerilog.graph import (
    Converter,
    GlobalMaxPooling2D,
    Graph,
    MaxPooling2D,
    Node,
    Op,
    Permute,
    Reshape,
    Slice,
    UpSampling2D,
    ZeroPadding2D,
)
from kerilog.transforms.converters_after_relu import commutes
from kerilog.transforms.rewrite import finish, private_tensors, with_inputs

_MOVERS = (MaxPooling2D, GlobalMaxPooling2D, Reshape, ZeroPadding2D, Slice, UpSampling2D, Permute)


def moves(op: Op, format: Format | None) -> bool:
    """Whether ``op`` only moves or chooses elements, so that rounding to ``format`` before it is the same as
    rounding after it: a zero that it adds is one in every format but that of signs.
    """
    return isinstance(op, _MOVERS) and not (isinstance(op, ZeroPadding2D) and isinstance(format, Sign))


def absorb_converters(graph: Graph) -> Graph:
    """``graph`` with the formats of its converters on the nodes that make the tensors.

    A converter of a tensor that somebody else sees unconverted, or that has another format already, stays.
    """
    shielded = private_tensors(graph) | _converted_everywhere(graph)
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        moved = with_inputs(node, renamed)
        format = moved.op.format if isinstance(moved.op, Converter) else None
        maker = None if format is None else _maker(moved, nodes, shielded)
        if maker is None or _format(maker) not in (None, format):
            nodes[node.name] = moved
        else:
            if _format(maker) is None:
                nodes[maker.name] = dataclasses.replace(maker, format=format)
            renamed[node.name] = moved.inputs[0]
    return finish(graph, _inherited(nodes), renamed)


def _inherited(nodes: dict[str, Node]) -> dict[str, Node]:
    """``nodes`` with the format of its input on each ReLU that needs no other."""
    made: dict[str, Node] = {}
    held: dict[str, Format | None] = {}
    for name, node in nodes.items():
        source = held[node.inputs[0]] if len(node.inputs) == 1 else None
        inherits = _format(node) is None and source is not None and commutes(node, source)
        made[name] = dataclasses.replace(node, format=source) if inherits else node
        held[name] = source if moves(node.op, source) else _format(made[name])
    return made


def _maker(node: Node, nodes: dict[str, Node], shielded: set[str]) -> Node | None:
    """The node that could round in place of the converter ``node``, or None: others would see it rounded."""
    source = nodes[node.inputs[0]]
    while source.name in shielded:
        if not moves(source.op, _format(node)):
            return None if isinstance(source.op, _MOVERS) else source
        source = nodes[source.inputs[0]]
    # A tensor that is converted already may be seen by anybody.
    return source if _format(source) == _format(node) else None


def _converted_everywhere(graph: Graph) -> set[str]:
    """The tensors, no outputs, that are only taken by converters to one format."""
    formats: dict[str, set[Format | None]] = {name: {None} for name in graph.outputs}
    for node in graph:
        for name in node.inputs:
            formats.setdefault(name, set()).add(node.op.format if isinstance(node.op, Converter) else None)
    return {name for name, seen in formats.items() if len(seen) == 1 and None not in seen}


def _format(node: Node) -> Format | None:
    return node.op.format if isinstance(node.op, Converter) else node.format
