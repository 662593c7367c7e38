# SPDX-License-Identifier: Apache-2.0
"""Integers side by side in the words of a memory, as bytes and as hexadecimal text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Lanes = tuple[npt.NDArray[Any], int]
"""Integers (words, lanes), and the bits of two's complement that each has in its word."""
Words = npt.NDArray[np.uint8]
"""Words (words, bytes), the most significant byte first."""

_BITS_AT_ONCE = 1 << 24  # of memory while bits are moved


def packed(fields: Sequence[Lanes]) -> Words:
    """The words of ``fields``: lane 0 in the low bits, and within a lane the first field.

    All fields have the same words and lanes.
    """
    words, lanes = fields[0][0].shape
    width = lanes * sum(bits for _, bits in fields)
    rows = max(1, _BITS_AT_ONCE // max(1, width))
    parts = [
        _packed([(values[first : first + rows], bits) for values, bits in fields])
        for first in range(0, words, rows)
    ]
    return np.concatenate([np.zeros((0, -(-width // 8)), np.uint8), *parts])


def _packed(fields: Sequence[Lanes]) -> Words:
    bits = np.concatenate([_bits(values, count) for values, count in fields], axis=2)
    low_first = np.packbits(bits.reshape(len(bits), -1), axis=1, bitorder="little")
    return low_first[:, ::-1]


def _bits(values: npt.NDArray[Any], count: int) -> npt.NDArray[np.uint8]:
    """The low ``count`` bits of two's complement of ``values``, on a last axis, the lowest first."""
    if values.dtype == object or count > 64:
        octets, mask = -(-count // 8), (1 << count) - 1
        text = b"".join((int(value) & mask).to_bytes(octets, "little") for value in values.flat)
        low_first = np.frombuffer(text, np.uint8)
    else:
        octets = next(size for size in (1, 2, 4, 8) if 8 * size >= count)
        low_first = np.ascontiguousarray(values.astype(f"<u{octets}")).view(np.uint8)
    octet_rows = low_first.reshape(*values.shape, octets)
    return np.unpackbits(octet_rows, axis=-1, count=count, bitorder="little")


def hexadecimal(words: Words, width: int) -> str:
    """The words of ``width`` bits in lower case, a line each, all of the same length."""
    digits = -(-width // 4)
    lines = np.full((len(words), digits + 1), ord("\n"), np.uint8)
    text = np.frombuffer(words.tobytes().hex().encode("ascii"), np.uint8)
    lines[:, :digits] = text.reshape(len(words), -1)[:, 2 * words.shape[1] - digits :]
    return lines.tobytes().decode("ascii")


def read(text: str, width: int) -> Words:
    """The words of ``width`` bits that ``$readmemh`` reads from ``text``: a line each, but for comments.

    Raises ValueError for a line of more digits than the others, or of something else.
    """
    octets = -(-width // 8)
    lines = [line for line in text.splitlines() if line and not line.startswith("//")]
    digits = "".join([line.zfill(2 * octets) for line in lines])
    return np.frombuffer(bytes.fromhex(digits), np.uint8).reshape(len(lines), octets)


def columns(words: Words, width: int) -> int:
    """Of the ``width`` columns of bits how many differ from each other and are not constant."""
    bits = np.unpackbits(words, axis=1)[:, 8 * words.shape[1] - width :]
    varied = bits[:, bits.any(axis=0) & ~bits.all(axis=0)]
    return len({column.tobytes() for column in np.packbits(varied, axis=0).T})
