# SPDX-License-Identifier: Apache-2.0
"""Coarser numbers that are still floats: fewer mantissa bits, ternary and binary weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from kerilog import floating
from kerilog.graph import (
    Activation,
    Array,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Graph,
    Input,
    MaxPooling2D,
    Node,
    Reshape,
)

Real = TypeVar("Real", bound=np.floating)
Change = Callable[[Array], Array]
NamedChange = Callable[[str, Array], Array]  # of the node's name and its numbers

FLOAT32_MANTISSA = 23
FLOAT32_REST = 9  # bits of the sign and of the exponent
_BATCH = 500  # samples that are run at a time
_TERNARY_THRESHOLD = 0.7  # of the mean magnitude: Li et al., "Ternary Weight Networks", 2016, eq. 6


def round_mantissa(values: Array, bits: int) -> Array:
    """``values`` with ``bits`` stored bits of mantissa, 1..23, to the nearest, ties to even (IEEE 754).

    The exponent keeps the 8 bits of float32. 0.123456789 with 10 bits is 0.12347412.
    """
    spare = FLOAT32_MANTISSA - bits
    if spare == 0:
        return values.astype(np.float32)
    words = np.ascontiguousarray(values, np.float32).view(np.uint32)
    odd = (words >> np.uint32(spare)) & np.uint32(1)
    rounded = words + (np.uint32((1 << (spare - 1)) - 1) + odd)
    kept: Array = (rounded & np.uint32(0xFFFFFFFF << spare & 0xFFFFFFFF)).view(np.float32)
    return kept


def lose_leading_one(values: Array, bits: int) -> Array:
    """The highest ``bits`` stored bits of the mantissa read as a fraction below one: a mistake worth knowing.

    float32 stores f of (1 + f) * 2**e. Who cuts f to its highest bits and reads f * 2**(e + 1), as hardware
    with no implied leading one does, gets 0.12182617 for 0.123456789 with 10 bits: off by 1.3 %, where
    rounding is off by 0.01 %. A power of two, whose f is 0, becomes 0.
    """
    words = np.ascontiguousarray(values, np.float32).view(np.uint32)
    spare = np.uint32(FLOAT32_MANTISSA - bits)
    stored = (words & np.uint32((1 << FLOAT32_MANTISSA) - 1)) >> spare
    exponent = np.frexp(values)[1]  # of a mantissa in [0.5, 1): e + 1
    result: Array = np.copysign(np.ldexp(stored.astype(np.float32), exponent - bits), values)
    return result


def ternary(kernel: Array) -> Array:
    """``kernel`` (..., channels) as -a, 0 or +a, a the mean magnitude of what is left of each channel."""
    flat = np.abs(kernel.reshape(-1, kernel.shape[-1]))
    kept = flat > _TERNARY_THRESHOLD * flat.mean(axis=0)
    scale = (flat * kept).sum(axis=0) / np.maximum(kept.sum(axis=0), 1)
    result: Array = (np.sign(kernel) * kept.reshape(kernel.shape) * scale).astype(np.float32)
    return result


def binary(kernel: Array) -> Array:
    """``kernel`` (..., channels) as -a or +a, a the mean magnitude of each channel.

    Rastegari et al., "XNOR-Net", 2016, eq. 6: of all a this has the least squared error. 0 becomes +a.
    """
    scale = np.abs(kernel.reshape(-1, kernel.shape[-1])).mean(axis=0)
    result: Array = np.where(kernel < 0, -scale, scale).astype(np.float32)
    return result


def signs(values: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """+1 or -1 for each of ``values``; 0 counts as +1."""
    return np.where(values < 0, -1, 1).astype(values.dtype)


def around_one(values: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """1 + ``signs(values - 1)``: 2 or 0, for factors that would be 1 if nothing were learned."""
    return 1 + signs(values - 1)


def answers(run: Callable[[Array], npt.NDArray[np.generic]], x: Array) -> npt.NDArray[np.int64]:
    """The number of the largest output of ``run`` for each of ``x`` (count, *shape)."""
    batches = (x[start : start + _BATCH] for start in range(0, len(x), _BATCH))
    return np.concatenate([run(batch).argmax(axis=-1) for batch in batches])


def with_weights(graph: Graph, kernel: NamedChange, bias: Change) -> Graph:
    """``graph`` with every bias and every kernel (..., channels) changed, by ``kernel(layer, values)``."""
    return dataclasses.replace(graph, nodes=tuple(_changed(node, kernel, bias) for node in graph))


def _changed(node: Node, kernel: NamedChange, bias: Change) -> Node:
    op = node.op
    if not isinstance(op, (Conv2D, DepthwiseConv2D, Dense)):
        return node
    flat = op.kernel
    if isinstance(op, DepthwiseConv2D):
        # its channels are two axes
        flat = flat.reshape(*flat.shape[:2], -1)
    changed = kernel(node.name, flat).reshape(op.kernel.shape)
    return dataclasses.replace(node, op=dataclasses.replace(op, kernel=changed, bias=bias(op.bias)))


def run(graph: Graph, x: Array, change: NamedChange) -> Array:
    """The output (samples, *shape) of one-output ``graph``, every new tensor ``change(name, values)``."""
    tensors: dict[str, Array] = {}
    last = {name: node.name for node in graph for name in node.inputs}
    for node in graph:
        tensors[node.name] = _value(node, tensors, x, change)
        for name in set(node.inputs):
            if last[name] == node.name and name not in graph.outputs:
                del tensors[name]
    return tensors[graph.outputs[0]]


def _value(node: Node, tensors: dict[str, Array], x: Array, change: NamedChange) -> Array:
    if isinstance(node.op, Input):
        return change(node.name, x)
    inputs = [tensors[name] for name in node.inputs]
    result = floating.FUNCTIONS[type(node.op)](node.op, inputs).reshape(len(x), *node.shape)
    return change(node.name, result) if _has_new_numbers(node) else result


def _has_new_numbers(node: Node) -> bool:
    """Not what only moves or chooses elements, nor a softmax, which the integer networks leave out."""
    softmax = isinstance(node.op, Activation) and node.op.function == "softmax"
    return not (softmax or isinstance(node.op, (MaxPooling2D, Reshape)))
