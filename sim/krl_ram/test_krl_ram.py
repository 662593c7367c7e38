# SPDX-License-Identifier: Apache-2.0
"""krl_ram: one word, odd depths, both kinds of memory."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "WIDTH DEPTH BLOCK",
    (1, 1, 0),
    (8, 16, 1),
    (8, 5, 0),
    (65, 11, 0),
)

BUGS = [
    Bug("block RAM ignores write_enable", "g_block.memory", "if (write_enable)"),
    Bug("block RAM ignores read_enable", "g_block.read_data", "if (read_enable)"),
    Bug("distributed RAM ignores write_enable", "g_distributed.memory", "if (write_enable)"),
    Bug("distributed RAM ignores read_enable", "g_distributed.read_data", "if (read_enable)"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 100), "DEPTH": rng.randint(1, 40), "BLOCK": rng.randint(0, 1)}


test_krl_ram, test_a_seeded_bug_is_caught = module_tests("krl_ram", EDGES, draw, BUGS, drawn=4, full=30)
