# SPDX-License-Identifier: Apache-2.0
"""What stands in the ROMs: weights and requantizer constants, packed into words when they are asked for."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.exact import packing
from kerilog.exact.packing import Lanes
from kerilog.formats import IntArray

Field = tuple[str, npt.NDArray[Any], int]  # name, values (channels,), bits

BLOCK_BITS = 8192  # from here on a memory is worth a block RAM
BLOCK_DEPTH = 64  # shallower ones are not: a look-up table holds 64 words
STORE_DEPTH = 32  # the same of memories that are written at run time: of these words it holds half as many
COLUMN_BITS = 32  # of a word that are written at once


@dataclasses.dataclass(frozen=True, eq=False)
class Memory:
    """A ROM of ``depth`` words of ``width`` bits, made of what ``lanes`` gives when it is asked for.

    ``contents`` says what they hold. With ``banks`` it is no ROM: it has so many sets of words, which are
    written at run time, 32 bits at a time; the first one begins with these.
    """

    file: str
    width: int
    depth: int
    block: int
    lanes: Callable[[], Sequence[Lanes]] = dataclasses.field(repr=False)
    contents: str
    banks: int = 0

    def stored(self, banks: int) -> Memory:
        """The same words where they can be written at run time, if there are ``banks`` of them."""
        if not banks:
            return self
        return dataclasses.replace(self, banks=banks, block=int(banks * self.depth > STORE_DEPTH))

    @property
    def literal(self) -> str:
        """The name of the file as a Verilog string."""
        return f'"{self.file}"'

    @functools.cached_property
    def packed(self) -> packing.Words:
        """The words as bytes (depth, bytes per word), the most significant first."""
        return packing.packed(self.lanes())

    @functools.cached_property
    def words(self) -> tuple[int, ...]:
        """The words as unsigned integers."""
        return tuple(int.from_bytes(word.tobytes(), "big") for word in self.packed)

    @functools.cached_property
    def columns(self) -> int:
        """Columns of bits that differ from each other and are not constant."""
        return packing.columns(self.packed, self.width)


def weights(file: str, split: Callable[[], IntArray], steps: int, pe: int, simd: int, bits: int) -> Memory:
    """The weight ROM of ``krl_matvec``, of ``steps`` words.

    ``split`` gives (steps, pe, simd): the weight of each product of each lane, in ``bits`` bits.
    """
    contents = f"word = (beat, group, fold); {pe} lanes of {simd} weights of {bits} bits"

    def lanes() -> list[Lanes]:
        return [(split().reshape(steps, pe * simd), bits)]

    return memory(file, steps, pe * simd * bits, lanes, contents)


def requantizer_rom(file: str, lanes: int, fields: Sequence[Field]) -> Memory:
    """The constant ROM of a requantizer, the channels again and again until they fill whole words.

    Per channel the ``fields`` (name, values (channels,), bits), low end first.
    """
    channels = fields[0][1].size
    depth = math.lcm(channels, lanes) // lanes
    width = lanes * sum(bits for _, _, bits in fields)
    composed = ", ".join(f"{name} {bits} bits" for name, _, bits in fields)
    contents = f"word = beat of {lanes} channels, each from the low end: {composed}"
    return memory(file, depth, width, functools.partial(_channel_lanes, depth, lanes, fields), contents)


def _channel_lanes(depth: int, lanes: int, fields: Sequence[Field]) -> list[Lanes]:
    return [(np.resize(values, (depth, lanes)), bits) for _, values, bits in fields]


def serial_rom(file: str, lanes: int, steps: int, fields: Sequence[Field]) -> Memory:
    """The constant ROM of a requantizer that reads ``steps`` words for each beat, in each of them the next
    bits of every field.

    Per channel the ``fields`` (name, values (channels,), bits per step), low end first; the channels again
    and again until they fill whole beats.
    """
    beats = math.lcm(fields[0][1].size, lanes) // lanes
    width = lanes * sum(bits for _, _, bits in fields)
    composed = ", ".join(f"{name} {bits} bits" for name, _, bits in fields)
    contents = f"word = (beat, step) of {lanes} channels, each from the low end: {composed}"
    return memory(
        file, beats * steps, width, functools.partial(_step_lanes, beats, lanes, steps, fields), contents
    )


def _step_lanes(beats: int, lanes: int, steps: int, fields: Sequence[Field]) -> list[Lanes]:
    split = []
    for _, values, bits in fields:
        of_beats = np.resize(values.astype(object), (beats, 1, lanes))
        places = bits * np.arange(steps).astype(object)[:, None]
        part = (of_beats >> places) & ((1 << bits) - 1)
        kind = np.uint64 if bits <= 64 else object
        split.append((part.reshape(beats * steps, lanes).astype(kind), bits))
    return split


def column(file: str, values: IntArray, bits: int, contents: str) -> Memory:
    """A ROM with one of ``values`` (words,) per word, in two's complement."""
    lanes = functools.partial(_channel_lanes, values.size, 1, [("", values, bits)])
    return memory(file, values.size, bits, lanes, contents)


def table(file: str, fields: Sequence[Field], contents: str) -> Memory:
    """A ROM with a value of each of the ``fields`` (name, values (words,), bits) per word, low end first."""
    width = sum(bits for _, _, bits in fields)
    composed = ", ".join(f"{name} {bits} bits" for name, _, bits in fields)
    contents = f"{contents}, from the low end: {composed}"
    depth = fields[0][1].size
    return memory(file, depth, width, functools.partial(_channel_lanes, depth, 1, fields), contents)


def memory(file: str, depth: int, width: int, lanes: Callable[[], Sequence[Lanes]], contents: str) -> Memory:
    """A ROM of ``depth`` words of ``width`` bits, in block RAM where that is worth it."""
    block = int(depth > BLOCK_DEPTH and depth * width >= BLOCK_BITS)
    return Memory(file, width, depth, block, lanes, contents)
