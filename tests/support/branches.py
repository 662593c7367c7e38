# SPDX-License-Identifier: Apache-2.0
"""Networks made by hand that branch and join, average, look up and convolve channel by channel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kerilog.formats import ClassNumber
from kerilog.graph import Pair
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
    QGlobalAveragePooling2D,
    QLookup,
    QMaximum,
    QMultiply,
    QNode,
    QRequantize,
    QReshape,
    Rescale,
    Shift,
)
from kerilog.scales import mean_factor, multiplier, requantize_factor, sum_factors
from support.networks import Chain, spanned


class Branches(Chain):
    """A chain that can go on from any earlier layer."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.head = self.nodes[-1].name

    @property
    def here(self) -> QNode:
        return next(node for node in self.nodes if node.name == self.head)

    def at(self, name: str) -> Branches:
        """Go on from ``name``."""
        self.head = name
        return self

    def depthwise(
        self,
        kernel: Pair = (3, 3),
        strides: Pair = (1, 1),
        groups: int | None = None,
        each: int = 1,
        dilation: Pair = (1, 1),
    ) -> Branches:
        """A convolution in ``groups`` of channels, one each by default, each with ``each`` filters."""
        height, width, channels = self.here.shape
        groups, span = groups or channels, spanned(kernel, dilation)
        cells = self._padding("same", span, strides)
        rows = (height + sum(cells[0]) - span[0]) // strides[0] + 1
        columns = (width + sum(cells[1]) - span[1]) // strides[1] + 1
        weights = self._weights((*kernel, channels // groups, groups * each))
        out = self._format()
        factors = self._factors(weights, True, out, False)
        op = QConv2D(weights, *factors, strides=strides, padding=cells, dilation_rate=dilation, groups=groups)
        return self._grow("depthwise", op, (rows, columns, groups * each), out)

    def average(self, size: Pair = (2, 2), strides: Pair | None = None, padding: str = "valid") -> Branches:
        steps = strides or size
        height, width, channels = self.here.shape
        cells = self._padding(padding, size, steps)
        rows = (height + sum(cells[0]) - size[0]) // steps[0] + 1
        columns = (width + sum(cells[1]) - size[1]) // steps[1] + 1
        format = self.here.format
        op = QAveragePooling2D(size, steps, (format.minimum, format.maximum), cells)
        return self._grow("average", op, (rows, columns, channels), format)

    def mean(self) -> Branches:
        """The mean over height and width."""
        height, width, channels = self.here.shape
        out = self._format()
        return self._grow("mean", self._mean(height * width, out), (channels,), out)

    def _mean(self, cells: int, out: Any) -> QGlobalAveragePooling2D:
        factor: Rescale
        if self.scheme == "fixed":
            factor = Shift(np.array([round(math.log2(cells)) - 1]))
        else:
            source = np.float32(self.here.format.scales)
            factor = mean_factor(source, np.float32(out.scales), cells, "reference")
        return QGlobalAveragePooling2D(factor, (out.minimum, out.maximum))

    def requantize(self) -> Branches:
        out, source = self._format(), self.here.format
        factor: Rescale
        if self.scheme == "fixed":
            factor = Shift(np.array([int(source.frac) - int(out.frac)]))  # type: ignore[attr-defined]
        else:
            factor = requantize_factor(np.float32(source.scales), np.float32(out.scales), "reference")
        return self._grow("requantize", QRequantize(factor, self._clamp(out)), self.here.shape, out)

    def look_up(self, codes: Clamp | None = None) -> Branches:
        """A table of random codes, of all or of the range ``codes``."""
        out, source = self._format(), self.here.format
        low, high = codes or (out.minimum, out.maximum)
        table = self.rng.integers(low, high + 1, 1 << source.bits)
        return self._grow("lookup", QLookup(table), self.here.shape, out)

    def classify(self) -> Branches:
        """The number of the largest channel."""
        *shape, classes = self.here.shape
        return self._grow("argmax", QArgMax(), tuple(shape) or (1,), ClassNumber.of(classes))

    def constant(self, shape: tuple[int, ...], format: Any = None) -> str:
        """The name of random values of ``shape``; one goes on from where one was."""
        here, kept = self.head, format or self._format()
        values = self.rng.integers(kept.minimum, kept.maximum + 1, shape)
        name = self._grow("constant", QConstant(values), shape, kept).head
        self.nodes[-1] = QNode(name, QConstant(values), (), shape, kept)
        self.head = here
        return name

    def slopes(self, period: int) -> Branches:
        """A table of random codes for each of ``period`` elements."""
        out, source = self._format(), self.here.format
        table = self.rng.integers(out.minimum, out.maximum + 1, (period, 1 << source.bits))
        return self._grow("channel_lookup", QChannelLookup(table), self.here.shape, out)

    def reshape(self, shape: tuple[int, ...]) -> Branches:
        return self._grow("reshape", QReshape(), shape, self.here.format)

    def broadcast(self, shape: tuple[int, ...]) -> Branches:
        """Repeated along axes of one element."""
        return self._grow("broadcast", QBroadcast(), shape, self.here.format)

    def swap(self) -> Branches:
        """The operands of the last join the other way round."""
        last = self.nodes[-1]
        self.nodes[-1] = QNode(last.name, last.op, last.inputs[::-1], last.shape, last.format)
        return self

    def add(self, other: str, kind: type[QAdd] = QAdd) -> Branches:
        """The sum of this and the tensor ``other``."""
        right = self._named(other)
        left, out = self.here, self._format()
        if self.scheme == "fixed":
            fracs = [int(node.format.frac) for node in (left, right)]  # type: ignore[attr-defined]
            finer = max(fracs)
            shifts = fracs[0] - finer, fracs[1] - finer, finer - int(out.frac)  # type: ignore[attr-defined]
            op = kind(*(Shift(np.array([shift])) for shift in shifts), self._clamp(out))
        else:
            scales = [np.float32(format.scales) for format in (left.format, right.format, out)]
            one, two, total, headroom = sum_factors(scales[0], scales[1], scales[2], "reference")
            op = kind(one, two, total, self._clamp(out), headroom)
        self._grow("add", op, left.shape, out)
        self.nodes[-1] = QNode(self.head, op, (left.name, right.name), left.shape, out)
        return self

    def join(self, other: str, kind: type[QMultiply | QMaximum]) -> Branches:
        """The product, the larger or the smaller of this and the tensor ``other``."""
        right = self._named(other)
        if kind is not QMultiply:
            format, left = self.here.format, self.here
            names = left.name, self._in_format(right, format)
            op: QMultiply | QMaximum = kind(self._clamp(format))  # type: ignore[call-arg]
        else:
            left, format = self.here, self._format()
            names = left.name, right.name
            op = QMultiply(self._product(left.format, right.format, format), self._clamp(format))
        self._grow(op.kind.lower(), op, left.shape, format)
        self.nodes[-1] = QNode(self.head, op, names, left.shape, format)
        return self

    def _product(self, left: Any, right: Any, out: Any) -> Rescale:
        """What brings products to an output whose range they fill."""
        if self.scheme == "fixed":
            return Shift(np.array([left.bits + right.bits - out.bits - 2]))
        return multiplier([self.rng.uniform(0.005, 0.03)], "double")

    def _named(self, name: str) -> QNode:
        return next(node for node in self.nodes if node.name == name)

    def concatenate(self, *others: str) -> Branches:
        """The channels of this and of the tensors ``others``, which have its format."""
        parts = [self.here, *(next(node for node in self.nodes if node.name == other) for other in others)]
        format, shape = self.here.format, (*self.here.shape[:-1], sum(part.shape[-1] for part in parts))
        nodes = [self._in_format(part, format) for part in parts]
        self._grow("concatenate", QConcatenate(), shape, format)
        self.nodes[-1] = QNode(self.head, QConcatenate(), tuple(nodes), shape, format)
        return self

    def _in_format(self, node: QNode, format: Any) -> str:
        """The name of ``node``, or of a change of its format: all that is concatenated has one."""
        if node.format == format:
            return node.name
        self.head = node.name
        factor: Rescale
        if self.scheme == "fixed":
            factor = Shift(np.array([int(node.format.frac) - int(format.frac)]))  # type: ignore[attr-defined]
        else:
            factor = requantize_factor(np.float32(node.format.scales), np.float32(format.scales), "reference")
        clamp = (format.minimum, format.maximum)
        return self._grow("format", QRequantize(factor, clamp), node.shape, format).head

    def _clamp(self, out: Any) -> Clamp:
        return (out.zero_point if self.rng.random() < 0.5 else out.minimum), out.maximum

    def _grow(self, kind: str, op: Any, shape: tuple[int, ...], format: Any) -> Branches:
        self._append(f"{kind}_{len(self.nodes)}", op, shape, format)
        return self

    def _append(self, name: str, op: Any, shape: tuple[int, ...], format: Any) -> Branches:
        super()._append(name, op, shape, format)
        self.head = name
        return self
