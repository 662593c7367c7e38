# SPDX-License-Identifier: Apache-2.0
"""The integer graph: the same network in integers only, every number final.

It is what ``quantize`` and the TFLite importer make, what the integer model runs and what hardware is planned from.
Codes are signed; images are NHWC; shapes never include the batch axis. A node makes one tensor of its own name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal

from kerilog.formats import Format, IntArray
from kerilog.graph import Pair, Shape

Padding = tuple[Pair, Pair]  # ((top, bottom), (left, right)) cells
Clamp = Pair  # (smallest, largest) code that the fused activation lets through


@dataclasses.dataclass(frozen=True, eq=False)
class Multiplier:
    """Times ``multiplier * 2**(shift - 31)``: TFLite's integer form of a real factor.

    ``multiplier`` and ``shift`` have shape (channels,) or (1,); 2**30 <= multiplier < 2**31, or 0.
    ``rounding`` "double" is gemmlowp's (two roundings), "single" adds half and shifts once (ties go up).
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
    """Times ``2**-shift``, to the nearest integer, ties away from zero. ``shift`` has shape (channels,) or (1,)."""

    shift: IntArray


Rescale = Multiplier | DoubleMultiplier | Shift


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
    """``clamp(zero_out + rescale(sum kernel * (x - zero_in) + bias))``; cells outside the image are ``zero_in``.

    ``kernel`` (kh, kw, cin / groups, filters); ``bias`` (filters,), in units of the accumulator.
    A depthwise convolution has ``groups == cin``.
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


@dataclasses.dataclass(frozen=True, eq=False)
class QDense(QOp):
    """``clamp(zero_out + rescale(sum kernel * (x - zero_in) + bias))``; ``kernel`` (inputs, units)."""

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
