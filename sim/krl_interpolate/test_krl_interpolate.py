# SPDX-License-Identifier: Apache-2.0
"""krl_interpolate: weights that are adders and weights that are multiplied, narrow and wide numbers."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table("X_BITS WEIGHT_BITS", (8, 1), (8, 2), (8, 3), (5, 4), (8, 11), (19, 11), (2, 2))

BUGS = [
    Bug("a difference without room for its sign", "difference", "{b[X_BITS-1], b}", "{1'b0, b}"),
    Bug("a that is a cycle too old", "y", "a_behind,", "a_held,"),
    Bug("ignores enable", "a_behind", "if (enable)"),
    Bug("adders ignore enable", "g_adders.sum", "if (enable)"),
    Bug(
        "a shift without the sign",
        "g_sign.once",
        "{(WEIGHT_BITS-1){held[X_BITS]}}",
        "{(WEIGHT_BITS-1){1'b0}}",
    ),
    Bug("no first digit", "g_adders.sum", "digits[0]", "1'b0"),
    Bug("no third digit", "g_adders.sum", "digits[2]", "1'b0"),
    Bug(
        "a weight with a sign", "g_multiplier.multiplier", "{1'b0, weight}", "{weight[WEIGHT_BITS-1], weight}"
    ),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"X_BITS": rng.randint(2, 28), "WEIGHT_BITS": rng.randint(1, 12)}


test_krl_interpolate, test_a_seeded_bug_is_caught = module_tests(
    "krl_interpolate", EDGES, draw, BUGS, drawn=3, full=20
)
