# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_affine: multiply, add, correct, shift, add the zero point, clamp; in exact integers."""

from random import Random
from typing import NamedTuple

from common.bench import PARAMETERS, extremes, pack, random_for, standing_tests
from common.requantizer import ACC_BITS, CHANNELS, CLAMP_MAX, CLAMP_MIN, Requantizer, clamped

MULTIPLIER_BITS, SHIFT, ZERO_POINT = (
    PARAMETERS["MULTIPLIER_BITS"],
    PARAMETERS["SHIFT"],
    PARAMETERS["ZERO_POINT"],
)
OFFSET_BITS, CORRECTION_BITS = PARAMETERS["OFFSET_BITS"], PARAMETERS["NEGATIVE_CORRECTION_BITS"]
LANE_BITS = MULTIPLIER_BITS + OFFSET_BITS + CORRECTION_BITS
HALF = 1 << (SHIFT - 1)
# a register more for each operand that one block does not hold
LATENCY = 8 + (ACC_BITS > 18) + (MULTIPLIER_BITS + 1 > 18)


class Constants(NamedTuple):
    """The constants of a channel."""

    multiplier: int
    offset: int
    negative_correction: int

    def packed(self) -> int:
        """Return the constants as they lie in a lane."""
        high = pack([self.offset], OFFSET_BITS) | self.negative_correction << OFFSET_BITS
        return self.multiplier | high << MULTIPLIER_BITS


def draw_constants(rng: Random) -> Constants:
    """Draw constants, the extremes among them."""
    top = (1 << MULTIPLIER_BITS) - 1
    multiplier = rng.choice([1, top, rng.randint(1, top), rng.randint(1 + top // 2, top)])
    most = (1 << CORRECTION_BITS) - 1
    correction = rng.choice([most, rng.randint(0, most)])
    return Constants(multiplier, extremes(rng, OFFSET_BITS), correction)


CONSTANTS = [draw_constants(random_for(f"channel {channel}")) for channel in range(CHANNELS)]


def requantize(acc: int, channel: int) -> int:
    """Model one element."""
    constants = CONSTANTS[channel]
    total = acc * constants.multiplier + constants.offset
    correction = constants.negative_correction
    if CORRECTION_BITS:
        total += HALF + (correction if total >= 0 else -correction)
    return clamped(ZERO_POINT + (total >> SHIFT))


def accumulator(rng: Random, channel: int) -> int:
    """Draw an accumulator: an extreme, or one beside a rounding edge around or within the clamp."""
    constants = CONSTANTS[channel]
    limit = (1 << (ACC_BITS - 1)) - 1
    aim = rng.choice([CLAMP_MIN, CLAMP_MAX, ZERO_POINT, rng.randint(CLAMP_MIN, CLAMP_MAX)]) - ZERO_POINT
    correction = constants.negative_correction
    edge = rng.choice([0, -HALF, correction - HALF, -correction - HALF])
    total = rng.choice([0, (aim << SHIFT) + edge])
    drawn = rng.choice(
        [(total - constants.offset) // constants.multiplier + rng.randint(-1, 2), extremes(rng, ACC_BITS)]
    )
    return drawn if -limit - 1 <= drawn <= limit else extremes(rng, ACC_BITS)


packed = [constants.packed() for constants in CONSTANTS]
requantizer = Requantizer(packed, LANE_BITS, requantize, accumulator)
stream = standing_tests(requantizer.bench, requantizer.beats, cuts_ready=False, latency=LATENCY)
