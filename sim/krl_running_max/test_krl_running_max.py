# SPDX-License-Identifier: Apache-2.0
"""krl_running_max: one pixel, one beat per pixel, several, lanes side by side, clamps of a single value."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "LANES BITS GROUPS PIXELS CLAMP_MIN CLAMP_MAX",
    (1, 8, 4, 9, -128, 127),
    (2, 5, 1, 6, -16, 15),
    (1, 2, 3, 1, -2, 1),
    (3, 8, 2, 5, -100, -3),
    (1, 16, 1, 1, -1, -1),
)

BUGS = [
    Bug(
        "the first pixel is compared, too", "larger", "pixel_is_first || difference[BITS]", "difference[BITS]"
    ),
    Bug("finds the smallest", "larger", "? second : first", "? first : second"),
    Bug(
        "compares without signs",
        "difference",
        "{first[BITS-1], first} - {second[BITS-1], second}",
        "{1'b0, first} - {1'b0, second}",
    ),
    Bug("one place for all groups", "earlier", "largest[group]", "largest[0]"),
    Bug("results of every pixel", "m_axis_tvalid", "accept && pixel_is_last", "accept"),
    Bug("a result is lost", "m_axis_tvalid", "|| !advance"),
    Bug("never stands still", "s_axis_tready", "advance || !pixel_is_last", "1'b1"),
    Bug("stands still without need", "s_axis_tready", "|| !pixel_is_last"),
    Bug("a pause between results", "advance", "m_axis_tready || !m_axis_tvalid", "!m_axis_tvalid"),
    Bug("a pixel too many", "LAST_PIXEL", "PIXELS - 1", "PIXELS"),
    Bug("groups run on", "group", "group_is_last ? 0 : group + 1'b1", "group + 1'b1"),
    Bug("no lower clamp", "too_low", "CLAMP_MIN > LOWEST && found < $signed(CLAMP_MIN[BITS-1:0])", "1'b0"),
    Bug("no upper clamp", "too_high", "CLAMP_MAX < HIGHEST && found > $signed(CLAMP_MAX[BITS-1:0])", "1'b0"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("group"),
    survives_reset("pixel"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    bits = rng.randint(2, 16)
    ends = sorted(rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for _ in range(2))
    return {
        "LANES": rng.randint(1, 4),
        "BITS": bits,
        "GROUPS": rng.randint(1, 6),
        "PIXELS": rng.randint(1, 12),
        "CLAMP_MIN": ends[0],
        "CLAMP_MAX": ends[1],
    }


test_krl_running_max, test_a_seeded_bug_is_caught = module_tests(
    "krl_running_max", EDGES, draw, BUGS, drawn=3, full=30
)
