# SPDX-License-Identifier: Apache-2.0
"""krl_threshold: one comparison for each sum, some of them turned."""

from random import Random

from common.bench import PARAMETERS, extremes, random_for, standing_tests
from common.requantizer import ACC_BITS, CHANNELS, Requantizer

THRESHOLD_BITS = PARAMETERS["THRESHOLD_BITS"]
THRESHOLDS = [extremes(random_for(f"channel {channel}"), THRESHOLD_BITS) for channel in range(CHANNELS)]
TURNED = [random_for(f"turn {channel}").random() < 0.5 for channel in range(CHANNELS)]


def sign(acc: int, channel: int) -> int:
    """Model one element: -1 or 0."""
    return -int((acc < THRESHOLDS[channel]) != TURNED[channel])


def accumulator(rng: Random, channel: int) -> int:
    """Draw an accumulator: an extreme, or one at a threshold or beside it."""
    limit = (1 << (ACC_BITS - 1)) - 1
    near = THRESHOLDS[channel] + rng.randint(-1, 1)
    drawn = rng.choice([near, extremes(rng, ACC_BITS)])
    return drawn if -limit - 1 <= drawn <= limit else extremes(rng, ACC_BITS)


packed = [
    turned << THRESHOLD_BITS | threshold & ((1 << THRESHOLD_BITS) - 1)
    for threshold, turned in zip(THRESHOLDS, TURNED, strict=True)
]
requantizer = Requantizer(packed, THRESHOLD_BITS + 1, sign, accumulator)
stream = standing_tests(requantizer.bench, requantizer.beats, cuts_ready=False, latency=2)
