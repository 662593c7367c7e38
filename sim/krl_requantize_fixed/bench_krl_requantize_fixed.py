# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_fixed: shift, round half away from zero, clamp; in rational arithmetic."""

from fractions import Fraction
from math import floor
from random import Random

from common.bench import PARAMETERS, extremes, random_for, standing_tests
from common.requantizer import ACC_BITS, CHANNELS, CLAMP_MAX, CLAMP_MIN, Requantizer, clamped

BIAS_BITS, BIAS_SHIFT, SHIFT = PARAMETERS["BIAS_BITS"], PARAMETERS["BIAS_SHIFT"], PARAMETERS["SHIFT"]
BIASES = [extremes(random_for(f"channel {channel}"), BIAS_BITS) for channel in range(CHANNELS)]


def requantize(acc: int, channel: int) -> int:
    """Model one element."""
    exact = (acc + BIASES[channel] * 2**BIAS_SHIFT) / Fraction(2) ** SHIFT
    away = floor(abs(exact) + Fraction(1, 2))
    return clamped(away if exact >= 0 else -away)


def accumulator(rng: Random, channel: int) -> int:
    """Draw an accumulator: an extreme, or one on or beside a tie around or within the clamp."""
    limit = (1 << (ACC_BITS - 1)) - 1
    aim = rng.choice([CLAMP_MIN, CLAMP_MAX, 0, rng.randint(CLAMP_MIN, CLAMP_MAX)])
    tie = floor((aim + Fraction(rng.choice([-1, 1]), 2)) * Fraction(2) ** SHIFT) + rng.randint(-1, 1)
    drawn = rng.choice([tie - BIASES[channel] * 2**BIAS_SHIFT, extremes(rng, ACC_BITS)])
    return drawn if -limit - 1 <= drawn <= limit else extremes(rng, ACC_BITS)


requantizer = Requantizer(BIASES, BIAS_BITS, requantize, accumulator)
stream = standing_tests(requantizer.bench, requantizer.beats, cuts_ready=False, latency=5)
