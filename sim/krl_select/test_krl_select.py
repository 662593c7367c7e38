# SPDX-License-Identifier: Apache-2.0
"""krl_select: one word, powers of two and what lies between."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "COUNT BITS",
    (1, 8),
    (2, 1),
    (8, 20),
    (9, 5),
)

BUGS = [
    Bug(
        "words in reverse order", "g_word.padded", "words[i*BITS +: BITS]", "words[(COUNT-1-i)*BITS +: BITS]"
    ),
    Bug("address built upside down", "word", "{index, {STRIDE_BITS{1'b0}}}", "{{STRIDE_BITS{1'b0}}, index}"),
    Bug("words not padded", "STRIDE", "1 << STRIDE_BITS", "BITS"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"COUNT": rng.randint(1, 40), "BITS": rng.randint(1, 70)}


test_krl_select, test_a_seeded_bug_is_caught = module_tests("krl_select", EDGES, draw, BUGS, drawn=4, full=30)
