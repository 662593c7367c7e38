# SPDX-License-Identifier: Apache-2.0
"""krl_multiplier and its ECP5 version: operands in one block, in two, in four, and in none."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "A_BITS B_BITS REGISTERS",
    (8, 8, 2),
    (2, 2, 2),
    (18, 18, 2),
    (22, 17, 2),
    (17, 19, 3),
    (35, 35, 4),
    (36, 4, 2),
    # registers that the blocks do not take
    (8, 8, 4),
    (2, 3, 3),
)

BUGS = [
    Bug("a without its sign", "a_held", "reg signed", "reg"),
    Bug("ignores enable", "product_held", "if (enable)"),
    Bug("b not held", "product_held", "a_held * b_held", "a_held * b"),
    Bug("the last register ignores enable", "g_behind.held", "if (enable)"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"A_BITS": rng.randint(2, 36), "B_BITS": rng.randint(2, 36), "REGISTERS": rng.randint(2, 4)}


def for_ecp5(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a run of the ECP5 version needs."""
    return {"parameters": parameters, "target": "ecp5"}


test_krl_multiplier, test_a_seeded_bug_is_caught = module_tests(
    "krl_multiplier", EDGES, draw, BUGS, drawn=3, full=30
)
test_krl_multiplier_of_ecp5, _ = module_tests(
    "krl_multiplier", EDGES, draw, [], drawn=3, full=30, setting=for_ecp5
)
