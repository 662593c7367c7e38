# SPDX-License-Identifier: Apache-2.0
"""krl_accumulator: one sum, odd counts; sums wider than, as wide as and narrower than the addend."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "DEPTH SUM_BITS ACC_BITS",
    (1, 17, 24),
    (4, 8, 8),
    (5, 20, 13),
    (2, 4, 40),
)

BUGS = [
    Bug("addend extended with zeros", "extended", "{addend[SUM_BITS-1]}", "{1'b0}"),
    Bug("always fetches the first sum", "fetched", "sums[index_ahead]", "sums[0]"),
    Bug("fetches the sum of this cycle", "fetched", "sums[index_ahead]", "sums[index]"),
    Bug("stores without enable", "g_memory.sums", "if (enable)"),
    Bug("total changes without enable", "total", "if (enable)"),
    Bug("again ignored", "previous", "again ? total : fetched", "fetched"),
    Bug("a sum in memory never starts anew", "fetched", "if (first_ahead) fetched <= 0;"),
    Bug("the only sum never starts anew", "running", "if (first_ahead) running <= 0;"),
    Bug("the only sum changes without enable", "running", "if (enable)"),
    Bug("subtracts", "next", "previous + extended", "previous - extended"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"DEPTH": rng.randint(1, 20), "SUM_BITS": rng.randint(2, 40), "ACC_BITS": rng.randint(2, 40)}


test_krl_accumulator, test_a_seeded_bug_is_caught = module_tests(
    "krl_accumulator", EDGES, draw, BUGS, drawn=4, full=30
)
