# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_serial: multiply digit by digit, add, shift, add the zero point, clamp; exactly."""

from random import Random
from typing import NamedTuple

from common.bench import PARAMETERS, extremes, pack, random_for, standing_tests
from common.requantizer import ACC_BITS, CHANNELS, CLAMP_MAX, CLAMP_MIN, LANES, Requantizer, clamped

STEPS, DIGIT_BITS, HIGH_BITS = PARAMETERS["STEPS"], PARAMETERS["DIGIT_BITS"], PARAMETERS["HIGH_BITS"]
SUM_BITS, SHIFT, ZERO_POINT = PARAMETERS["SUM_BITS"], PARAMETERS["SHIFT"], PARAMETERS["ZERO_POINT"]
DSP, SIDES = PARAMETERS["DSP"], PARAMETERS["SIDES"]
LOW_BITS = STEPS * DIGIT_BITS
LANE_BITS = DIGIT_BITS + SIDES * (DIGIT_BITS + HIGH_BITS)
# adders read the multiplier as a number with a sign; the sum has room for a product and as large an offset
MULTIPLIER_BITS = min(LOW_BITS - (not DSP), LOW_BITS + SUM_BITS - 1 - ACC_BITS)
OFFSET_BITS = LOW_BITS + min(STEPS * HIGH_BITS, SUM_BITS - 1)


class Constants(NamedTuple):
    """The constants of a channel."""

    multiplier: int
    offsets: list[int]

    def packed(self) -> list[int]:
        """Return the constants as they lie in a lane, step by step."""

        def part(value: int, step: int, bits: int) -> int:
            return value >> (step * bits) & ((1 << bits) - 1)

        words = []
        for step in range(STEPS):
            word, at = part(self.multiplier, step, DIGIT_BITS), DIGIT_BITS
            for offset in self.offsets:
                side = part(offset, step, DIGIT_BITS)
                side |= part(offset >> LOW_BITS, step, HIGH_BITS) << DIGIT_BITS
                word |= side << at
                at += DIGIT_BITS + HIGH_BITS
            words.append(word)
        return words


def draw_constants(rng: Random) -> Constants:
    """Draw constants, the extremes among them."""
    top = (1 << MULTIPLIER_BITS) - 1
    multiplier = rng.choice([1, top, rng.randint(1, top), rng.randint(1 + top // 2, top)])
    return Constants(multiplier, [extremes(rng, OFFSET_BITS) for _ in range(SIDES)])


CONSTANTS = [draw_constants(random_for(f"channel {channel}")) for channel in range(CHANNELS)]


def requantize(acc: int, channel: int) -> int:
    """Model one element."""
    constants = CONSTANTS[channel]
    shifted = [(acc * constants.multiplier + offset) >> (LOW_BITS + SHIFT) for offset in constants.offsets]
    return clamped(ZERO_POINT + (shifted[0] if shifted[0] < 0 else shifted[-1]))


def accumulator(rng: Random, channel: int) -> int:
    """Draw an accumulator: an extreme, or one beside an edge around or within the clamp."""
    constants = CONSTANTS[channel]
    limit = (1 << (ACC_BITS - 1)) - 1
    aim = rng.choice([CLAMP_MIN, CLAMP_MAX, ZERO_POINT, rng.randint(CLAMP_MIN, CLAMP_MAX)]) - ZERO_POINT
    total = (aim << (LOW_BITS + SHIFT)) - rng.choice(constants.offsets)
    drawn = rng.choice([total // constants.multiplier + rng.randint(-1, 2), extremes(rng, ACC_BITS)])
    return drawn if -limit - 1 <= drawn <= limit else extremes(rng, ACC_BITS)


class SerialRequantizer(Requantizer):
    """A requantizer that reads a word per step."""

    def __init__(self) -> None:
        super().__init__([], LANE_BITS, requantize, accumulator)
        channels = [constants.packed() for constants in CONSTANTS]
        self.words = [
            pack([channel[step] for channel in channels[at : at + LANES]], LANE_BITS)
            for at in range(0, CHANNELS, LANES)
            for step in range(STEPS)
        ]


requantizer = SerialRequantizer()
stream = standing_tests(
    requantizer.bench,
    requantizer.beats,
    cuts_ready=False,
    latency=3 + (2 if DSP else DIGIT_BITS > 2),
    interval=STEPS,
)
