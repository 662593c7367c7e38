# SPDX-License-Identifier: Apache-2.0
"""A file of weights: the words of 32 bits that a core takes, each with its low byte first.

MAGIC, the layout of the design, how many words follow; the words of the memories, of each word its columns
of 32 bits, the low one first; the CRC-32 of everything before.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from kerilog.hardware.memories import COLUMN_BITS, Memory

MAGIC = int.from_bytes(b"KRLW", "big")
BEGINNING = MAGIC.to_bytes(4, "little")
"""The first bytes of every file."""

Words = npt.NDArray[np.uint32]


def file_of(memories: Iterable[Memory], layout: int) -> bytes:
    """The file that fills ``memories`` of a design with that ``layout``."""
    payload = np.concatenate([words_of(memory) for memory in memories])
    words = np.concatenate([np.array([MAGIC, layout, payload.size], np.uint32), payload])
    text = words.astype("<u4").tobytes()
    return text + zlib.crc32(text).to_bytes(4, "little")


def words_of(memory: Memory) -> Words:
    """The columns of all words of ``memory``, word by word."""
    packed = memory.packed
    columns = -(-memory.width // COLUMN_BITS)
    whole = np.zeros((memory.depth, columns * COLUMN_BITS // 8), np.uint8)
    whole[:, whole.shape[1] - packed.shape[1] :] = packed
    return whole.view(">u4")[:, ::-1].astype(np.uint32).reshape(-1)
