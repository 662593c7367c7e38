# SPDX-License-Identifier: Apache-2.0
"""Layers that work on one element, or one pair of elements, at a time; and those that only move elements.

What is a function of one code is worked out once for every code there is, and looked up.
The functions are made and used as those of ``kerilog.integer.ops``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.integer.engine import NUMPY, Engine
from kerilog.integer.finish import Codes, Numbers, Unary, finish, storage
from kerilog.integer.matmul import exact_type
from kerilog.integer.rescale import rescale
from kerilog.integer.windows import pad
from kerilog.qgraph import (
    QAdd,
    QChannelLookup,
    QLookup,
    QMaximum,
    QMinimum,
    QMultiply,
    QPermute,
    QRequantize,
    QResizeBilinear,
    QSlice,
    QSubtract,
    QUpSampling2D,
    QZeroPadding2D,
    Rescale,
)

Binary = Callable[[Codes, Codes], Codes]


def add(op: QAdd, left: Format, right: Format, target: Format, engine: Engine = NUMPY) -> Binary:
    """Sum, or difference for a ``QSubtract``, of two tensors brought to one scale."""
    first = _scaled(_codes(left), left, op.left, op.headroom)
    second = _scaled(_codes(right), right, op.right, op.headroom)
    number = exact_type(int(np.abs(first).max() + np.abs(second).max()))
    of_left, of_right = (
        first.astype(number),
        (-second if isinstance(op, QSubtract) else second).astype(number),
    )
    end = engine.finish(op.rescale, target, op.clamp, np.zeros(1), number)

    def apply(x: Codes, y: Codes) -> Codes:
        total: Numbers = engine.look_up(of_left, x, left.minimum)
        other = engine.look_up(of_right, y, right.minimum)
        return end(np.add(total, other, out=total) if total.shape == other.shape else total + other)

    return apply


def _scaled(x: Codes, source: Format, factor: Rescale, headroom: int) -> IntArray:
    """``rescale(steps(x) << headroom)``."""
    return rescale(factor, source.steps(x) << headroom)


def _codes(source: Format) -> IntArray:
    """Every code of ``source``, the entries of a table of any function of them."""
    return np.arange(source.minimum, source.maximum + 1)


def multiply(op: QMultiply, left: Format, right: Format, target: Format, engine: Engine = NUMPY) -> Binary:
    """Product of two tensors."""
    number = exact_type(
        math.prod(int(np.abs(source.steps(_codes(source))).max()) for source in (left, right))
    )
    end = engine.finish(op.rescale, target, op.clamp, np.zeros(1), number)

    def apply(x: Codes, y: Codes) -> Codes:
        first: Numbers = left.steps(x).astype(number)
        second: Numbers = right.steps(y).astype(number)
        return end(np.multiply(first, second))

    return apply


def extreme(op: QMaximum, target: Format) -> Binary:
    """The larger of two codes, or the smaller for a ``QMinimum``."""
    choose = np.minimum if isinstance(op, QMinimum) else np.maximum
    kind = storage(target)

    def apply(x: Codes, y: Codes) -> Codes:
        codes: Codes = np.clip(choose(x, y), *op.clamp).astype(kind, copy=False)
        return codes

    return apply


def requantize(op: QRequantize, source: Format, target: Format, engine: Engine = NUMPY) -> Unary:
    """The same numbers in another format, clamped."""
    table = finish(source.steps(_codes(source)), op.rescale, target, op.clamp)
    return lambda x: engine.look_up(table, x, source.minimum)


def lookup(op: QLookup, source: Format, target: Format, engine: Engine = NUMPY) -> Unary:
    """A table with one entry a code."""
    table = op.table.astype(storage(target))
    return lambda x: engine.look_up(table, x, source.minimum)


def channel_lookup(op: QChannelLookup, source: Format, target: Format) -> Unary:
    """A table for each channel, or for each place in a frame."""
    period, codes = op.table.shape
    table = op.table.astype(storage(target)).reshape(-1)
    starts = np.arange(period) * codes - source.minimum

    def apply(x: Codes) -> Codes:
        places = x.reshape(-1, period).astype(np.intp)
        places += starts
        found: Codes = table[places].reshape(x.shape)
        return found

    return apply


def zero_padding(op: QZeroPadding2D, source: Format) -> Unary:
    """A rim of zero-point codes, or of others, and what is between the pixels."""
    code = source.zero_point if op.code is None else op.code
    down, across = op.steps
    if op.steps == (1, 1):
        return lambda x: pad(x, op.padding, code)

    def spread(x: Codes) -> Codes:
        frames, height, width, channels = x.shape
        shape = frames, (height - 1) * down + 1, (width - 1) * across + 1, channels
        wide: Codes = np.full(shape, code, x.dtype)
        wide[:, ::down, ::across] = x
        return pad(wide, op.padding, code)

    return spread


def sliced(op: QSlice) -> Unary:
    """A part of a tensor."""
    parts = (slice(None), *map(slice, op.begin, op.end, op.strides))
    return lambda x: x[parts]


def up_sampling(op: QUpSampling2D) -> Unary:
    """Rows and pixels several times."""
    return lambda x: x.repeat(op.size[0], axis=1).repeat(op.size[1], axis=2)


def resize_bilinear(op: QResizeBilinear, target: Format) -> Unary:
    """Between rows first, then between columns: sums are exact, so that the order makes no difference."""
    half = 1 << (2 * op.bits - 1)
    number = exact_type(half * 2 * max(-target.minimum, target.maximum) + half)
    kind = storage(target)

    def apply(x: Codes) -> Codes:
        between = _between(_between(x.astype(number), op.rows, op.bits, 1), op.columns, op.bits, 2)
        total = between.astype(np.int64)
        if op.rounding == "up":
            return ((total + half) >> (2 * op.bits)).astype(kind)
        away: Codes = np.sign(total) * ((np.abs(total) + half) >> (2 * op.bits))
        return away.astype(kind)

    return apply


def _between(x: Numbers, places: IntArray, bits: int, axis: int) -> Numbers:
    """``2**bits`` times what lies between the pixels along an axis."""
    first, second, weight = places
    shape = tuple(-1 if one == axis else 1 for one in range(4))
    share = weight.reshape(shape).astype(x.dtype)
    found: Numbers = x.take(first, axis) * (x.dtype.type(1 << bits) - share) + x.take(second, axis) * share
    return found


def permute(op: QPermute) -> Unary:
    """The axes in another order."""
    dims = (0, *(axis + 1 for axis in op.dims))
    return lambda x: np.ascontiguousarray(x.transpose(dims))
