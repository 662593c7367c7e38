# SPDX-License-Identifier: Apache-2.0
"""The table of a layer that is a function of one code: a lookup, or a requantization that stands alone."""

from __future__ import annotations

import numpy as np

from kerilog.formats import Format
from kerilog.integer.model import make_step
from kerilog.plan import memories
from kerilog.plan.design import Memory
from kerilog.qgraph import QNode


def table(node: QNode, source: QNode, file: str) -> Memory:
    """The ROM of ``krl_lookup``: what the integer model gives for every code of ``source``'s format.

    Word n belongs to the code whose two's complement bits are n.
    """
    codes = every_code(source.format)
    values = np.asarray(make_step(node, [source])(codes), np.int64)
    words = memories.pack(values[:, None], node.format.bits)
    contents = f"word = code of {source.format.bits} bits, read without sign; {node.format.bits} bits"
    return memories.memory(file, words, node.format.bits, contents)


def every_code(format: Format) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """All codes of ``format``, in the order of their bits."""
    return np.concatenate([np.arange(format.maximum + 1), np.arange(format.minimum, 0)])
