# SPDX-License-Identifier: Apache-2.0
"""krl_fifo: depths around powers of two, and 1."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "WIDTH DEPTH",
    (1, 1),
    (8, 2),
    (33, 5),
    (8, 16),
)

BUGS = [
    Bug("accepts a beat when full", "s_axis_tready", "level != FULL[LEVEL_BITS-1:0]", "1'b1"),
    Bug("ready depends on ready", "s_axis_tready", "[LEVEL_BITS-1:0]", "[LEVEL_BITS-1:0] || m_axis_tready"),
    Bug("ready depends on valid", "s_axis_tready", "[LEVEL_BITS-1:0]", "[LEVEL_BITS-1:0] && s_axis_tvalid"),
    Bug(
        "read pointer wraps at a power of two",
        "read_pointer",
        "(read_pointer == LAST[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1",
        "read_pointer + 1'b1",
    ),
    Bug("level rises when a beat also leaves", "level", "push && !pop", "push"),
    survives_reset("read_pointer"),
    survives_reset("level"),
    Bug("a place too few", "FULL", "= DEPTH", "= (DEPTH > 1) ? DEPTH - 1 : 1"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 80), "DEPTH": rng.randint(1, 20)}


test_krl_fifo, test_a_seeded_bug_is_caught = module_tests("krl_fifo", EDGES, draw, BUGS, drawn=3, full=20)
