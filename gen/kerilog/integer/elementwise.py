# SPDX-License-Identifier: Apache-2.0
"""Layers that work on one element, or one pair of elements, at a time; and those that only move elements.

The functions are made and used as those of ``kerilog.integer.ops``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.integer.finish import Codes, Unary, finish, storage
from kerilog.integer.rescale import rescale
from kerilog.integer.windows import pad
from kerilog.qgraph import QAdd, QLookup, QMultiply, QRequantize, QSubtract, QZeroPadding2D, Rescale

Binary = Callable[[Codes, Codes], Codes]


def add(op: QAdd, left: Format, right: Format, target: Format) -> Binary:
    """Sum, or difference for a ``QSubtract``, of two tensors brought to one scale."""

    def apply(x: Codes, y: Codes) -> Codes:
        a, b = _scaled(x, left, op.left, op.headroom), _scaled(y, right, op.right, op.headroom)
        return finish(a - b if isinstance(op, QSubtract) else a + b, op.rescale, target, op.clamp)

    return apply


def _scaled(x: Codes, source: Format, factor: Rescale, headroom: int) -> IntArray:
    """``rescale((x - zero) << headroom)``."""
    return rescale(factor, (x.astype(np.int64) - source.zero_point) << headroom)


def multiply(op: QMultiply, left: Format, right: Format, target: Format) -> Binary:
    """Product of two tensors."""

    def apply(x: Codes, y: Codes) -> Codes:
        product = (x.astype(np.int64) - left.zero_point) * (y.astype(np.int64) - right.zero_point)
        return finish(product, op.rescale, target, op.clamp)

    return apply


def requantize(op: QRequantize, source: Format, target: Format) -> Unary:
    """The same numbers in another format, clamped."""
    return lambda x: finish(x.astype(np.int64) - source.zero_point, op.rescale, target, op.clamp)


def lookup(op: QLookup, source: Format, target: Format) -> Unary:
    """A table with one entry a code."""
    table = op.table.astype(storage(target))
    return lambda x: table[x.astype(np.intp) - source.minimum]


def zero_padding(op: QZeroPadding2D, source: Format) -> Unary:
    """A rim of zero-point codes."""
    return lambda x: pad(x, op.padding, source.zero_point)
