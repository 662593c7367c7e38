# SPDX-License-Identifier: Apache-2.0
"""krl_dot_xnor: counts of one, two and three places, trees with halves that are not there, powers of two."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table("SIMD", (1,), (2,), (3,), (4,), (7,), (8,), (13,), (32,), (49,))

BUGS = [
    Bug("counts those that differ", "equal", "~(x ^ weight)", "x ^ weight"),
    Bug("weights without their register", "equal", "~(x ^ weight)", "~(x ^ w)"),
    Bug(
        "a carry of two places only",
        "count",
        "(first & second) | (first & third) | (second & third)",
        "first & second",
    ),
    Bug("two of three added", "count", "first ^ second ^ third", "first ^ second"),
    Bug(
        "places that are not there are equal",
        "equal",
        "assign equal[3*COUNTS-1:SIMD] = 0",
        "assign equal[3*COUNTS-1:SIMD] = ~0",
    ),
    Bug("the right half twice", "total", "node[2*i+1][BITS-2:0]", "node[2*i+2][BITS-2:0]"),
    Bug("a node that has a count is left out", "total", "- LEAVES < COUNTS", "- LEAVES + 1 < COUNTS"),
    Bug("a cycle early", "sum", "late[REST*TOTAL_BITS-1 -:", "late[(REST-1)*TOTAL_BITS-1 -:"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"SIMD": rng.randint(1, 64)}


test_krl_dot_xnor, test_a_seeded_bug_is_caught = module_tests(
    "krl_dot_xnor", EDGES, draw, BUGS, drawn=3, full=30
)
