# SPDX-License-Identifier: Apache-2.0
"""krl_register: beats of one bit and of many."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table("WIDTH", (1,), (10,), (82,))

BUGS = [
    Bug("loses the second beat", "fills", "(full || accept)", "full"),
    Bug("the second beat is overwritten", "second", "if (!full)", ""),
    Bug("accepts a third beat", "s_axis_tready", "!fills", "1'b1"),
    Bug("does not stand still", "m_axis_tdata", "(full || accept) && !stays", "full || accept"),
    Bug("the first beat is not loaded", "m_axis_tdata", "(full || accept) && !stays", "full && !stays"),
    Bug("repeats the first beat", "m_axis_tdata", "full ? second : s_axis_tdata", "s_axis_tdata"),
    Bug("half rate", "s_axis_tready", "!fills", "!fills && !accept"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("full", "1'b0"),
    survives_reset("s_axis_tready", "1'b0"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 80)}


test_krl_register, test_a_seeded_bug_is_caught = module_tests(
    "krl_register", EDGES, draw, BUGS, drawn=1, full=10
)
