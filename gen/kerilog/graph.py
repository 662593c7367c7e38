# SPDX-License-Identifier: Apache-2.0
"""The float graph: what a trained model computes, in Keras' words.

A node makes exactly one tensor, which carries the node's name. Shapes never include the batch axis and are
NHWC.
A model trained with converters says the formats of its tensors itself: ``Node.format``, ``kernel_format`` and
``bias_format`` are then set, and kernels and biases lie on their formats' grids; where a kernel of few levels
has a scale for each channel, the bias divided by it does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from kerilog.formats import Format

Array = npt.NDArray[np.float32]
Reals = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Pair = tuple[int, int]
Fused = Literal["linear", "relu", "relu6"]
BinaryPadding = Literal["+1", "-1", "none"]
"""What stands outside an image of one bit, which holds no 0: a sign, or nothing that would add to a sum."""


@dataclasses.dataclass(frozen=True, eq=False)
class Op:
    """Base of all operations."""

    @property
    def kind(self) -> str:
        """The Keras class this operation stands for."""
        return type(self).__name__


@dataclasses.dataclass(frozen=True, eq=False)
class Input(Op):
    """A model input."""


@dataclasses.dataclass(frozen=True, eq=False)
class Conv2D(Op):
    """``kernel`` (kh, kw, cin / groups, filters), ``bias`` (filters,); ``padding`` may be that of zeros,
    ((top, bottom), (left, right)). Without ``has_bias``, in the
    graph as it is read, the bias is zeros that nothing learned. ``normalization``: what follows the sums,
    where their signs are all that is kept; ``binary_padding``: what stands around an input of one bit.
    """

    kernel: Array
    bias: Array
    strides: Pair = (1, 1)
    padding: Literal["valid", "same"] | tuple[Pair, Pair] = "valid"
    dilation_rate: Pair = (1, 1)
    groups: int = 1
    activation: Fused = "linear"
    kernel_format: Format | None = None
    bias_format: Format | None = None
    has_bias: bool = True
    normalization: BatchNormalization | None = None
    binary_padding: BinaryPadding = "none"


@dataclasses.dataclass(frozen=True, eq=False)
class DepthwiseConv2D(Op):
    """``kernel`` (kh, kw, cin, depth_multiplier), ``bias`` (cin * depth_multiplier,); ``padding`` and
    what else it has as in ``Conv2D``.
    """

    kernel: Array
    bias: Array
    strides: Pair = (1, 1)
    padding: Literal["valid", "same"] | tuple[Pair, Pair] = "valid"
    dilation_rate: Pair = (1, 1)
    activation: Fused = "linear"
    kernel_format: Format | None = None
    bias_format: Format | None = None
    has_bias: bool = True
    normalization: BatchNormalization | None = None
    binary_padding: BinaryPadding = "none"


@dataclasses.dataclass(frozen=True, eq=False)
class Dense(Op):
    """``kernel`` (inputs, units), ``bias`` (units,); on the last axis. The rest as in ``Conv2D``."""

    kernel: Array
    bias: Array
    activation: Fused = "linear"
    kernel_format: Format | None = None
    bias_format: Format | None = None
    has_bias: bool = True
    normalization: BatchNormalization | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class MaxPooling2D(Op):
    pool_size: Pair
    strides: Pair
    padding: Literal["valid", "same"] = "valid"


@dataclasses.dataclass(frozen=True, eq=False)
class AveragePooling2D(Op):
    """The mean of the cells that lie inside the image."""

    pool_size: Pair
    strides: Pair
    padding: Literal["valid", "same"] = "valid"


@dataclasses.dataclass(frozen=True, eq=False)
class GlobalAveragePooling2D(Op):
    """Mean over height and width; ``keepdims`` as in Keras."""

    keepdims: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class GlobalMaxPooling2D(Op):
    """Largest number over height and width; ``keepdims`` as in Keras."""

    keepdims: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Learned:
    """What a batch normalization is made of: ``gamma * (x - mean) / deviation + beta`` per channel.

    float64; ``gamma`` is None where the layer has no scale, ``beta`` where it has no center.
    """

    gamma: Reals | None
    beta: Reals | None
    mean: Reals
    deviation: Reals

    def combined(self) -> tuple[Reals, Reals]:
        """Scale and offset (channels,)."""
        scale = (1 if self.gamma is None else self.gamma) / self.deviation
        return scale, (0 if self.beta is None else self.beta) - self.mean * scale


@dataclasses.dataclass(frozen=True, eq=False)
class BatchNormalization(Op):
    """``scale * x + offset`` per last-axis channel; ``learned``: what they come from, where known."""

    scale: Array
    offset: Array
    learned: Learned | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Activation(Op):
    """``function`` is softmax, over the last axis, or one of ``kerilog.functions`` with ``parameters``."""

    function: str
    parameters: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class PReLU(Op):
    """``x`` above 0, ``alpha * x`` below; ``alpha`` broadcasts to the input's shape."""

    alpha: Array


@dataclasses.dataclass(frozen=True, eq=False)
class Add(Op):
    activation: Fused = "linear"


@dataclasses.dataclass(frozen=True, eq=False)
class Subtract(Op):
    activation: Fused = "linear"


@dataclasses.dataclass(frozen=True, eq=False)
class Multiply(Op):
    activation: Fused = "linear"


@dataclasses.dataclass(frozen=True, eq=False)
class Average(Op):
    """The sum of two tensors divided by ``terms``: the end of a chain of sums of so many tensors."""

    terms: int = 2
    activation: Fused = "linear"


@dataclasses.dataclass(frozen=True, eq=False)
class Maximum(Op):
    activation: Fused = "linear"


@dataclasses.dataclass(frozen=True, eq=False)
class Minimum(Op):
    activation: Fused = "linear"


@dataclasses.dataclass(frozen=True, eq=False)
class Concatenate(Op):
    """Along the last axis."""


@dataclasses.dataclass(frozen=True, eq=False)
class ZeroPadding2D(Op):
    """``padding`` ((top, bottom), (left, right)); with ``steps`` zeros between the pixels, too, which then
    lie as many rows and columns apart.
    """

    padding: tuple[Pair, Pair]
    steps: Pair = (1, 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Slice(Op):
    """The elements from ``begin`` on, before ``end``, along each axis: Cropping1D, Cropping2D."""

    begin: tuple[int, ...]
    end: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class UpSampling2D(Op):
    """Each row ``size[0]`` times, each pixel ``size[1]`` times: ``interpolation="nearest"``."""

    size: Pair


@dataclasses.dataclass(frozen=True, eq=False)
class ResizeBilinear(Op):
    """As many times the size, ``size`` (down, across), interpolated between the centres of pixels."""

    size: Pair


@dataclasses.dataclass(frozen=True, eq=False)
class Permute(Op):
    """Axis ``i`` is axis ``dims[i]`` of the input; without the batch axis, from 0."""

    dims: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Reshape(Op):
    """Flatten and Reshape: the elements stay in order; the node's shape is the new one."""


@dataclasses.dataclass(frozen=True, eq=False)
class Dropout(Op):
    """Nothing at inference."""


@dataclasses.dataclass(frozen=True, eq=False)
class Converter(Op):
    """To the nearest number that ``format`` can hold: ``kerilog.keras.FixedPoint`` and ``Affine``."""

    format: Format


@dataclasses.dataclass(frozen=True)
class Node:
    """One operation. ``inputs`` name the nodes whose tensors it takes; ``shape`` is its output's, without
    batch. ``format``, where there is one, is what the tensor is rounded to, by a converter that the
    model had.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    shape: Shape
    format: Format | None = None


@dataclasses.dataclass(frozen=True)
class Graph:
    """Nodes in an order in which every input comes before its users."""

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if isinstance(node.op, Input))

    def users(self, name: str) -> tuple[Node, ...]:
        """The nodes that take tensor ``name``."""
        return tuple(node for node in self.nodes if name in node.inputs)


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> Pair:
    """(before, after) cells that Keras' ``padding="same"`` adds to one axis (after gets the odd one)."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def padding_of(
    shape: Shape,
    kernel: Pair,
    strides: Pair,
    padding: str | tuple[Pair, Pair],
    dilation: Pair = (1, 1),
) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)) cells around an image of ``shape`` (height, width, ...)."""
    if not isinstance(padding, str):
        return padding
    if padding == "valid":
        return (0, 0), (0, 0)
    return (
        same_padding(shape[0], kernel[0], strides[0], dilation[0]),
        same_padding(shape[1], kernel[1], strides[1], dilation[1]),
    )


def transposed(size: int, kernel: int, stride: int, padding: str) -> tuple[Pair, int]:
    """Zeros before and after an axis of ``size`` pixels, ``stride`` apart, with which a convolution with the
    flipped kernel is the transposed one, and the size of what comes out.
    """
    out = size * stride + (max(kernel - stride, 0) if padding == "valid" else 0)
    before = kernel - 1 - max((size - 1) * stride + kernel - out, 0) // 2
    return (before, out + kernel - 1 - ((size - 1) * stride + 1) - before), out


def windows_meet_image(size: int, count: int, span: int, stride: int, before: int) -> bool:
    """Whether each of ``count`` windows of ``span`` cells along one axis holds one of its ``size`` pixels,
    the first window starting ``before`` cells ahead of them.
    """
    return before < span and (count - 1) * stride - before < size
