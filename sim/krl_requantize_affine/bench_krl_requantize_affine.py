# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_affine: multiply, add, tilt, shift, add the zero point, clamp; in exact integers."""

from random import Random
from typing import NamedTuple

from common.bench import PARAMETERS, extremes, pack, random_for, standing_tests
from common.requantizer import ACC_BITS, CHANNELS, CLAMP_MAX, CLAMP_MIN, Requantizer, clamped

MULTIPLIER_BITS, OFFSET_BITS = PARAMETERS["MULTIPLIER_BITS"], PARAMETERS["OFFSET_BITS"]
TILT_BITS, SHIFT, ZERO_POINT = PARAMETERS["TILT_BITS"], PARAMETERS["SHIFT"], PARAMETERS["ZERO_POINT"]
LANE_BITS = MULTIPLIER_BITS + OFFSET_BITS + TILT_BITS
HALF = 1 << (SHIFT - 1)


class Constants(NamedTuple):
    """The constants of a channel."""

    multiplier: int
    offset: int
    tilt: int

    def packed(self) -> int:
        """Return the constants as they lie in a lane."""
        high = pack([self.offset], OFFSET_BITS) | self.tilt << OFFSET_BITS
        return self.multiplier | high << MULTIPLIER_BITS


def draw_constants(rng: Random) -> Constants:
    """Draw constants, the extremes among them."""
    top = (1 << MULTIPLIER_BITS) - 1
    multiplier = rng.choice([1, top, rng.randint(1, top), rng.randint(1 + top // 2, top)])
    tilt = rng.choice([(1 << TILT_BITS) - 1, rng.getrandbits(TILT_BITS)]) if TILT_BITS else 0
    return Constants(multiplier, extremes(rng, OFFSET_BITS), tilt)


CONSTANTS = [draw_constants(random_for(f"channel {channel}")) for channel in range(CHANNELS)]


def requantize(acc: int, channel: int) -> int:
    """Model one element."""
    constants = CONSTANTS[channel]
    total = acc * constants.multiplier + constants.offset
    if TILT_BITS:
        total += HALF + (constants.tilt if total >= 0 else -constants.tilt)
    return clamped(ZERO_POINT + (total >> SHIFT))


def accumulator(rng: Random, channel: int) -> int:
    """Draw an accumulator: an extreme, or one beside a rounding edge around or within the clamp."""
    constants = CONSTANTS[channel]
    limit = (1 << (ACC_BITS - 1)) - 1
    aim = rng.choice([CLAMP_MIN, CLAMP_MAX, ZERO_POINT, rng.randint(CLAMP_MIN, CLAMP_MAX)]) - ZERO_POINT
    total = rng.choice(
        [0, (aim << SHIFT) + rng.choice([0, -HALF, constants.tilt - HALF, -constants.tilt - HALF])]
    )
    drawn = rng.choice(
        [(total - constants.offset) // constants.multiplier + rng.randint(-1, 2), extremes(rng, ACC_BITS)]
    )
    return drawn if -limit - 1 <= drawn <= limit else extremes(rng, ACC_BITS)


packed = [constants.packed() for constants in CONSTANTS]
requantizer = Requantizer(packed, LANE_BITS, requantize, accumulator)
stream = standing_tests(requantizer.bench, requantizer.beats, cuts_ready=False, latency=8)
