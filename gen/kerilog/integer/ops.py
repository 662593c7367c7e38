# SPDX-License-Identifier: Apache-2.0
"""Convolution, dense and pooling layers in integers.

Each function takes an operation and the formats of its input (``source``) and output (``target``), does what
does not depend on data once, and gives the function that maps codes (frames, *shape in) to codes (frames,
*shape out). Codes are held in the narrowest integer type of their format.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.formats import Format
from kerilog.graph import Pair
from kerilog.integer.matmul import ExactMatrix, Numbers
from kerilog.integer.rescale import Integers, rescale
from kerilog.qgraph import (
    Clamp,
    Padding,
    QAveragePooling2D,
    QConv2D,
    QDense,
    QGlobalAveragePooling2D,
    QMaxPooling2D,
    Rescale,
)

Codes = Integers
Unary = Callable[[Codes], Codes]

_NO_PADDING: Padding = ((0, 0), (0, 0))


def storage(target: Format) -> npt.DTypeLike:
    """The narrowest NumPy type that holds the codes of ``target``."""
    return np.min_scalar_type(-(1 << (target.bits - 1)))


def finish(accumulator: Integers, factor: Rescale, target: Format, clamp: Clamp) -> Codes:
    """``clamp(zero_out + rescale(accumulator))``: the end of every layer that changes its scale."""
    codes = rescale(factor, accumulator)
    codes += target.zero_point
    return np.clip(codes, *clamp, out=codes).astype(storage(target))


def dense(op: QDense, source: Format, target: Format) -> Unary:
    """Matrix times the last axis."""
    matrix = ExactMatrix(op.kernel, op.bias, source)
    return lambda x: finish(matrix(x), op.rescale, target, op.clamp)


def conv2d(op: QConv2D, source: Format, target: Format) -> Unary:
    """Convolution in any of its forms. A rim of zero-point codes contributes nothing, so padding is exact."""
    accumulate = _grouped(op, source) if op.groups > 1 else _ungrouped(op, source)

    def apply(x: Codes) -> Codes:
        return finish(accumulate(pad(x, op.padding, source.zero_point)), op.rescale, target, op.clamp)

    return apply


def _ungrouped(op: QConv2D, source: Format) -> Unary:
    """All input channels feed every filter: one matrix product over gathered windows."""
    filters = op.kernel.shape[3]
    matrix = ExactMatrix(op.kernel.reshape(-1, filters), op.bias, source)

    def apply(x: Codes) -> Codes:
        view = windows(x, op.kernel.shape[:2], op.strides, op.dilation_rate)
        columns = np.ascontiguousarray(view, matrix.number)
        return matrix(columns.reshape(*view.shape[:3], -1))

    return apply


def _grouped(op: QConv2D, source: Format) -> Unary:
    """Filter f sees the input channels of group ``f // (filters / groups)`` only."""
    height, width, depth, filters = op.kernel.shape
    each = filters // op.groups
    kernels = np.split(op.kernel.reshape(-1, filters), op.groups, axis=1)
    matrices = [ExactMatrix(k, b, source) for k, b in zip(kernels, np.split(op.bias, op.groups), strict=True)]
    if depth == 1:
        return _depthwise(op, matrices)

    def apply(x: Codes) -> Codes:
        view = windows(x, (height, width), op.strides, op.dilation_rate)
        result = np.empty((*view.shape[:3], filters), np.result_type(*(m.result for m in matrices)))
        for group, matrix in enumerate(matrices):
            part = np.ascontiguousarray(view[..., group * depth : (group + 1) * depth], matrix.number)
            result[..., group * each : (group + 1) * each] = matrix(part.reshape(*view.shape[:3], -1))
        return result

    return apply


def _depthwise(op: QConv2D, matrices: list[ExactMatrix]) -> Unary:
    """One input channel a filter: the taps are added one after another, each for all channels at once."""
    height, width, _, filters = op.kernel.shape
    number = np.result_type(*(m.number for m in matrices))
    result = np.result_type(*(m.result for m in matrices))
    bias: Numbers = np.concatenate([m.bias for m in matrices]).astype(number)
    taps = op.kernel.reshape(height * width, op.groups, filters // op.groups).astype(number)

    def apply(x: Codes) -> Codes:
        view = windows(x.astype(number), (height, width), op.strides, op.dilation_rate)
        total: Numbers = np.zeros((*view.shape[:3], *taps.shape[1:]), number)
        for index, tap in enumerate(taps):
            total += view[:, :, :, index // width, index % width, :, np.newaxis] * tap
        accumulator: Codes = (total.reshape(*view.shape[:3], filters) + bias).astype(result)
        return accumulator

    return apply


def max_pool(op: QMaxPooling2D, source: Format, target: Format) -> Unary:
    """Cells outside the image hold the smallest code, which never wins over a cell inside."""

    def apply(x: Codes) -> Codes:
        best = _pool(np.maximum, pad(x, op.padding, source.minimum), op.pool_size, op.strides)
        codes: Codes = np.clip(best, *op.clamp).astype(storage(target), copy=False)
        return codes

    return apply


def average_pool(op: QAveragePooling2D, source: Format, target: Format) -> Unary:
    """Cells outside the image add nothing and are not counted."""

    def apply(x: Codes) -> Codes:
        total = _pool(np.add, pad(x.astype(np.int64), op.padding, 0), op.pool_size, op.strides)
        inside = pad(np.ones((1, *x.shape[1:3], 1), np.int64), op.padding, 0)
        count = _pool(np.add, inside, op.pool_size, op.strides)
        mean = (np.abs(total) + count // 2) // np.maximum(count, 1)
        codes: Codes = np.clip(np.where(total < 0, -mean, mean), *op.clamp).astype(storage(target))
        return codes

    return apply


def global_average_pool(op: QGlobalAveragePooling2D, source: Format, target: Format) -> Unary:
    """The sum over height and width; the rescale holds the division. Gives (frames, channels)."""

    def apply(x: Codes) -> Codes:
        total = x.sum(axis=(1, 2), dtype=np.int64) - x.shape[1] * x.shape[2] * source.zero_point
        return finish(total, op.rescale, target, op.clamp)

    return apply


def pad(x: Numbers, padding: Padding, value: int) -> Numbers:
    """``x`` (frames, height, width, channels) with a rim of ``value``."""
    if padding == _NO_PADDING:
        return x
    padded: Numbers = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)
    return padded


def windows(x: Numbers, kernel: tuple[int, ...], strides: Pair, dilation: Pair) -> Numbers:
    """A view (frames, height, width, kernel height, kernel width, channels) of the windows of ``x``."""
    spans = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axis=(1, 2))
    view = view[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
    moved: Numbers = np.moveaxis(view, 3, 5)
    return moved


def _pool(combine: np.ufunc, x: Numbers, size: Pair, strides: Pair) -> Numbers:
    """``combine`` over every window of ``x``: down the columns first, where rows are contiguous."""
    for axis in (1, 2):
        x = _pool_axis(combine, x, axis, size[axis - 1], strides[axis - 1])
    return x


def _pool_axis(combine: np.ufunc, x: Any, axis: int, size: int, stride: int) -> Any:
    """``combine`` over windows of ``size`` along one axis."""
    last = (x.shape[axis] - size) // stride * stride
    lead = (slice(None),) * axis
    result = x[(*lead, slice(0, last + 1, stride))].copy()
    for offset in range(1, size):
        combine(result, x[(*lead, slice(offset, offset + last + 1, stride))], out=result)
    return result
