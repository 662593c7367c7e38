# SPDX-License-Identifier: Apache-2.0
"""The tables of layers that are functions of one code, the same for all channels or one for each.

Those are lookups, requantizations that stand alone, and tensors joined with a constant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.graph import Shape
from kerilog.integer.model import make_step
from kerilog.qgraph import Clamp, QChannelLookup, QConstant, QNode
from kerilog.tables import repeating


def table(node: QNode, source: QNode) -> IntArray:
    """What the integer model gives for every code of ``source``'s format, (codes,) int64.

    Element n belongs to the code whose two's complement bits are n.
    """
    return _values(node, source, every_code(source.format))


def image(node: QNode, source: QNode, codes: Clamp) -> Clamp:
    """The smallest and the largest code that come of ``codes``."""
    values = _values(node, source, np.arange(codes[0], codes[1] + 1))
    return int(values.min()), int(values.max())


def _values(node: QNode, source: QNode, codes: IntArray) -> IntArray:
    return np.asarray(make_step(node, [source])(codes), np.int64)


def tables(node: QNode, sources: Sequence[QNode]) -> IntArray:
    """What the integer model gives for every code of the input that is no constant, (period, codes) int64.

    Element n of a frame takes row n modulo period. Columns are as in ``table``.
    """
    computed = next(source for source in sources if not isinstance(source.op, QConstant))
    codes, step = every_code(computed.format)[:, None], make_step(node, list(sources))
    if isinstance(node.op, QChannelLookup):
        found = step(np.broadcast_to(codes, (len(codes), len(node.op.table))))
    else:
        found = step(*(codes if source is computed else _row(source, node.shape)[None] for source in sources))
    return np.asarray(found, np.int64).T.copy()


def period_of(constant: QNode, shape: Shape) -> int:
    """After how many elements of ``shape`` the values of ``constant``, broadcast to it, repeat."""
    return len(_row(constant, shape))


def _row(constant: QNode, shape: Shape) -> IntArray:
    """The values of ``constant``, broadcast to ``shape``, up to where they begin anew, (period,)."""
    assert isinstance(constant.op, QConstant)
    return repeating(constant.op.values, shape)


def image_of(words: IntArray, codes: Clamp) -> Clamp:
    """The smallest and the largest code that ``words`` (period, codes) give for inputs within ``codes``."""
    values = words[:, np.arange(codes[0], codes[1] + 1) % words.shape[1]]
    return int(values.min()), int(values.max())


def every_code(format: Format) -> IntArray:
    """All codes of ``format``, in the order of their bits."""
    return np.concatenate([np.arange(format.maximum + 1), np.arange(format.minimum, 0)])
