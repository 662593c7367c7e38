# SPDX-License-Identifier: Apache-2.0
"""A network that ends in the numbers of classes, in place of their scores."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from kerilog.errors import ArgumentError
from kerilog.formats import ClassNumber
from kerilog.frames import output_names
from kerilog.qgraph import QArgMax, QGraph, QNode
from kerilog.quantize.rewrite import strip_softmax


def end_in_classes(graph: QGraph, functions: Sequence[str]) -> QGraph:
    """``graph`` with the number of the class at every output that holds the scores of classes.

    ``functions`` are those behind the outputs, in their order ("softmax", "sigmoid", "linear"). A softmax
    goes, for the largest of its inputs is the largest of its outputs. Where there is one, the outputs without
    are no scores; where there is none, all are that have several units and neither sigmoid nor tanh. Raises
    ArgumentError where no output holds scores.
    """
    names = output_names(graph)
    bare = strip_softmax(graph)
    nodes = [bare[name] for name in bare.outputs]
    against = [_why_not(node, function) for node, function in zip(nodes, functions, strict=True)]
    if all(against):
        told = "; ".join(f"output '{name}' {reason}" for name, reason in zip(names, against, strict=True))
        raise ArgumentError("{0}: expected an output of several classes: {told}", "argmax", told=told)
    likely = {place for place, reason in enumerate(against) if not reason}
    chosen = {place for place in likely if functions[place] in ("softmax", "class")} or likely
    made: dict[str, QNode] = {}
    for place in sorted(chosen):
        node = nodes[place]
        if not isinstance(node.format, ClassNumber):
            made.setdefault(node.name, _arg_max(node, names[place]))
    outputs = tuple(
        made[node.name].name if place in chosen and node.name in made else node.name
        for place, node in enumerate(nodes)
    )
    return dataclasses.replace(bare, nodes=(*bare.nodes, *made.values()), outputs=outputs)


def _why_not(node: QNode, function: str) -> str:
    """Why ``node`` holds no scores of classes; "" if it does."""
    if isinstance(node.format, ClassNumber):
        return ""
    if math.prod(node.shape[:-1]) > 1:
        return f"is of shape {' x '.join(map(str, node.shape))}"
    if node.shape[-1] < 2:
        return "has one unit"
    return f"ends in a {function}" if function in ("sigmoid", "tanh") else ""


def _arg_max(scores: QNode, output: str) -> QNode:
    """The class of ``scores``, under the name of the ``output``: its own, or that of the softmax left out."""
    name = f"{output}/argmax" if output == scores.name else output
    return QNode(name, QArgMax(), (scores.name,), (1,), ClassNumber.of(scores.shape[-1]))
