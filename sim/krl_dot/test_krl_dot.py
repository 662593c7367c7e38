# SPDX-License-Identifier: Apache-2.0
"""krl_dot: one product, odd counts, operands of unequal widths."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "SIMD X_BITS W_BITS",
    (1, 8, 8),
    (4, 8, 8),
    (3, 2, 2),
    (7, 16, 3),
    (9, 4, 16),
)

BUGS = [
    Bug("activation without its sign", "a_held", "reg signed", "reg", module="krl_multiplier"),
    Bug("weight without its sign", "b_held", "reg signed", "reg", module="krl_multiplier"),
    Bug("weight not held", "product_held", "a_held * b_held", "a_held * b", module="krl_multiplier"),
    Bug(
        "no register for the sum",
        "sum",
        "always @(posedge clk) sum <= sum_early",
        "always @(*) sum = sum_early",
    ),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"SIMD": rng.randint(1, 20), "X_BITS": rng.randint(2, 16), "W_BITS": rng.randint(2, 16)}


test_krl_dot, test_a_seeded_bug_is_caught = module_tests("krl_dot", EDGES, draw, BUGS, drawn=4, full=30)
