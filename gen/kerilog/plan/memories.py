# SPDX-License-Identifier: Apache-2.0
"""What stands in the ROMs: weights and requantizer constants, packed into words when they are asked for."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.formats import IntArray
from kerilog.plan.design import MatVec, Memory
from kerilog.plan.packing import Lanes

Field = tuple[str, npt.NDArray[Any], int]  # name, values (channels,), bits

BLOCK_BITS = 8192  # from here on a memory is worth a block RAM
BLOCK_DEPTH = 64  # shallower ones are not: a look-up table holds 64 words


def weights(file: str, kernel: IntArray, matvec: MatVec) -> Memory:
    """The weight ROM of ``krl_matvec``; ``kernel`` has shape (inputs, units of one window).

    Word (beat, group, fold) holds, for lane p and product s, the weight of input (beat, fold, s) and unit
    (group, p); what lies past the last input of a beat or past the last unit is zero. Windows side by side
    have the same weights.
    """
    contents = (
        f"word = (beat, group, fold); {matvec.pe} lanes of {matvec.simd} weights of {matvec.w_bits} bits"
    )
    lanes = functools.partial(_weight_lanes, kernel, matvec)
    return memory(file, matvec.steps, matvec.weight_bits, lanes, contents)


def _weight_lanes(kernel: IntArray, matvec: MatVec) -> list[Lanes]:
    inputs, units = kernel.shape
    narrow = np.int8 if matvec.w_bits <= 8 else np.int64
    padded = np.zeros((matvec.beats * matvec.lanes, matvec.groups * matvec.pe), narrow)
    for first in range(0, matvec.units, units):
        padded[:inputs, first : first + units] = kernel
    per_beat = np.zeros((matvec.beats, matvec.folds * matvec.simd, matvec.groups * matvec.pe), narrow)
    per_beat[:, : matvec.lanes] = padded.reshape(matvec.beats, matvec.lanes, -1)
    split = per_beat.reshape(matvec.beats, matvec.folds, matvec.simd, matvec.groups, matvec.pe)
    words = split.transpose(0, 3, 1, 4, 2).reshape(matvec.steps, matvec.pe * matvec.simd)
    return [(words, matvec.w_bits)]


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


def column(file: str, values: IntArray, bits: int, contents: str) -> Memory:
    """A ROM with one of ``values`` (words,) per word, in two's complement."""
    lanes = functools.partial(_channel_lanes, values.size, 1, [("", values, bits)])
    return memory(file, values.size, bits, lanes, contents)


def memory(file: str, depth: int, width: int, lanes: Callable[[], Sequence[Lanes]], contents: str) -> Memory:
    """A ROM of ``depth`` words of ``width`` bits, in block RAM where that is worth it."""
    block = int(depth > BLOCK_DEPTH and depth * width >= BLOCK_BITS)
    return Memory(file, width, depth, block, lanes, contents)


NONE = Memory(file="", width=0, depth=0, block=0, lanes=list, contents="nothing: the weights are constants")
"""In the place of a memory of weights that are constants."""
