# SPDX-License-Identifier: Apache-2.0
"""krl_frame_guard: frames of one beat, of two, and of odd counts."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "WIDTH BEATS",
    (8, 1),
    (1, 2),
    (8, 7),
    (16, 8),
)

BUGS = [
    Bug("short frames are not filled", "state", "if (s_axis_tlast && !last) state <= FILL;"),
    Bug("long frames are not cut", "state", "if (last && !s_axis_tlast) state <= DROP;"),
    Bug("drops one beat only", "state", "default: if (accept && s_axis_tlast)", "default: if (accept)"),
    Bug("fills with one beat only", "state", "FILL: if (hand_on && last)", "FILL: if (hand_on)"),
    Bug("long frames are no error", "frame_error", "s_axis_tlast != last", "s_axis_tlast && !last"),
    Bug("the error flag stays", "frame_error", "else if (beat == 0) frame_error <= 1'b0;"),
    Bug(
        "fills with what is on the wires",
        "m_axis_tdata",
        "(state == PASS) ? s_axis_tdata : {WIDTH{1'b0}}",
        "s_axis_tdata",
    ),
    survives_reset("beat"),
    Bug("state survives reset", "state", "begin state <= PASS;", "begin if (^state === 1'bx) state <= PASS;"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 40), "BEATS": rng.randint(1, 20)}


test_krl_frame_guard, test_a_seeded_bug_is_caught = module_tests(
    "krl_frame_guard", EDGES, draw, BUGS, drawn=4, full=30
)
