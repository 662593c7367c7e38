# SPDX-License-Identifier: Apache-2.0
"""krl_fifo: depths around powers of two, and 1; in look-up tables and in block RAM."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "WIDTH DEPTH BLOCK",
    (1, 1, 0),
    (8, 2, 0),
    (33, 5, 0),
    (8, 16, 0),
    (8, 2, 1),
    (9, 7, 1),
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
    Bug("no beat passes the memory", "g_block.passes", "level == 0 ||", "1'b0 &&"),
    Bug("a beat passes only an empty queue", "g_block.passes", "|| (level == 1 && pop)"),
    Bug("a beat passes as the last one stays", "g_block.passes", "&& pop"),
    Bug("reads the beat that leaves", "ram", "pop ? following : read_pointer", "read_pointer"),
    Bug("reads behind the beat that stays", "ram", "pop ? following : read_pointer", "following"),
    Bug("reads past the last place", "following", "(read_pointer == LAST[POINTER_BITS-1:0]) ? 0 :"),
    Bug("reads what is being written", "ram", "!passes", "1'b1"),
    Bug("what passed is kept too long", "passed", "<= passes", "<= passes || passed"),
    Bug("a place too few", "FULL", "= DEPTH", "= (DEPTH > 1) ? DEPTH - 1 : 1"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    depth = rng.randint(1, 20)
    return {"WIDTH": rng.randint(1, 80), "DEPTH": depth, "BLOCK": rng.randint(0, int(depth > 1))}


test_krl_fifo, test_a_seeded_bug_is_caught = module_tests("krl_fifo", EDGES, draw, BUGS, drawn=3, full=20)
