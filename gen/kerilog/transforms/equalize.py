# SPDX-License-Identifier: Apache-2.0
"""Cross-layer equalization: the same function with weights that fill one format for all channels better.

Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, section
4.1. Channel i of a layer is divided by s_i and what reads it is multiplied by s_i; with r1_i and r2_i the
largest weights that make and that read it, s_i = sqrt(r1_i / r2_i) brings both to sqrt(r1_i * r2_i). What
lies between the two layers must be positively homogeneous, f(s * x) = s * f(x) for s > 0, in each channel by
itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from kerilog.graph import (
    Activation,
    AveragePooling2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Graph,
    MaxPooling2D,
    Node,
    PReLU,
    Reshape,
    ResizeBilinear,
    Shape,
    Slice,
    UpSampling2D,
    ZeroPadding2D,
)
from kerilog.transforms.rewrite import private_tensors

Weighted = Conv2D | DepthwiseConv2D | Dense
Reals = npt.NDArray[np.float64]

HOMOGENEOUS = ("linear", "relu", "leaky_relu")
"""Functions f with f(s * x) = s * f(x) for every s > 0."""

_SPATIAL = (
    *(MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D),
    *(UpSampling2D, ResizeBilinear, ZeroPadding2D, PReLU),
)
_ROUNDS = 50  # over all pairs; a pair changes what its neighbours see
_SETTLED = 1e-4  # the largest change of a scale's logarithm with which the rounds end
_LARGEST = 2.0**16  # of all scales of a channel together, and of one over them


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two layers by name, and how many channels of ``first`` there are."""

    first: str
    second: str
    channels: int


def pairs(graph: Graph) -> tuple[Pair, ...]:
    """The layers of simplified ``graph`` that can be equalized, in its order.

    Left out are tensors that several nodes read, outputs, whatever has a converter, and layers between which
    a function such as relu6 or tanh, which is not homogeneous, or a node of several inputs stands.
    """
    private = private_tensors(graph)
    reader = {name: node for node in graph for name in node.inputs if name in private}
    found = []
    for node in graph:
        second = _reader(node, reader) if _can_scale(node) else None
        if second is not None:
            found.append(Pair(node.name, second.name, node.shape[-1]))
    return tuple(found)


def equalize(graph: Graph) -> Graph:
    """Simplified ``graph`` with other weights and biases: the same function, but for rounding in float32."""
    found = pairs(graph)
    kernels = {
        node.name: node.op.kernel.astype(np.float64) for node in graph if isinstance(node.op, Weighted)
    }
    made = {pair.first: np.ones(pair.channels) for pair in found}
    ops = {node.name: node.op for node in graph}
    for _ in range(_ROUNDS if found else 0):
        change = 0.0
        for pair in found:
            first, second = ops[pair.first], ops[pair.second]
            assert isinstance(first, Weighted) and isinstance(second, Weighted)
            scales = _scales(
                _largest_made(first, kernels[pair.first]),
                _largest_read(second, kernels[pair.second], pair.channels),
                made[pair.first],
            )
            kernels[pair.first] = _over_made(first, kernels[pair.first], 1 / scales)
            kernels[pair.second] = _over_read(second, kernels[pair.second], scales)
            made[pair.first] *= scales
            change = max(change, float(np.abs(np.log(scales)).max()))
        if change < _SETTLED:
            break
    return dataclasses.replace(graph, nodes=tuple(_scaled(node, kernels, made) for node in graph))


def _scaled(node: Node, kernels: Mapping[str, Reals], made: Mapping[str, Reals]) -> Node:
    """``node`` with its kernel of ``kernels``, and with its bias over what its channels are divided by."""
    if not isinstance(node.op, Weighted):
        return node
    bias = node.op.bias.astype(np.float64) / made.get(node.name, 1.0)
    op = dataclasses.replace(
        node.op, kernel=kernels[node.name].astype(np.float32), bias=bias.astype(np.float32)
    )
    return dataclasses.replace(node, op=op)


def _scales(made: Reals, read: Reals, before: Reals) -> Reals:
    """sqrt(made / read) (channels,), 1 for a channel without weights on either side.

    ``before``: the product of the scales of earlier rounds.
    """
    used = (made > 0) & (read > 0)
    scales = np.sqrt(np.where(used, made, 1.0) / np.where(used, read, 1.0))
    bounded: Reals = np.clip(scales * before, 1 / _LARGEST, _LARGEST) / before
    return bounded


def _can_scale(node: Node) -> bool:
    """Whether the channels that ``node`` makes may be divided by positive numbers."""
    op = node.op
    return isinstance(op, Weighted) and op.activation in HOMOGENEOUS and _is_plain(node)


def _is_plain(node: Node) -> bool:
    """Without converters, and without a normalization that belongs to a result of one bit."""
    op = node.op
    if not isinstance(op, Weighted):
        return node.format is None
    given = (node.format, op.kernel_format, op.bias_format, op.normalization)
    return all(one is None for one in given)


def _reader(node: Node, readers: Mapping[str, Node]) -> Node | None:
    """The layer that reads the channels of ``node``, through whatever scales with them."""
    channels, before = node.shape[-1], node.shape
    reader = readers.get(node.name)
    while reader is not None and _is_plain(reader):
        if isinstance(reader.op, Weighted):
            return reader
        if not _lets_through(reader, before, channels):
            return None
        before = reader.shape
        reader = readers.get(reader.name)
    return None


def _lets_through(node: Node, before: Shape, channels: int) -> bool:
    """Whether ``node`` works on each channel by itself, and element i of its last axis is of channel i modulo
    ``channels``; ``before`` is the shape of its input, which is so.
    """
    op = node.op
    match op:
        case Activation():
            return op.function in HOMOGENEOUS
        case Reshape():
            return node.shape[-1] % channels == 0
        case Slice():
            return (op.begin[-1], op.end[-1]) == (0, before[-1])
    return isinstance(op, _SPATIAL)


def _largest_made(op: Weighted, kernel: Reals) -> Reals:
    """The largest magnitude (channels,) of the weights that make each channel."""
    found: Reals = np.abs(kernel).reshape(-1, op.bias.size).max(axis=0)
    return found


def _largest_read(op: Weighted, kernel: Reals, channels: int) -> Reals:
    """The largest magnitude (channels,) of the weights that read each channel.

    Element i of the last axis of the input is of channel i modulo ``channels``.
    """
    parts = [np.abs(kernel)[np.newaxis, np.newaxis]] if isinstance(op, Dense) else _parts(op, np.abs(kernel))
    found = np.concatenate([part.max(axis=(0, 1, 3)) for part in parts])
    most: Reals = found.reshape(-1, channels).max(axis=0)
    return most


def _parts(op: Conv2D | DepthwiseConv2D, kernel: Reals) -> list[Reals]:
    """The kernel of each group, which reads input channels of its own."""
    return np.split(kernel, op.groups if isinstance(op, Conv2D) else 1, axis=-1)


def _over_made(op: Weighted, kernel: Reals, factors: Reals) -> Reals:
    """``kernel`` with the weights that make channel i times ``factors[i]``."""
    return (kernel.reshape(-1, factors.size) * factors).reshape(kernel.shape)


def _over_read(op: Weighted, kernel: Reals, factors: Reals) -> Reals:
    """``kernel`` with the weights that read channel i times ``factors[i]``, as in ``_largest_read``."""
    if isinstance(op, Dense):
        return kernel * np.resize(factors, kernel.shape[0])[:, np.newaxis]
    parts = _parts(op, kernel)
    every = np.split(np.resize(factors, kernel.shape[2] * len(parts)), len(parts))
    made = [part * own[:, np.newaxis] for part, own in zip(parts, every, strict=True)]
    return np.concatenate(made, axis=-1)
