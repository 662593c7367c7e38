# SPDX-License-Identifier: Apache-2.0
"""The integer model: runs a ``QGraph`` on codes. All hardware is held to what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import Format, IntArray
from kerilog.integer import elementwise, ops, softmax
from kerilog.integer.ops import Codes, Unary, storage
from kerilog.qgraph import (
    QAdd,
    QAveragePooling2D,
    QConcatenate,
    QConstant,
    QConv2D,
    QDense,
    QFloatSoftmax,
    QGlobalAveragePooling2D,
    QGraph,
    QInput,
    QLookup,
    QMaxPooling2D,
    QMultiply,
    QNode,
    QRequantize,
    QReshape,
    QSoftmax,
    QZeroPadding2D,
)

Step = Callable[..., Codes]

_CHUNK_ELEMENTS = 1 << 20  # elements of the widest tensor that are worked on at once
_CHUNK_FRAMES = 1024


def run(graph: QGraph, x: IntArray) -> IntArray:
    """Output codes (frames, *output shape) of a one-output graph for input codes (frames, *input shape).

    Raises ``KerilogError`` if ``x`` does not fit the input or the graph has not one input and one output.
    """
    if len(graph.outputs) != 1:
        raise KerilogError(f"{graph.name}: expected one output, found {len(graph.outputs)}; use run_outputs")
    return run_outputs(graph, x)[0]


def run_outputs(graph: QGraph, x: IntArray) -> tuple[IntArray, ...]:
    """As ``run`` for any number of outputs, in the order of ``graph.outputs``."""
    tensors = Model(graph).tensors(x, graph.outputs)
    return tuple(tensors[name] for name in graph.outputs)


def run_all(graph: QGraph, x: IntArray) -> dict[str, IntArray]:
    """The codes of every tensor by node name, each (frames, *shape), constants included, all held at once."""
    return Model(graph).tensors(x, tuple(node.name for node in graph))


class Model:
    """A graph made ready to run: all that does not depend on data is done once."""

    def __init__(self, graph: QGraph) -> None:
        if len(graph.inputs) != 1:
            raise KerilogError(f"{graph.name}: expected one input, found {len(graph.inputs)}")
        self.graph = graph
        self.source = graph.inputs[0]
        nodes = {node.name: node for node in graph}
        self._steps = [(node, make_step(node, [nodes[name] for name in node.inputs])) for node in graph]
        self._last_use = {name: node.name for node in graph for name in node.inputs}

    def tensors(self, x: IntArray, names: tuple[str, ...]) -> dict[str, IntArray]:
        """The tensors ``names`` for input codes ``x``, worked out a few frames at a time."""
        codes = self._checked(x)
        widest = max(int(np.prod(node.shape)) for node in self.graph)
        size = min(max(_CHUNK_ELEMENTS // max(widest, 1), 1), _CHUNK_FRAMES)
        result = {name: np.empty((len(x), *self.graph[name].shape), np.int64) for name in names}
        for start in range(0, len(x), size):
            part = self._chunk(codes[start : start + size], frozenset(names))
            for name, array in result.items():
                array[start : start + size] = part[name]
        return result

    def _chunk(self, x: Codes, keep: frozenset[str]) -> Mapping[str, Codes]:
        """The tensors ``keep`` of a few frames; every other tensor is dropped after its last use."""
        tensors: dict[str, Codes] = {}
        for node, step in self._steps:
            if node is self.source:
                tensors[node.name] = x
                continue
            value = step(*(tensors[name] for name in node.inputs))
            frames = 1 if isinstance(node.op, QConstant) else len(x)
            tensors[node.name] = value.reshape(frames, *node.shape)
            for name in node.inputs:
                if self._last_use[name] == node.name and name not in keep:
                    tensors.pop(name, None)
        return tensors

    def _checked(self, x: IntArray) -> Codes:
        """``x`` in the input's storage type. Raises ``KerilogError`` where it does not fit the input."""
        label = f"{self.graph.name}: input {self.source.name}"
        if not np.issubdtype(x.dtype, np.integer):
            raise KerilogError(f"{label}: expected integer codes, found {x.dtype}")
        if x.shape[1:] != self.source.shape or x.ndim == 0:
            expected = ", ".join(["frames", *map(str, self.source.shape)])
            raise KerilogError(f"{label}: expected shape ({expected}), found {x.shape}")
        low, high = self.source.format.minimum, self.source.format.maximum
        if x.size and (x.min() < low or x.max() > high):
            raise KerilogError(f"{label}: expected codes {low}..{high}, found {x.min()}..{x.max()}")
        return x.astype(storage(self.source.format))


def make_step(node: QNode, sources: list[QNode]) -> Step:
    """The function that makes ``node``'s tensor from those of its inputs."""
    formats = [source.format for source in sources]
    step = _constant_or_move(node, sources) or _binary(node, formats)
    step = step or _unary(node, formats[0]) if formats else step
    if step is None:
        raise Unsupported(f"{node.name}: the integer model has no {node.op.kind}")
    return step


def _constant_or_move(node: QNode, sources: list[QNode]) -> Step | None:
    """Operations that make no new numbers."""
    op = node.op
    if isinstance(op, QInput):
        return lambda: np.zeros(0, np.int8)
    if isinstance(op, QConstant):
        values = op.values.astype(storage(node.format))[np.newaxis]
        return lambda: values
    if isinstance(op, QReshape):
        return lambda x: x
    if isinstance(op, QConcatenate):
        axis = op.axis + 1 if op.axis >= 0 else op.axis
        return lambda *parts: np.concatenate(parts, axis=axis)
    return elementwise.zero_padding(op, sources[0].format) if isinstance(op, QZeroPadding2D) else None


def _binary(node: QNode, formats: list[Format]) -> Step | None:
    """Operations on two tensors."""
    op = node.op
    if isinstance(op, QAdd):
        return elementwise.add(op, formats[0], formats[1], node.format)
    if isinstance(op, QMultiply):
        return elementwise.multiply(op, formats[0], formats[1], node.format)
    return None


def _unary(node: QNode, source: Format) -> Unary | None:
    """Operations on one tensor."""
    match node.op:
        case QConv2D() as op:
            return ops.conv2d(op, source, node.format)
        case QDense() as op:
            return ops.dense(op, source, node.format)
        case QMaxPooling2D() as op:
            return ops.max_pool(op, source, node.format)
        case QAveragePooling2D() as op:
            return ops.average_pool(op, source, node.format)
        case QGlobalAveragePooling2D() as op:
            return ops.global_average_pool(op, source, node.format)
        case QRequantize() as op:
            return elementwise.requantize(op, source, node.format)
        case QLookup() as op:
            return elementwise.lookup(op, source, node.format)
        case QSoftmax() as op:
            return softmax.softmax(op, node.format)
        case QFloatSoftmax() as op:
            return softmax.float_softmax(op, node.format)
    return None
