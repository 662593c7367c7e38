# SPDX-License-Identifier: Apache-2.0
"""What stands in the ROMs: weights and requantizer constants, packed into words."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.formats import IntArray

Field = tuple[str, npt.NDArray[Any], int]  # name, values (channels,), bits

BLOCK_BITS = 8192  # from here on a memory is worth a block RAM
BLOCK_DEPTH = 64  # shallower ones are not: a look-up table holds 64 words


@dataclasses.dataclass(frozen=True, eq=False)
class Memory:
    """A ROM of ``depth`` ``words``, each an unsigned integer of ``width`` bits.

    ``contents`` says what they hold.
    """

    file: str
    width: int
    depth: int
    block: int
    words: tuple[int, ...]
    contents: str

    @property
    def literal(self) -> str:
        """The name of the file as a Verilog string."""
        return f'"{self.file}"'

    @functools.cached_property
    def columns(self) -> int:
        """Columns of bits that differ from each other and are not constant."""
        columns = {
            sum((word >> place & 1) << at for at, word in enumerate(self.words))
            for place in range(self.width)
        }
        return len(columns - {0, (1 << self.depth) - 1})


def pack(lanes: npt.NDArray[Any], bits: int) -> tuple[int, ...]:
    """Words of ``lanes`` (words, lanes), lane 0 in the low bits, each ``bits`` bits of two's complement."""
    mask = (1 << bits) - 1
    return tuple(
        sum((value & mask) << (bits * place) for place, value in enumerate(row)) for row in lanes.tolist()
    )


def weights(file: str, split: IntArray, bits: int) -> Memory:
    """The weight ROM of ``krl_matvec``.

    ``split`` (beats, groups, folds, pe, simd): the weight of input (beat, fold, product) and output (group,
    lane), in ``bits`` bits; word (beat, group, fold) holds them for all lanes and products.
    """
    *steps, pe, simd = split.shape
    contents = f"word = (beat, group, fold); {pe} lanes of {simd} weights of {bits} bits"
    words = split.reshape(math.prod(steps), pe * simd)
    return memory(file, pack(words, bits), pe * simd * bits, contents)


def constants(file: str, lanes: int, fields: Sequence[Field]) -> Memory:
    """The constant ROM of a requantizer, the channels again and again until they fill whole words.

    Per channel the ``fields`` (name, values (channels,), bits), low end first.
    """
    channels = fields[0][1].size
    lane_bits = sum(bits for _, _, bits in fields)
    per_channel = [0] * channels
    at = 0
    for _, values, bits in fields:
        for channel, value in enumerate(pack(np.broadcast_to(values, (channels,))[:, None], bits)):
            per_channel[channel] |= value << at
        at += bits
    per_channel *= math.lcm(channels, lanes) // channels
    words = tuple(
        sum(lane << (lane_bits * place) for place, lane in enumerate(per_channel[first : first + lanes]))
        for first in range(0, len(per_channel), lanes)
    )
    composed = ", ".join(f"{name} {bits} bits" for name, _, bits in fields)
    return memory(
        file, words, lanes * lane_bits, f"word = beat of {lanes} channels, each from the low end: {composed}"
    )


def column(file: str, values: IntArray, bits: int, contents: str) -> Memory:
    """A ROM with one of ``values`` (words,) a word, in two's complement."""
    return memory(file, pack(values[:, None], bits), bits, contents)


def memory(file: str, words: tuple[int, ...], width: int, contents: str) -> Memory:
    """A ROM of ``words`` of ``width`` bits, in block RAM where that is worth it."""
    block = int(len(words) > BLOCK_DEPTH and len(words) * width >= BLOCK_BITS)
    return Memory(file, width, len(words), block, words, contents)
