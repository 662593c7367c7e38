# SPDX-License-Identifier: Apache-2.0
"""What stands between a network and hardware: everything at once, before anything is solved."""

from __future__ import annotations

from collections.abc import Iterator

from kerilog.errors import Reason, Unsupported
from kerilog.formats import Binary, Sign
from kerilog.hardware.kind import title
from kerilog.hardware.stages import KINDS
from kerilog.names import chosen
from kerilog.qgraph import (
    QConcatenate,
    QConstant,
    QConv2D,
    QDense,
    QGlobalMaxPooling2D,
    QGraph,
    QInput,
    QLookup,
    QMaxPooling2D,
    QNode,
    QPermute,
    QRequantize,
    QReshape,
    QSlice,
    QUpSampling2D,
)

_WITH_SIGNS = (
    *(QConv2D, QDense, QMaxPooling2D, QGlobalMaxPooling2D, QConcatenate, QLookup, QRequantize),
    *(QReshape, QPermute, QSlice, QUpSampling2D),
)


def check(graph: QGraph) -> None:
    """Raises Unsupported with every layer of ``graph`` that has no hardware."""
    reasons = tuple(refusals(graph))
    if reasons:
        raise Unsupported.together(reasons)
    if not any(type(node.op) in KINDS and KINDS[type(node.op)].computes for node in graph):
        raise Unsupported(f"model '{graph.name}': there is no layer that computes anything")


def refusals(graph: QGraph) -> Iterator[Reason]:
    """Every reason why ``graph`` has no hardware, in the order of the layers."""
    for node in graph:
        yield from ((title(node), text) for text in _refusals_of(node, graph))


def _refusals_of(node: QNode, graph: QGraph) -> Iterator[str]:
    if isinstance(node.op, QInput) and not graph.users(node.name) and node.name not in graph.outputs:
        yield "hardware does not support an input that nothing uses"
    if isinstance(node.op, (QInput, QConstant)):
        return
    kind = KINDS.get(type(node.op))
    if kind is None:
        yield f"hardware does not support {node.op.kind}, only {', '.join(sorted(supported_kinds()))}"
        return
    signs = any(isinstance(one.format, Sign) for one in (node, *(graph[name] for name in node.inputs)))
    if signs and not isinstance(node.op, _WITH_SIGNS):
        names = ", ".join(sorted(kind.__name__.removeprefix("Q") for kind in _WITH_SIGNS))
        yield f"hardware supports activations of 1 bit before and behind {names} only"
    weights = node.op.kernel_format if isinstance(node.op, QConv2D | QDense) else None
    if weights and isinstance(graph[node.inputs[0]].format, Sign) and not isinstance(weights, Binary):
        yield f"hardware supports an input of 1 bit with weights of 1 bit, found {weights}"
    yield from kind.refusals(node, graph)
    if not graph.users(node.name) and node.name not in graph.outputs:
        yield "hardware does not support a result that nothing uses"


def supported_kinds() -> set[str]:
    """The kinds of operations that have hardware, in Keras' words."""
    return {operation.__name__.removeprefix("Q") for operation in KINDS}


def unrolled(graph: QGraph, unroll: tuple[str, ...]) -> tuple[str, ...]:
    """The nodes that ``unroll`` names; a part of a name that no other layer has is enough.

    Raises KerilogError unless the weights of each can become constants.
    """
    supported = (node for node in graph if type(node.op) in KINDS)
    possible = [node.name for node in supported if KINDS[type(node.op)].unrollable(node)]
    others = {node.name for node in graph} - set(possible)
    otherwise = f"not one that can be unrolled; those are {', '.join(possible) or 'none'}"
    return tuple(chosen(name, [] if name in others else possible, otherwise) for name in unroll)
