# SPDX-License-Identifier: Apache-2.0
"""krl_dot_signs: one term, odd counts whose nodes have one half or none, weights of one bit and of two."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "SIMD X_BITS W_BITS",
    (1, 8, 1),
    (1, 8, 2),
    (2, 2, 1),
    (4, 8, 1),
    (3, 2, 2),
    (5, 4, 1),
    (9, 8, 2),
    (17, 16, 1),
)

BUGS = [
    Bug("terms never dropped", "dropped", "W_BITS == 2 && !w[i*W_BITS]", "1'b0"),
    Bug("the sign of the weight before", "sign", "sign <= negative_weight", "sign <= w[i*W_BITS+W_BITS-1]"),
    Bug("always added", "alike", "== negative_ahead[l*LEAVES+2*i+1]", "| 1'b1"),
    Bug("subtracted without the carry", "joined", ", alike}", ", 1'b1}"),
    Bug(
        "joined with the sign of the last term",
        "g_both.sign",
        "negative[l*LEAVES+2*i]",
        "negative[l*LEAVES+2*i+1]",
    ),
    Bug("never negated", "sum_early", "{SUM_BITS{root_negative}}", "{SUM_BITS{1'b0}}"),
    Bug("no register for the sum", "sum", "sum <= sum_early", "sum <= {root[TREE_BITS-1], root}"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"SIMD": rng.randint(1, 20), "X_BITS": rng.randint(2, 16), "W_BITS": rng.randint(1, 2)}


test_krl_dot_signs, test_a_seeded_bug_is_caught = module_tests(
    "krl_dot_signs", EDGES, draw, BUGS, drawn=4, full=30
)
