# SPDX-License-Identifier: Apache-2.0
"""What stands between a network and hardware: everything at once, before anything is solved."""

from __future__ import annotations

from collections.abc import Iterator

from kerilog.errors import KerilogError, Reason, Unsupported
from kerilog.formats import Affine, Binary, Fixed, Sign, UnsignedAffine
from kerilog.hardware.kind import title
from kerilog.hardware.loading import LoadableGraph
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

ALL = "all"
"""Every layer with weights, where layers are named whose weights are loaded."""

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


def loadable(graph: QGraph, asked: tuple[str, ...], unroll: tuple[str, ...], banks: int) -> LoadableGraph:
    """``graph``, the weights of the layers that ``asked`` names in memories of ``banks`` sets that are
    written at run time: ``ALL`` for every layer with weights; a part of a name that no other layer has is
    enough.

    Raises KerilogError, naming the layer, where weights cannot be loaded, or are to be constants.
    """
    weighted = [node for node in graph if isinstance(node.op, QConv2D | QDense)]
    names = [node.name for node in weighted]
    others = {node.name for node in graph} - set(names)
    otherwise = f"has no weights to load; those with weights are {', '.join(names) or 'none'}"
    every = ALL in asked and ALL not in names
    found = set(names)
    if not every:
        found = {chosen(name, [] if name in others else names, otherwise) for name in asked}
    for node in weighted:
        if node.name in found:
            _check_loadable(node, graph)
    for name in found.intersection(unrolled(graph, unroll)):
        raise KerilogError(
            f"layer '{name}': expected weights to load or to unroll into constants, found both asked for"
        )
    return LoadableGraph(graph.name, graph.scheme, graph.nodes, graph.outputs, frozenset(found), banks)


def _check_loadable(node: QNode, graph: QGraph) -> None:
    """Raises KerilogError for weights, inputs and results of few levels: what becomes of them depends on the
    weights.
    """
    assert isinstance(node.op, QConv2D | QDense)
    formats = node.op.kernel_format, graph[node.inputs[0]].format, node.format
    for what, format in zip(("weights", "an input", "results"), formats, strict=True):
        if not isinstance(format, Fixed | Affine) or isinstance(format, UnsignedAffine):
            raise KerilogError(
                f"layer '{node.name}': loading weights at run time is for weights and activations of 2 bits "
                f"and more, found {what} in {format}; leave it out of the layers to load"
            )
