# SPDX-License-Identifier: Apache-2.0
"""krl_multiplier and its ECP5 version: operands in one block, in two, in four, and in none."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "A_BITS B_BITS",
    (8, 8),
    (2, 2),
    (18, 18),
    (22, 17),
    (17, 19),
    (35, 35),
    (36, 4),
)

BUGS = [
    Bug("a without its sign", "a_held", "reg signed", "reg"),
    Bug("ignores enable", "product_held", "if (enable)"),
    Bug("b not held", "product_held", "a_held * b_held", "a_held * b"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"A_BITS": rng.randint(2, 36), "B_BITS": rng.randint(2, 36)}


def for_ecp5(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a run of the ECP5 version needs."""
    return {"parameters": parameters, "target": "ecp5"}


test_krl_multiplier, test_a_seeded_bug_is_caught = module_tests(
    "krl_multiplier", EDGES, draw, BUGS, drawn=3, full=30
)
test_krl_multiplier_of_ecp5, _ = module_tests(
    "krl_multiplier", EDGES, draw, [], drawn=3, full=30, setting=for_ecp5
)
