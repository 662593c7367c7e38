# SPDX-License-Identifier: Apache-2.0
"""Dense and pooling layers in integers.

Each function takes an operation and the formats of its input (``source``) and output (``target``), does what
does not depend on data once, and gives the function that maps codes (frames, *shape in) to codes (frames,
*shape out). Codes are held in the narrowest integer type of their format.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.graph import Pair
from kerilog.integer.engine import NUMPY, Engine
from kerilog.integer.finish import Codes, Numbers, Unary, finish, storage
from kerilog.integer.windows import pad
from kerilog.parallel import for_each, on_this_thread, processors
from kerilog.qgraph import (
    QAveragePooling2D,
    QDense,
    QGlobalAveragePooling2D,
    QGlobalMaxPooling2D,
    QMaxPooling2D,
)

_LARGE_KERNEL = 1 << 16  # weights for which BLAS would start threads
_WORTH_SHARING = 1 << 16  # elements of an average pool that are worth waking another processor for


def dense(
    op: QDense,
    source: Format,
    target: Format,
    positions: int = 1,
    engine: Engine = NUMPY,
) -> Unary:
    """Matrix times the last axis, at each of ``positions`` places of a frame."""
    matrix = engine.matrix(op.kernel, op.bias, source)
    end = engine.finish(op.rescale, target, op.clamp, matrix.bias, matrix.number, positions)
    if op.kernel.size < _LARGE_KERNEL:
        return lambda x: end(matrix.product(matrix.prepare(x)))

    def apply(x: Codes) -> Codes:
        with on_this_thread():
            return end(matrix.product(matrix.prepare(x)))

    return apply


def max_pool(op: QMaxPooling2D, source: Format, target: Format) -> Unary:
    """Cells outside the image hold the smallest code, which never wins over a cell inside."""

    def apply(x: Codes) -> Codes:
        best = _pool(np.maximum, pad(x, op.padding, source.minimum), op.pool_size, op.strides)
        codes: Codes = np.clip(best, *op.clamp).astype(storage(target), copy=False)
        return codes

    return apply


def average_pool(op: QAveragePooling2D, source: Format, target: Format) -> Unary:
    """Cells outside the image add nothing and are not counted.

    Sums are made in int16 and divided in binary32 where they fit. That is exact: for whole numbers n < 2**24
    and c the quotient n / c, rounded to binary32, reaches a whole number only where n / c does, because it
    misses one by 1 / c or more, which is more than half a unit in the last place of a quotient n / c.
    """
    largest = math.prod(op.pool_size) * max(-source.minimum, source.maximum)
    number = np.int16 if largest < 1 << 15 else np.int64
    kind = storage(target)

    def some(x: Codes) -> Codes:
        total = _pool(np.add, pad(x.astype(number), op.padding, 0), op.pool_size, op.strides)
        inside = pad(np.ones((1, *x.shape[1:3], 1), np.int64), op.padding, 0)
        count = _pool(np.add, inside, op.pool_size, op.strides)
        if number is np.int64:
            codes: Codes = np.clip(mean(total, count), *op.clamp).astype(kind)
            return codes
        y = total.astype(np.float32)
        y += np.copysign((count // 2).astype(np.float32), y)
        y /= np.maximum(count, 1).astype(np.float32)
        # what the type cuts off is what rounding towards zero cuts off
        return np.clip(y, *op.clamp, out=y).astype(kind)

    def apply(x: Codes) -> Codes:
        channels = x.shape[3]
        if x.size < _WORTH_SHARING or channels < processors():
            return some(x)
        edges = [channels * place // processors() for place in range(processors() + 1)]
        found = [x] * processors()

        def work(piece: int) -> None:
            found[piece] = some(x[..., edges[piece] : edges[piece + 1]])

        for_each(range(len(found)), work)
        return np.concatenate(found, axis=3)

    return apply


def mean(total: IntArray, count: IntArray) -> IntArray:
    """``total / count`` to the nearest integer, ties away from zero; 0 of nothing."""
    magnitude = (np.abs(total) + count // 2) // np.maximum(count, 1)
    return np.where(total < 0, -magnitude, magnitude)


def global_average_pool(op: QGlobalAveragePooling2D, source: Format, target: Format) -> Unary:
    """The sum over height and width; the rescale holds the division. Gives (frames, channels)."""

    def apply(x: Codes) -> Codes:
        total = x.sum(axis=(1, 2), dtype=np.int64) - x.shape[1] * x.shape[2] * source.zero_point
        return finish(total, op.rescale, target, op.clamp)

    return apply


def global_max_pool(op: QGlobalMaxPooling2D, target: Format) -> Unary:
    """The maximum over height and width. Gives (frames, channels)."""

    def apply(x: Codes) -> Codes:
        codes: Codes = np.clip(x.max(axis=(1, 2)), *op.clamp).astype(storage(target), copy=False)
        return codes

    return apply


def arg_max(target: Format) -> Unary:
    """The place of the largest code along the last axis; NumPy, too, takes the first of equal ones."""
    return lambda x: x.argmax(axis=-1).astype(storage(target))


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
