# SPDX-License-Identifier: Apache-2.0
"""krl_adder_tree: one term, powers of two and what lies between, narrow and wide terms."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "COUNT BITS",
    (1, 16),
    (2, 2),
    (4, 16),
    (9, 16),
    (7, 40),
)

BUGS = [
    Bug("subtracts", "total", "node[2*i+1] + node[2*i+2]", "node[2*i+1] - node[2*i+2]"),
    Bug("terms extended with zeros", "g_used.node", "{terms[i*BITS+BITS-1]}", "{1'b0}"),
    Bug("works on the falling edge", "total", "posedge clk", "negedge clk"),
    Bug("a level too many", "LEAVES", "1 << LEVELS", "(COUNT > 2) ? 2 << LEVELS : 1 << LEVELS"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"COUNT": rng.randint(1, 33), "BITS": rng.randint(2, 40)}


test_krl_adder_tree, test_a_seeded_bug_is_caught = module_tests(
    "krl_adder_tree", EDGES, draw, BUGS, drawn=4, full=30
)
