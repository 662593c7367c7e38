# SPDX-License-Identifier: Apache-2.0
"""From the nodes of a ``QGraph`` to functions on codes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from kerilog.errors import Unsupported
from kerilog.formats import Format
from kerilog.integer import convolution, elementwise, ops, softmax
from kerilog.integer.engine import NUMPY, Engine
from kerilog.integer.finish import Codes, Unary, storage
from kerilog.qgraph import (
    Clamp,
    QAdd,
    QArgMax,
    QAveragePooling2D,
    QBroadcast,
    QChannelLookup,
    QConcatenate,
    QConstant,
    QConv2D,
    QDense,
    QFloatSoftmax,
    QGlobalAveragePooling2D,
    QGlobalMaxPooling2D,
    QGraph,
    QInput,
    QLookup,
    QMaximum,
    QMaxPooling2D,
    QMultiply,
    QNode,
    QPermute,
    QRequantize,
    QReshape,
    QResizeBilinear,
    QSlice,
    QSoftmax,
    QUpSampling2D,
    QZeroPadding2D,
    Rescale,
    Threshold,
)

Function = Callable[..., Codes]

_LARGEST_POOL = 64  # cells that are convolved side by side for the sake of their maximum


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """``function`` makes the tensor ``name``, (frames, *shape), of ``inputs``; then ``dead`` are dropped."""

    name: str
    function: Function
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    constant: bool
    dead: tuple[str, ...]


def make_steps(graph: QGraph, wanted: tuple[str, ...], engine: Engine = NUMPY) -> list[Step]:
    """What makes the tensors ``wanted`` of a graph from those of its inputs, in order.

    A maximum over the output of a convolution that nobody else wants is one step with it.
    """
    nodes = {node.name: node for node in graph}
    pooled = {node.name: nodes[node.inputs[0]] for node in graph if _pools_convolution(graph, node, wanted)}
    absorbed = {node.name for node in pooled.values()}
    made = [node for node in graph if node.name not in absorbed and not isinstance(node.op, QInput)]
    inputs = {node.name: pooled.get(node.name, node).inputs for node in made}
    last = {name: node.name for node in made for name in inputs[node.name]}
    steps = []
    for node in made:
        sources = [nodes[name] for name in inputs[node.name]]
        first = pooled.get(node.name)
        function = (
            pooled_convolution(first, node, sources[0], engine) if first else make_step(node, sources, engine)
        )
        dead = {name for name in inputs[node.name] if last[name] == node.name and name not in wanted}
        constant = isinstance(node.op, QConstant)
        steps.append(Step(node.name, function, inputs[node.name], node.shape, constant, tuple(dead)))
    return steps


def _pools_convolution(graph: QGraph, node: QNode, wanted: tuple[str, ...]) -> bool:
    """Whether ``node`` is a maximum over windows side by side of a convolution that only it needs."""
    if (
        not isinstance(node.op, QMaxPooling2D)
        or node.op.pool_size != node.op.strides
        or math.prod(node.op.pool_size) > _LARGEST_POOL
        or np.any(node.op.padding)
    ):
        return False
    source = graph[node.inputs[0]]
    alone = source.name not in wanted and len(graph.users(source.name)) == 1
    return alone and isinstance(source.op, QConv2D) and source.op.groups == 1 and _rises(source.op.rescale)


def _rises(factor: Rescale) -> bool:
    """Whether no code falls as the sum rises."""
    return not isinstance(factor, Threshold) or bool(np.all(factor.direction > 0))


def pooled_convolution(first: QNode, pool: QNode, source: QNode, engine: Engine) -> Unary:
    """The convolution ``first`` on ``source`` and the maximum ``pool`` over it."""
    assert isinstance(first.op, QConv2D) and isinstance(pool.op, QMaxPooling2D)
    low, high = pool.op.clamp
    clamp: Clamp = min(max(first.op.clamp[0], low), high), min(max(first.op.clamp[1], low), high)
    op = dataclasses.replace(first.op, clamp=clamp)
    return convolution.conv2d(
        op,
        source.format,
        first.format,
        (first.shape[0], first.shape[1]),
        pool.op.pool_size,
        engine,
    )


def make_step(node: QNode, sources: list[QNode], engine: Engine = NUMPY) -> Function:
    """The function that makes ``node``'s tensor from those of its inputs."""
    formats = [source.format for source in sources]
    step = _constant_or_move(node, sources) or _binary(node, formats, engine)
    step = step or _unary(node, formats[0], engine) or _tabled(node, formats[0], engine) if formats else step
    if step is None:
        raise Unsupported(f"{node.name}: the integer model has no {node.op.kind}")
    return step


def _constant_or_move(node: QNode, sources: list[QNode]) -> Function | None:
    """Operations that make no new numbers."""
    op = node.op
    if isinstance(op, QInput):
        return lambda: np.zeros(0, np.int8)
    if isinstance(op, QConstant):
        values = op.values.astype(storage(node.format))[np.newaxis]
        return lambda: values
    if isinstance(op, QReshape):
        return lambda x: x
    if isinstance(op, QBroadcast):
        return lambda x: np.broadcast_to(x, (len(x), *node.shape)).copy()
    if isinstance(op, QSlice):
        return elementwise.sliced(op)
    if isinstance(op, QUpSampling2D):
        return elementwise.up_sampling(op)
    if isinstance(op, QPermute):
        return elementwise.permute(op)
    if isinstance(op, QConcatenate):
        axis = op.axis + 1 if op.axis >= 0 else op.axis
        return lambda *parts: np.concatenate(parts, axis=axis)
    return elementwise.zero_padding(op, sources[0].format) if isinstance(op, QZeroPadding2D) else None


def _binary(node: QNode, formats: list[Format], engine: Engine) -> Function | None:
    """Operations on two tensors."""
    op = node.op
    if isinstance(op, QAdd):
        return elementwise.add(op, formats[0], formats[1], node.format, engine)
    if isinstance(op, QMaximum):
        return elementwise.extreme(op, node.format)
    if isinstance(op, QMultiply):
        return elementwise.multiply(op, formats[0], formats[1], node.format, engine)
    return None


def _unary(node: QNode, source: Format, engine: Engine) -> Unary | None:
    """Operations on one tensor."""
    match node.op:
        case QConv2D() as op:
            size = node.shape[0], node.shape[1]
            return convolution.conv2d(op, source, node.format, size, engine=engine)
        case QDense() as op:
            return ops.dense(op, source, node.format, math.prod(node.shape[:-1]), engine)
        case QResizeBilinear() as op:
            return elementwise.resize_bilinear(op, node.format)
        case QSoftmax() as op:
            return softmax.softmax(op, node.format)
        case QFloatSoftmax() as op:
            return softmax.float_softmax(op, node.format)
    return _pool(node, source)


def _pool(node: QNode, source: Format) -> Unary | None:
    """Pools."""
    match node.op:
        case QMaxPooling2D() as op:
            return ops.max_pool(op, source, node.format)
        case QAveragePooling2D() as op:
            return ops.average_pool(op, source, node.format)
        case QGlobalMaxPooling2D() as op:
            return ops.global_max_pool(op, node.format)
        case QArgMax():
            return ops.arg_max(node.format)
        case QGlobalAveragePooling2D() as op:
            return ops.global_average_pool(op, source, node.format)
    return None


def _tabled(node: QNode, source: Format, engine: Engine) -> Unary | None:
    """Functions of one code."""
    match node.op:
        case QRequantize() as op:
            return elementwise.requantize(op, source, node.format, engine)
        case QLookup() as op:
            return elementwise.lookup(op, source, node.format, engine)
        case QChannelLookup() as op:
            return elementwise.channel_lookup(op, source, node.format)
    return None
