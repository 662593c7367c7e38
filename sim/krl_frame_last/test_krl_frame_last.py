# SPDX-License-Identifier: Apache-2.0
"""krl_frame_last: frames of one beat and of odd counts."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table("BEATS", (1,), (2,), (5,), (8,))

BUGS = [
    Bug("counts on after the last beat", "beat", "m_axis_tlast ? 0 : beat + 1'b1", "beat + 1'b1"),
    Bug("counts without ready", "beat", "m_axis_tvalid && m_axis_tready", "m_axis_tvalid"),
    Bug("counts without valid", "beat", "m_axis_tvalid && m_axis_tready", "m_axis_tready"),
    Bug("a beat too early", "LAST", "BEATS - 1", "BEATS - 2"),
    survives_reset("beat"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"BEATS": rng.randint(1, 40)}


test_krl_frame_last, test_a_seeded_bug_is_caught = module_tests(
    "krl_frame_last", EDGES, draw, BUGS, drawn=4, full=30
)
