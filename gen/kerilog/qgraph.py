# SPDX-License-Identifier: Apache-2.0
"""The integer graph: the same network in integers only, every number final.

It is what ``quantize`` and the TFLite importer make, what the integer model runs and what hardware is planned
from. Codes are signed; images are NHWC; shapes never include the batch axis. A node makes one tensor of its
own name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from kerilog.formats import Format, IntArray
from kerilog.graph import Pair, Shape

Padding = tuple[Pair, Pair]  # ((top, bottom), (left, right)) cells
Clamp = Pair  # (smallest, largest) code that the fused activation lets through


@dataclasses.dataclass(frozen=True, eq=False)
class Multiplier:
    """Times ``multiplier * 2**(shift - 31)``: TFLite's integer form of a real factor.

    ``multiplier`` and ``shift`` have shape (channels,) or (1,); 0 <= multiplier < 2**31, -62 <= shift <= 31.
    TFLite's reference kernels keep 31 bits, 2**30 <= multiplier, but for a global mean, whose multiplier is
    divided by the cell count; XNNPACK's additions and requantizations have shorter ones, a sum's with shift
    31: exact. ``rounding`` "double" is gemmlowp's (two roundings), "single" adds half and shifts once (ties
    go up).
    """

    multiplier: IntArray
    shift: IntArray
    rounding: Literal["double", "single"]


@dataclasses.dataclass(frozen=True, eq=False)
class DoubleMultiplier:
    """Times ``significand * 2**exponent`` in IEEE binary64, then to the nearest integer, ties away from zero.

    TFLite's reference FULLY_CONNECTED. Shapes (channels,) or (1,); 2**52 <= significand < 2**53.
    """

    significand: IntArray
    exponent: IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class Shift:
    """Times ``2**-shift``, to the nearest integer, ties away from zero; ``shift`` as for ``Multiplier``.

    A negative ``shift`` is an exact shift to the left.
    """

    shift: IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class Threshold:
    """To the code of a ``Sign``: -1 below 0, else 0; where ``direction`` (channels,) or (1,) is -1 and not 1,
    -1 above 0, else 0. The bias in front holds the thresholds.
    """

    direction: IntArray


Rescale = Multiplier | DoubleMultiplier | Shift | Threshold


@dataclasses.dataclass(frozen=True, eq=False)
class QOp:
    """Base of all integer operations."""

    @property
    def kind(self) -> str:
        """The Keras class this operation stands for."""
        return type(self).__name__.removeprefix("Q")


@dataclasses.dataclass(frozen=True, eq=False)
class QInput(QOp):
    """A model input."""


@dataclasses.dataclass(frozen=True, eq=False)
class QConv2D(QOp):
    """``clamp(zero_out + rescale(sum kernel * steps(x) + bias))``; outside the image x is ``pad_code``, or
    the zero point.

    ``kernel`` (kh, kw, cin / groups, filters); ``bias`` (filters,), in units of the accumulator.
    A depthwise convolution has ``groups == cin``. ``steps`` is that of the input's format.
    """

    kernel: IntArray
    bias: IntArray
    kernel_format: Format
    bias_format: Format
    rescale: Rescale
    clamp: Clamp
    strides: Pair = (1, 1)
    padding: Padding = ((0, 0), (0, 0))
    dilation_rate: Pair = (1, 1)
    groups: int = 1
    pad_code: int | None = None

    def border(self, source: Format) -> int:
        """The code of the cells outside the image, which is in the format ``source``."""
        return source.zero_point if self.pad_code is None else self.pad_code


@dataclasses.dataclass(frozen=True, eq=False)
class QDense(QOp):
    """``clamp(zero_out + rescale(sum kernel * steps(x) + bias))``; ``kernel`` (inputs, units)."""

    kernel: IntArray
    bias: IntArray
    kernel_format: Format
    bias_format: Format
    rescale: Rescale
    clamp: Clamp


@dataclasses.dataclass(frozen=True, eq=False)
class QMaxPooling2D(QOp):
    """Largest code of the cells inside the image, then ``clamp``; in and out have one format."""

    pool_size: Pair
    strides: Pair
    clamp: Clamp
    padding: Padding = ((0, 0), (0, 0))


@dataclasses.dataclass(frozen=True, eq=False)
class QAveragePooling2D(QOp):
    """Mean code of the cells inside the image, ties away from zero, then ``clamp``; one format in and out.

    The mean is of the codes themselves, zero point included, so it rounds away from code 0 and not from real
    0.
    """

    pool_size: Pair
    strides: Pair
    clamp: Clamp
    padding: Padding = ((0, 0), (0, 0))


@dataclasses.dataclass(frozen=True, eq=False)
class QGlobalAveragePooling2D(QOp):
    """``clamp(zero_out + rescale(sum (x - zero_in)))`` over height and width; ``rescale`` holds the division.

    The node's shape is (channels,), or (1, 1, channels) where the dimensions are kept.
    """

    rescale: Rescale
    clamp: Clamp


@dataclasses.dataclass(frozen=True, eq=False)
class QGlobalMaxPooling2D(QOp):
    """Largest code over height and width, then ``clamp``; in and out have one format.

    The node's shape is (channels,), with as many axes of size 1 before it as are kept.
    """

    clamp: Clamp


@dataclasses.dataclass(frozen=True, eq=False)
class QAdd(QOp):
    """``clamp(zero_out + rescale(left((x - zero_x) << headroom) + right((y - zero_y) << headroom)))``.

    Two inputs, x and y, in that order, of the node's shape. A constant may be smaller, and is broadcast as
    NumPy does without the batch axis; a smaller tensor has a ``QBroadcast`` in front.
    """

    left: Rescale
    right: Rescale
    rescale: Rescale
    clamp: Clamp
    headroom: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class QSubtract(QAdd):
    """As ``QAdd`` with a minus: ``rescale(left(...) - right(...))``."""


@dataclasses.dataclass(frozen=True, eq=False)
class QAverage(QAdd):
    """As ``QAdd``; ``rescale`` holds the division by the number of tensors."""


@dataclasses.dataclass(frozen=True, eq=False)
class QMaximum(QOp):
    """``clamp`` of the larger of two codes; inputs as for ``QAdd``, in and out have one format."""

    clamp: Clamp


@dataclasses.dataclass(frozen=True, eq=False)
class QMinimum(QMaximum):
    """As ``QMaximum`` with the smaller one."""


@dataclasses.dataclass(frozen=True, eq=False)
class QMultiply(QOp):
    """``clamp(zero_out + rescale((x - zero_x) * (y - zero_y)))``; inputs as for ``QAdd``."""

    rescale: Rescale
    clamp: Clamp


@dataclasses.dataclass(frozen=True, eq=False)
class QConstant(QOp):
    """``values``, of the node's shape and format: the fixed operand of an ``QAdd`` or a ``QMultiply``."""

    values: IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class QBroadcast(QOp):
    """The input, repeated along the axes in which it has one element and the node's shape more."""


@dataclasses.dataclass(frozen=True, eq=False)
class QConcatenate(QOp):
    """The inputs side by side along ``axis`` of the shape; all have the output's format."""

    axis: int = -1


@dataclasses.dataclass(frozen=True, eq=False)
class QZeroPadding2D(QOp):
    """A rim of zero-point codes, or of ``code``, around the image; in and out have one format.

    With ``steps`` there are such codes between the pixels, too, which then lie as many rows and columns
    apart.
    """

    padding: Padding
    steps: Pair = (1, 1)
    code: int | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class QSlice(QOp):
    """Along each axis the elements from ``begin`` on, before ``end``, every ``strides``-th of them."""

    begin: tuple[int, ...]
    end: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def kind(self) -> str:
        return "Cropping"


@dataclasses.dataclass(frozen=True, eq=False)
class QUpSampling2D(QOp):
    """Each row ``size[0]`` times, each pixel of a row ``size[1]`` times; in and out have one format."""

    size: Pair


@dataclasses.dataclass(frozen=True, eq=False)
class QResizeBilinear(QOp):
    """Row r is between rows ``rows[0, r]`` and ``rows[1, r]`` of the input, ``rows[2, r]`` of 2**bits parts
    of the second; columns likewise. The exact sum of four codes is rounded once, ties as ``rounding`` says:
    "away" from zero, or "up". In and out have one format.
    """

    rows: IntArray
    columns: IntArray
    bits: int
    rounding: Literal["away", "up"]


@dataclasses.dataclass(frozen=True, eq=False)
class QPermute(QOp):
    """Axis ``i`` is axis ``dims[i]`` of the input."""

    dims: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class QArgMax(QOp):
    """The place of the largest code of the last axis, the lowest of equal ones, in a ``ClassNumber``.

    The node's shape is the input's without that axis, (1,) where nothing is left.
    """


@dataclasses.dataclass(frozen=True, eq=False)
class QRequantize(QOp):
    """``clamp(zero_out + rescale(x - zero_in))``: a change of format, or a ReLU that stands alone."""

    rescale: Rescale
    clamp: Clamp


@dataclasses.dataclass(frozen=True, eq=False)
class QLookup(QOp):
    """``table[x - smallest code of the input's format]``: any function of one code (sigmoid, tanh)."""

    table: IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class QChannelLookup(QOp):
    """As ``QLookup`` with a ``table`` (period, codes): element n of a frame, in NHWC order, takes row n
    modulo ``period``: a function for each channel (PReLU) where that is the number of channels.
    """

    table: IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class QSoftmax(QOp):
    """gemmlowp's fixed-point softmax over the last axis.

    ``table[d]`` is ``exp(-d * scale_in)`` in units of 2**-31 (2**31 - 1 stands for 1), for the distance d >=
    0 of a code from the largest one of its row, 0 where TFLite leaves an element out; its length is the count
    of codes. Every output is ``zero_out + p``, p the probability in units of 2**-bits of the output format.
    """

    table: IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class QFloatSoftmax(QOp):
    """The softmax of TFLite's optimised kernels, in IEEE binary32: for a host, not for hardware.

    ``table[d]`` is ``exp(-d * scale_in)`` as in ``QSoftmax``; ``scale`` is the output's.
    """

    table: npt.NDArray[np.float32]
    scale: float


@dataclasses.dataclass(frozen=True, eq=False)
class QReshape(QOp):
    """The elements stay in order."""


@dataclasses.dataclass(frozen=True)
class QNode:
    """One integer operation; ``shape`` and ``format`` are its output's, shape without batch."""

    name: str
    op: QOp
    inputs: tuple[str, ...]
    shape: Shape
    format: Format


@dataclasses.dataclass(frozen=True)
class QGraph:
    """Nodes in an order in which every input comes before its users."""

    name: str
    scheme: Literal["affine", "fixed"]
    nodes: tuple[QNode, ...]
    outputs: tuple[str, ...]

    def __iter__(self) -> Iterator[QNode]:
        return iter(self.nodes)

    def __getitem__(self, name: str) -> QNode:
        return next(node for node in self.nodes if node.name == name)

    @property
    def inputs(self) -> tuple[QNode, ...]:
        return tuple(node for node in self.nodes if isinstance(node.op, QInput))

    def users(self, name: str) -> tuple[QNode, ...]:
        """The nodes that take tensor ``name``."""
        return tuple(node for node in self.nodes if name in node.inputs)
