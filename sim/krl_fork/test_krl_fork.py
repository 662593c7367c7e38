# SPDX-License-Identifier: Apache-2.0
"""krl_fork: one output and several, narrow and wide."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "WIDTH OUTPUTS",
    (8, 2),
    (1, 1),
    (65, 3),
)

BUGS = [
    Bug("remembers who took the last beat", "done", "s_axis_tready ? 0 : taken", "taken"),
    Bug("forgets who took the beat earlier", "done", "? 0 : taken", "? 0 : m_axis_tready"),
    Bug("counts ready without a beat", "done", "if (s_axis_tvalid)"),
    Bug("waits for all outputs at once", "s_axis_tready", "&taken", "&m_axis_tready"),
    Bug("offers a beat twice", "m_axis_tvalid", "& ~done"),
    Bug("valid waits for ready", "m_axis_tvalid", "{s_axis_tvalid}", "{s_axis_tvalid && s_axis_tready}"),
    survives_reset("done"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 100), "OUTPUTS": rng.randint(1, 6)}


test_krl_fork, test_a_seeded_bug_is_caught = module_tests("krl_fork", EDGES, draw, BUGS, drawn=3, full=20)
