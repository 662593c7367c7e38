# SPDX-License-Identifier: Apache-2.0
"""krl_lanes: wider, narrower and equal; frames that end in a partial beat, frames of one beat."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "BITS LANES_IN LANES_OUT ELEMENTS",
    (8, 1, 4, 16),
    (3, 1, 4, 9),
    (8, 2, 6, 4),
    (8, 1, 1, 1),
    (8, 6, 2, 12),
    (5, 5, 1, 5),
    (8, 4, 8, 36),
)

BUGS = [
    Bug("the first beat clears nothing", "gathered", "accept && i != 0 && slice == 0", "1'b0"),
    Bug("the last beat of a frame completes none", "complete", "|| beat == LAST_BEAT[BEAT_BITS-1:0]"),
    Bug(
        "frames run on", "g_wider.beat", "(beat == LAST_BEAT[BEAT_BITS-1:0]) ? 0 : beat + 1'b1", "beat + 1'b1"
    ),
    Bug("full stays", "full", "full <= complete", "full <= full || complete"),
    Bug("a pause before each beat", "g_narrower.s_axis_tready", "|| (left == 1 && m_axis_tready)"),
    Bug("overwrites the last slice", "g_narrower.s_axis_tready", "(left == 1 && m_axis_tready)", "left == 1"),
    Bug("a pause behind each beat", "g_wider.s_axis_tready", "|| m_axis_tready"),
    survives_reset("g_wider.beat"),
    survives_reset("left"),
    Bug("slices run on", "g_wider.slice", "complete ? 0 : slice + 1'b1", "slice + 1'b1"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    ratio, lanes = rng.randint(1, 6), rng.randint(1, 4)
    sides = [lanes, lanes * ratio]
    rng.shuffle(sides)
    elements = rng.randint(1, 30) * lanes if sides[0] == lanes else rng.randint(1, 6) * sides[0]
    return {"BITS": rng.randint(2, 16), "LANES_IN": sides[0], "LANES_OUT": sides[1], "ELEMENTS": elements}


test_krl_lanes, test_a_seeded_bug_is_caught = module_tests("krl_lanes", EDGES, draw, BUGS, drawn=8, full=30)
