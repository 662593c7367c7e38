# SPDX-License-Identifier: Apache-2.0
"""Tensors of one bit: which they are, their scale, and the thresholds of the sums that make them.

A layer that gives signs needs neither a rescale nor a rounded bias: with n steps of its sums, its bias and a
batch normalization behind it together, it asks whether n reaches a whole number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from kerilog.calibrate import Observation
from kerilog.errors import KerilogError
from kerilog.formats import Format, IntArray, Sign
from kerilog.functions import apply
from kerilog.graph import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    Graph,
    Node,
    PReLU,
    ResizeBilinear,
    ZeroPadding2D,
)
from kerilog.qgraph import Threshold
from kerilog.quantize.owners import KEEPS_FORMAT
from kerilog.quantize.ranges import FINEST, values_of

_COARSEST = -8  # binary point that is tried
_WITH_ZERO = (AveragePooling2D, ResizeBilinear, ZeroPadding2D)
_PROBES = np.linspace(-16, 16, 513)  # where the results of a function show whether their signs differ


def sign_format(seen: Observation, frac: int | None) -> Sign:
    """The power of two with the least squared error over what was seen, unless ``frac`` chooses it."""
    if frac is not None:
        return Sign(frac=frac)
    candidates = [Sign(frac=place) for place in range(_COARSEST, FINEST + 1)]
    return min(candidates, key=values_of(seen).error)


def one_bit_tensors(graph: Graph) -> frozenset[str]:
    """The tensors that have one bit where that is the default: of convolutions and dense layers, batch
    normalization included, but for those at the outputs, in front of functions and inside of layers.
    """
    kept, names = set(_kept(graph)), {node.name for node in graph}
    return frozenset(
        node.name
        for node in graph
        # "sep/depthwise" is a part of the layer "sep"
        if _is_layer(node) and node.name not in kept and node.name.rpartition("/")[0] not in names
    )


def _is_layer(node: Node) -> bool:
    """Whether ``node`` sums products: a normalization by itself, of one factor for each channel, does not."""
    op = node.op
    if isinstance(op, DepthwiseConv2D):
        height, width, _, each = op.kernel.shape
        return bool(height * width * each > 1)
    return isinstance(op, Conv2D | Dense)


def _kept(graph: Graph) -> Iterator[str]:
    """The tensors that are outputs, and those that a function is taken of, as logits are given to a softmax;
    whatever moves or picks them is looked through, and the mean of an image.
    """
    taken = [node.inputs[0] for node in graph if isinstance(node.op, Activation | PReLU)]
    for name in (*graph.outputs, *taken):
        node = graph[name]
        yield name
        while isinstance(node.op, (*KEEPS_FORMAT, GlobalAveragePooling2D)):
            node = graph[node.inputs[0]]
            yield node.name


def check_sign(node: Node, format: Format) -> None:
    """Raises KerilogError if ``format`` has one bit, and ``node`` cannot have such a result."""
    if not isinstance(format, Sign):
        return
    if isinstance(node.op, _WITH_ZERO):
        raise KerilogError(
            f"layer '{node.name}': expected an input of 2 bits or more, found one of 1 bit, which holds no 0 "
            "and no mean; give the layer before it more activation_bits"
        )
    op = node.op
    function = op.function if isinstance(op, Activation) else getattr(op, "activation", "linear")
    parameters = op.parameters if isinstance(op, Activation) else ()
    if function != "linear" and np.unique(apply(function, parameters, _PROBES) < 0).size == 1:
        raise KerilogError(
            f"layer '{node.name}': activation_bits: expected 2 bits or more behind {function}, whose results "
            "all have one sign, found 1; 1 bit is for layers without activation"
        )


def thresholds(
    kernel: IntArray,
    bias: npt.NDArray[np.floating],
    scales: npt.NDArray[np.float64],
    source: Format,
    norm: BatchNormalization | None,
) -> tuple[IntArray, Threshold]:
    """The bias (channels,), in steps of the sums, and the directions that give the signs of a layer, exactly.

    ``kernel`` (..., channels) are codes, ``bias`` (channels,) real numbers, ``scales`` those of the weights;
    ``norm`` is what follows the sums and the bias. The bias is no larger than decides every sum there is.
    """
    channels = bias.size
    steps = np.broadcast_to(float(source.scales) * scales, (channels,))
    ends = source.steps([source.minimum, source.maximum])
    reach = np.abs(kernel).reshape(-1, channels).sum(axis=0) * int(np.abs(ends).max())
    slopes, offsets = _line(norm, channels)
    found = np.zeros(channels, np.int64)
    for channel in range(channels):
        limit, slope = int(reach[channel]) + 1, slopes[channel]
        if slope == 0:
            found[channel] = limit if offsets[channel] >= 0 else -limit
            continue
        place = (Fraction(float(bias[channel])) + offsets[channel]) / Fraction(float(steps[channel]))
        whole = math.floor(place) if slope > 0 else math.ceil(place)
        found[channel] = min(max(whole, -limit), limit)
    return found, Threshold(np.where(slopes < 0, -1, 1))


def _line(norm: BatchNormalization | None, channels: int) -> tuple[npt.NDArray[np.float64], list[Fraction]]:
    """Slopes, of which the sign counts, and what is to be added to a number before the sign is taken; where
    the slope is 0, what is left.
    """
    if norm is None:
        return np.ones(channels), [Fraction(0)] * channels
    if norm.learned is None:
        slopes, offsets = norm.scale.astype(np.float64), norm.offset.astype(np.float64)
        pairs = zip(slopes.tolist(), offsets.tolist(), strict=True)
        return slopes, [Fraction(offset) / Fraction(slope or 1.0) for slope, offset in pairs]
    learned = norm.learned
    ones, zeros = np.ones(channels), np.zeros(channels)
    slopes = ones if learned.gamma is None else learned.gamma
    betas = zeros if learned.beta is None else learned.beta
    found = []
    for slope, beta, mean, deviation in zip(
        *(array.tolist() for array in (slopes, betas, learned.mean, learned.deviation)), strict=True
    ):
        exact = Fraction(beta) * Fraction(deviation) / Fraction(slope) - Fraction(mean) if slope else beta
        found.append(Fraction(exact))
    return slopes, found
