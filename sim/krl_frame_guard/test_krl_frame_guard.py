# SPDX-License-Identifier: Apache-2.0
"""krl_frame_guard: frames of one beat, of two, and of odd counts."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "WIDTH BEATS USE_TLAST",
    (8, 1, 1),
    (1, 2, 1),
    (8, 7, 1),
    (16, 8, 1),
    (8, 1, 0),
    (8, 7, 0),
)

BUGS = [
    Bug("short frames are not filled", "state", "if (ends && !last) state <= FILL;"),
    Bug("long frames are not cut", "state", "if (last && !ends) state <= DROP;"),
    Bug("drops one beat only", "state", "default: if (accept && s_axis_tlast)", "default: if (accept)"),
    Bug("fills with one beat only", "state", "FILL: if (hand_on && last)", "FILL: if (hand_on)"),
    Bug("long frames are no error", "faulty", "ends != last", "ends && !last"),
    Bug("tlast counts where there is none", "ends", "(USE_TLAST != 0) ? s_axis_tlast : last", "s_axis_tlast"),
    Bug("ready in reset", "s_axis_tready", "!rst &&"),
    Bug("accepts without room", "s_axis_tready", "&& room"),
    Bug("passes on without room", "m_axis_tvalid", "&& room"),
    Bug("long frames get two verdicts", "settled", "(state == PASS) &&"),
    Bug("short frames get no verdict", "settled", "(ends || last)", "last"),
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
    return {"WIDTH": rng.randint(1, 40), "BEATS": rng.randint(1, 20), "USE_TLAST": rng.choice((1, 1, 0))}


test_krl_frame_guard, test_a_seeded_bug_is_caught = module_tests(
    "krl_frame_guard", EDGES, draw, BUGS, drawn=4, full=30
)
