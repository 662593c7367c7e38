# SPDX-License-Identifier: Apache-2.0
"""The table of a layer that is a function of one code: a lookup, or a requantization that stands alone."""

from __future__ import annotations

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.integer.model import make_step
from kerilog.qgraph import Clamp, QNode


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


def every_code(format: Format) -> IntArray:
    """All codes of ``format``, in the order of their bits."""
    return np.concatenate([np.arange(format.maximum + 1), np.arange(format.minimum, 0)])
