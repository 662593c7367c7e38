# SPDX-License-Identifier: Apache-2.0
"""krl_gearbox: wider and narrower by factors that are not whole; frames that end in or are a partial beat."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "BITS LANES_IN LANES_OUT ELEMENTS",
    (8, 2, 3, 12),
    (8, 3, 2, 12),
    (4, 2, 7, 10),
    (5, 7, 2, 9),
    (8, 5, 3, 4),
    (3, 4, 6, 1),
    (2, 1, 1, 3),
    # the last beat of a frame completes two
    (3, 7, 8, 35),
)

BUGS = [
    Bug("the last beat counts as a whole one", "gained", "beat_is_last ? GAIN_OF_LAST[LEVEL_BITS-1:0] :"),
    Bug("waits for one more place", "s_axis_tready", "level <= MOST_BEFORE_BEAT", "level < MOST_BEFORE_BEAT"),
    Bug("accepts a beat when full", "MOST_BEFORE_BEAT", "QUEUE - MOST_GAIN", "QUEUE"),
    Bug("a queue too short", "QUEUE", "LANES_OUT + FEWER - 1 + MOST_GAIN", "LANES_OUT + MOST_GAIN - 1"),
    Bug("waits for one more element", "m_axis_tvalid", "level >= GIVEN", "level > GIVEN"),
    Bug("frames run on", "beat", "beat_is_last ? 0 : beat + 1'b1", "beat + 1'b1"),
    Bug("elements never leave", "level", "kept + gained", "level + gained"),
    survives_reset("beat"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "BITS": rng.randint(2, 16),
        "LANES_IN": rng.randint(1, 9),
        "LANES_OUT": rng.randint(1, 9),
        "ELEMENTS": rng.randint(1, 60),
    }


test_krl_gearbox, test_a_seeded_bug_is_caught = module_tests(
    "krl_gearbox", EDGES, draw, BUGS, drawn=8, full=30
)
