# SPDX-License-Identifier: Apache-2.0
"""krl_vectors: every element of every vector, against slices of an array."""

from random import Random
from typing import Any

import numpy as np
from cocotb.triggers import Timer

from common.bench import PARAMETERS, pack, random_for, test
from common.stream import number

WINDOWS, STRIDE_W, COLUMNS = PARAMETERS["WINDOWS"], PARAMETERS["STRIDE_W"], PARAMETERS["COLUMNS"]
KERNEL_H, KERNEL_W = PARAMETERS["KERNEL_H"], PARAMETERS["KERNEL_W"]
CHANNELS, DEPTH, BITS = PARAMETERS["CHANNELS"], PARAMETERS["DEPTH"], PARAMETERS["BITS"]
PIXEL_BY_PIXEL = PARAMETERS["PIXEL_BY_PIXEL"]


def drawn_pixels(rng: Random) -> np.ndarray[Any, Any]:
    """Draw a beat: (row, column, channel)."""
    count = KERNEL_H * COLUMNS * CHANNELS
    return np.array([rng.getrandbits(BITS) for _ in range(count)]).reshape(KERNEL_H, COLUMNS, CHANNELS)


def vectors_of(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Cut out the windows, then their channels: the vectors in the order of the output, flat."""
    vectors = [
        pixels[:, left : left + KERNEL_W, first : first + DEPTH].reshape(-1, DEPTH)
        for left in range(0, WINDOWS * STRIDE_W, STRIDE_W)
        for first in range(0, CHANNELS, DEPTH)
    ]
    return np.stack(vectors, axis=1 if PIXEL_BY_PIXEL else 0).reshape(-1)


@test()
async def cuts_out_every_vector(dut: Any) -> None:
    """Random beats."""
    rng = random_for("vectors")
    for _ in range(20):
        pixels = drawn_pixels(rng)
        dut.pixels.value = pack(pixels.reshape(-1).tolist(), BITS)
        await Timer(1, "ns")
        assert number(dut.vectors) == pack(vectors_of(pixels).tolist(), BITS), pixels.tolist()
