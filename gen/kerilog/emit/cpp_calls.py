# SPDX-License-Identifier: Apache-2.0
"""From the operations of a ``QGraph`` to calls of the kernels in ``templates/cpp/kernels.h.j2``.

Sums and products run in int64, accumulators in int32 where they fit. Everything that could pass these widths
is bounded here, from the weights and the codes that can occur, and refused by the layer's name.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerilog.errors import KerilogError
from kerilog.formats import Format, IntArray, Sign
from kerilog.integer.finish import finish, storage
from kerilog.integer.matmul import fold_steps
from kerilog.integer.rescale import rescale
from kerilog.names import harmless
from kerilog.qgraph import (
    DoubleMultiplier,
    Multiplier,
    QAdd,
    QArgMax,
    QAveragePooling2D,
    QBroadcast,
    QChannelLookup,
    QConcatenate,
    QConv2D,
    QDense,
    QGlobalAveragePooling2D,
    QGlobalMaxPooling2D,
    QLookup,
    QMaximum,
    QMaxPooling2D,
    QMinimum,
    QMultiply,
    QNode,
    QPermute,
    QRequantize,
    QResizeBilinear,
    QSlice,
    QSubtract,
    QUpSampling2D,
    QZeroPadding2D,
    Rescale,
    Threshold,
)

_RANK = 4  # axes that the moving kernels have
_MOST_CODES = 1 << 16  # entries of a table
_MOST = 1 << 62
_TYPES = ("std::int32_t", "std::int64_t")
_OURS = re.compile(r"[Ctxy]\d+( \+ \d+)?|kernel::\w+<\d+>\{[C\d, ]+\}")


@dataclasses.dataclass(frozen=True)
class Array:
    """Constants of the header: ``lines`` of numbers."""

    name: str
    type: str
    size: int
    lines: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of a kernel: template arguments, arguments, and what stands above it."""

    kernel: str
    constants: tuple[object, ...]
    arguments: tuple[object, ...]
    comment: str = ""


@dataclasses.dataclass(frozen=True)
class Value:
    """A tensor or a constant of the program: its variable, shape and format."""

    variable: str
    shape: tuple[int, ...]
    format: Format

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def most(self) -> int:
        """The largest distance of a code from the zero point."""
        zero = self.format.zero_point
        return max(zero - self.format.minimum, self.format.maximum - zero)


def storage_type(format: Format) -> str:
    """The C++ type of codes of ``format``: the narrowest one."""
    return f"std::{np.dtype(storage(format)).name}_t"


class Writer:
    """Collects the arrays and calls of one node after the other."""

    def __init__(self) -> None:
        self.arrays: list[Array] = []
        self.calls: list[Call] = []

    def array(self, type_name: str, values: IntArray) -> str:
        """The name of a new array of ``values``."""
        numbers = [_literal(int(value)) for value in np.asarray(values).reshape(-1)]
        lines = tuple(", ".join(numbers[start : start + 16]) for start in range(0, len(numbers), 16))
        name = f"C{len(self.arrays)}"
        self.arrays.append(Array(name, type_name, len(numbers), lines))
        return name

    def codes(self, values: IntArray) -> str:
        """The name of a new array of ``values`` in the narrowest signed type."""
        least = min(int(values.min()), -int(values.max()) - 1)
        return self.array(f"std::{np.dtype(np.min_scalar_type(least)).name}_t", values)

    def call(self, kernel: str, constants: Sequence[Any], arguments: Sequence[Any]) -> None:
        """Add a call; what comes from a file reaches its text as an integer or not at all."""
        types = tuple(value if value in _TYPES else int(value) for value in constants)
        values = tuple(value if _OURS.fullmatch(str(value)) else int(value) for value in arguments)
        self.calls.append(Call(kernel, types, values))

    # ---- one node ----

    def add(self, node: QNode, sources: list[Value], target: Value) -> None:
        """The calls that make ``target``, the tensor of ``node``, of ``sources``.

        Raises KerilogError, with the layer's name, for what has no kernel or would pass 64 bits.
        """
        first = len(self.calls)
        if not (self._weighted(node, sources, target) or self._of_codes(node, sources, target)):
            self._moved(node, sources, target)
        told = f"{harmless(node.name)}: {node.op.kind}"
        self.calls[first] = dataclasses.replace(self.calls[first], comment=told)

    def _weighted(self, node: QNode, sources: list[Value], target: Value) -> bool:
        """Layers that sum, pools and joins."""
        match node.op:
            case QConv2D() as op:
                self._conv(node, op, sources[0], target, (*sources[0].shape[:2], *target.shape[:2]))
            case QDense() as dense:
                places = math.prod(target.shape[:-1])
                inputs, units = dense.kernel.shape
                op = QConv2D(
                    dense.kernel.reshape(1, 1, inputs, units),
                    dense.bias,
                    dense.kernel_format,
                    dense.bias_format,
                    dense.rescale,
                    dense.clamp,
                )
                self._conv(node, op, sources[0], target, (places, 1, places, 1))
            case QMaxPooling2D() | QAveragePooling2D():
                self._pool(node.op, sources[0], target)
            case QGlobalAveragePooling2D() as op:
                x, channels = sources[0], target.shape[-1]
                cells = x.size // channels
                scaled = self.rescaler(node, op.rescale, cells * x.most, channels)
                ends = (x.format.zero_point, target.format.zero_point, *op.clamp)
                self.call("global_average", (cells, channels), (x.variable, target.variable, scaled, *ends))
            case QGlobalMaxPooling2D() as op:
                x, channels = sources[0], target.shape[-1]
                self.call(
                    "global_max", (x.size // channels, channels), (x.variable, target.variable, *op.clamp)
                )
            case QArgMax():
                x = sources[0]
                self.call("arg_max", (x.size // x.shape[-1], x.shape[-1]), (x.variable, target.variable))
            case QAdd() | QMultiply() | QMaximum():
                self._join(node, sources, target)
            case _:
                return False
        return True

    def _conv(self, node: QNode, op: QConv2D, x: Value, y: Value, sides: tuple[int, ...]) -> None:
        height, width, down, across = sides
        rows, columns, depth, filters = op.kernel.shape
        kernel, offsets = op.kernel.reshape(-1, filters), op.bias
        if isinstance(x.format, Sign):  # around which nothing is padded
            kernel, offsets = fold_steps(kernel, offsets, x.format)
        totals = np.abs(kernel).sum(axis=0).tolist()
        most = max(total * x.most + abs(int(bias)) for total, bias in zip(totals, offsets, strict=True))
        _check(node, most)
        kind = "std::int32_t" if most < 1 << 31 else "std::int64_t"
        scaled = self.rescaler(node, op.rescale, most, filters)
        shape = (height, width, depth * op.groups, down, across, filters, rows, columns)
        steps = (*op.strides, *op.dilation_rate, op.padding[0][0], op.padding[1][0], op.groups, kind)
        weights, bias = self.codes(kernel), self.array(kind, offsets)
        ends = (x.format.zero_point, y.format.zero_point, *op.clamp)
        self.call("conv2d", (*shape, *steps), (x.variable, y.variable, weights, bias, scaled, *ends))

    def _pool(self, op: QMaxPooling2D | QAveragePooling2D, x: Value, y: Value) -> None:
        corner = (op.padding[0][0], op.padding[1][0])
        shape = (*x.shape, *y.shape[:2], *op.pool_size, *op.strides, *corner)
        if isinstance(op, QMaxPooling2D):
            self.call("max_pool", shape, (x.variable, y.variable, x.format.minimum, *op.clamp))
        else:
            self.call("average_pool", shape, (x.variable, y.variable, *op.clamp))

    def _join(self, node: QNode, sources: list[Value], y: Value) -> None:
        op, (x, x2) = node.op, sources
        names, zeros = (x.variable, x2.variable, y.variable), [v.format.zero_point for v in (x, x2, y)]
        channels = y.shape[-1]
        if isinstance(op, QMaximum):
            sign = -1 if isinstance(op, QMinimum) else 1
            self.call("extreme", (y.size, sign), (*names, *op.clamp))
        elif isinstance(op, QMultiply):
            scaled = self.rescaler(node, op.rescale, x.most * x2.most, channels)
            self.call("multiply", (y.size, channels), (*names, scaled, *zeros, *op.clamp))
        else:
            assert isinstance(op, QAdd)
            sides = [
                self.rescaler(node, factor, value.most << op.headroom, 1)
                for factor, value in ((op.left, x), (op.right, x2))
            ]
            most = sum(_largest(factor, value, op) for factor, value in ((op.left, x), (op.right, x2)))
            scaled = self.rescaler(node, op.rescale, most, channels)
            sign = -1 if isinstance(op, QSubtract) else 1
            arguments = (*names, *sides, scaled, op.headroom, *zeros, *op.clamp)
            self.call("add", (y.size, channels, sign), arguments)

    def _of_codes(self, node: QNode, sources: list[Value], y: Value) -> bool:
        """Functions of one code, as tables."""
        if not isinstance(node.op, (QRequantize, QLookup, QChannelLookup)):
            return False
        x, op = sources[0], node.op
        codes = np.arange(x.format.minimum, x.format.maximum + 1)
        if codes.size > _MOST_CODES:
            raise KerilogError(f"layer '{node.name}': a table of {codes.size:,} codes is too large for C++")
        if isinstance(op, QRequantize):
            self.rescaler(node, op.rescale, x.most, 1)  # for its bounds
            table = finish(x.format.steps(codes), op.rescale, y.format, op.clamp)
        else:
            table = op.table
        period = op.table.shape[0] if isinstance(op, QChannelLookup) else 1
        name = self.array(storage_type(y.format), table)
        constants = (y.size, period, codes.size)
        self.call("lookup", constants, (x.variable, y.variable, name, x.format.minimum))
        return True

    # ---- layers that move ----

    def _moved(self, node: QNode, sources: list[Value], y: Value) -> None:
        op, x = node.op, sources[0]
        steps = _steps(x.shape)
        match op:
            case QBroadcast():
                self.broadcast(node, x, y)
            case QSlice():
                first = sum(begin * step for begin, step in zip(op.begin, steps, strict=True))
                taken = [stride * step for stride, step in zip(op.strides, steps, strict=True)]
                self._move(node, "gather", y.shape, taken, x, y, first)
            case QPermute():
                self._move(node, "gather", y.shape, [steps[axis] for axis in op.dims], x, y)
            case QConcatenate():
                self._concatenate(op, sources, y)
            case QZeroPadding2D():
                self._padding(node, op, x, y)
            case QUpSampling2D():
                self._up_sampling(node, op, x, y)
            case QResizeBilinear():
                if op.bits < 1 or 2 * op.bits > 40:
                    raise KerilogError(f"layer '{node.name}': {op.bits} bits of place have no kernel in C++")
                rows, columns = self.array("int", op.rows), self.array("int", op.columns)
                shape = (x.shape[1], x.shape[2], y.shape[0], y.shape[1], op.bits)
                constants = (*shape, int(op.rounding == "away"))
                self.call("resize_bilinear", constants, (x.variable, y.variable, rows, columns))
            case _:
                raise KerilogError(f"layer '{node.name}': {op.kind} has no kernel in C++")

    def broadcast(self, node: QNode, x: Value, y: Value) -> None:
        """``x`` in the shape of ``y``, by NumPy's rules."""
        shape = (1,) * (len(y.shape) - len(x.shape)) + x.shape
        steps = [0 if size == 1 else step for size, step in zip(shape, _steps(shape), strict=True)]
        self._move(node, "gather", y.shape, steps, x, y)

    def _move(
        self,
        node: QNode,
        kernel: str,
        sizes: Sequence[int],
        steps: Sequence[int],
        x: Value,
        y: Value,
        first: int = 0,
    ) -> None:
        """``gather`` of x, or ``scatter`` to y, from element ``first`` on."""
        if len(sizes) > _RANK:
            raise KerilogError(
                f"layer '{node.name}': expected at most {_RANK} axes for C++, found {len(sizes)}"
            )
        missing = _RANK - len(sizes)
        constants = (*(1,) * missing, *sizes, *(0,) * missing, *steps)
        source = _at(x.variable, first if kernel == "gather" else 0)
        target = _at(y.variable, first if kernel == "scatter" else 0)
        self.call(kernel, constants, (source, target))

    def _concatenate(self, op: QConcatenate, sources: list[Value], y: Value) -> None:
        axis = op.axis % len(y.shape)
        outer, row, first = math.prod(y.shape[:axis]), math.prod(y.shape[axis:]), 0
        for part in sources:
            inner = part.size // outer
            constants = (1, 1, outer, inner, 0, 0, row, 1)
            self.call("scatter", constants, (part.variable, _at(y.variable, first)))
            first += inner

    def _padding(self, node: QNode, op: QZeroPadding2D, x: Value, y: Value) -> None:
        code = x.format.zero_point if op.code is None else op.code
        self.call("fill", (y.size,), (y.variable, code))
        steps = _steps(y.shape)
        first = op.padding[0][0] * steps[0] + op.padding[1][0] * steps[1]
        self._move(node, "scatter", x.shape, [op.steps[0] * steps[0], op.steps[1] * steps[1], 1], x, y, first)

    def _up_sampling(self, node: QNode, op: QUpSampling2D, x: Value, y: Value) -> None:
        """Once for each of the places that a pixel is copied to."""
        steps = _steps(y.shape)
        for row, column in np.ndindex(op.size):
            first = int(row) * steps[0] + int(column) * steps[1]
            taken = [op.size[0] * steps[0], op.size[1] * steps[1], 1]
            self._move(node, "scatter", x.shape, taken, x, y, first)

    # ---- rescaling ----

    def rescaler(self, node: QNode, factor: Rescale, most: int, channels: int) -> str:
        """The functor of ``factor`` for sums up to ``most``. KerilogError where it would pass 64 bits."""
        match factor:
            case DoubleMultiplier():
                if most > 1 << 31:
                    raise KerilogError(f"layer '{node.name}': its sums have more than 32 bits, {most:,}")
                largest = float(np.ldexp(factor.significand.astype(float), factor.exponent).max())
                if most * largest >= 1 << 51:
                    raise KerilogError(f"layer '{node.name}': its results have more than 51 bits")
                kind, arrays = "Binary64", [factor.significand, factor.exponent]
            case Multiplier():
                pairs = zip(*np.broadcast_arrays(factor.multiplier, factor.shift), strict=True)
                _check(node, max((most << max(int(n), 0)) * int(m) + (1 << 30) for m, n in pairs))
                kind = "Twice" if factor.rounding == "double" else "Once"
                arrays = [factor.multiplier, factor.shift]
            case Threshold():
                kind, arrays = "Threshold", [factor.direction]
            case _:
                _check(node, max(most << max(-int(n), 0) for n in factor.shift))
                kind, arrays = "Shift", [factor.shift]
        values = np.broadcast_arrays(*arrays)
        if values[0].size not in (1, channels):
            raise KerilogError(
                f"layer '{node.name}': expected a factor for each of {channels} channels, "
                f"found {values[0].size}"
            )
        types = ("int",) if len(values) == 1 else ("std::int64_t", "int")
        names = [self.array(kind_of, value) for kind_of, value in zip(types, values, strict=True)]
        return f"kernel::{kind}<{values[0].size}>{{{', '.join(names)}}}"


def _largest(factor: Rescale, value: Value, op: QAdd) -> int:
    """The largest magnitude of one side of a sum."""
    zero = value.format.zero_point
    ends = np.array([value.format.minimum - zero, value.format.maximum - zero]) << op.headroom
    return int(np.abs(rescale(factor, ends)).max())


def _check(node: QNode, most: int) -> None:
    if most >= _MOST:
        raise KerilogError(f"layer '{node.name}': expected numbers below 2**62 for C++, found up to {most}")


def _steps(shape: Sequence[int]) -> list[int]:
    """Elements from one place to the next along each axis."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _at(variable: str, first: int) -> str:
    return f"{variable} + {first}" if first else variable


def _literal(value: int) -> str:
    """A constant; the smallest of 64 bits does not occur."""
    return str(value) if abs(value) < 1 << 31 else f"INT64_C({value})"
