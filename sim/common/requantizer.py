# SPDX-License-Identifier: Apache-2.0
"""What the benches of all requantizers share: channels that take turns, and the ROM of their constants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, Bench, pack, unpack
from common.scoreboard import Model
from common.stream import number

LANES, PERIOD = PARAMETERS["LANES"], PARAMETERS["PERIOD"]
# what gives signs has no other width
ACC_BITS, BITS = PARAMETERS["ACC_BITS"], PARAMETERS.get("BITS", 1)
CHANNELS = LANES * PERIOD
CLAMP_MIN, CLAMP_MAX = PARAMETERS.get("CLAMP_MIN", -1), PARAMETERS.get("CLAMP_MAX", 0)


def clamped(value: int) -> int:
    """Saturate a code."""
    return min(CLAMP_MAX, max(CLAMP_MIN, value))


class Requantizer:
    """A requantizer's channels: the constants of each, packed into `bits` bits in the ROM.

    `requantize` is the model of one element, `accumulator` draws one, both from a channel's number.
    """

    def __init__(
        self,
        packed: Sequence[int],
        bits: int,
        requantize: Callable[[int, int], int],
        accumulator: Callable[[Random, int], int],
    ) -> None:
        self.words = [pack(packed[at : at + LANES], bits) for at in range(0, CHANNELS, LANES)]
        self.requantize = requantize
        self.accumulator = accumulator

    def beats(self, rng: Random) -> list[int]:
        """Draw accumulators for whole vectors of channels, in order."""
        vectors = max(2, 80 // PERIOD)
        elements = [self.accumulator(rng, channel) for _ in range(vectors) for channel in range(CHANNELS)]
        return [pack(elements[at : at + LANES], ACC_BITS) for at in range(0, len(elements), LANES)]

    def model(self) -> Model:
        """Requantize beats, the channels taking turns."""
        first = 0

        def model(beat: int) -> Iterator[int]:
            nonlocal first
            accumulators = enumerate(unpack(beat, ACC_BITS, LANES), first)
            yield pack([self.requantize(acc, channel) for channel, acc in accumulators], BITS)
            first = (first + LANES) % CHANNELS

        return model

    def bench(self, dut: Any) -> Bench:
        """Make a bench with the ROM of constants beside the module."""
        cocotb.start_soon(self._serve(dut))
        return Bench(dut, self.model)

    async def _serve(self, dut: Any) -> None:
        """Be the ROM: one cycle of latency, and the word holds while it is not enabled."""
        while True:
            await RisingEdge(dut.clk)
            if dut.rst.value == 0 and number(dut.constant_enable):
                dut.constant_data.value = self.words[number(dut.constant_address)]
