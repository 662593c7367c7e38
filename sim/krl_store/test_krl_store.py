# SPDX-License-Identifier: Apache-2.0
"""krl_store: one word, words of several columns, the last of them narrow, one bank and two."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import drawn_words, module_tests, table

EDGES = table(
    "WIDTH DEPTH BLOCK BANKS FILE",
    (1, 1, 0, 1, "store.hex"),
    (72, 11, 1, 2, "store.hex"),
    (65, 5, 0, 2, "store.hex"),
    (32, 4, 0, 1, "store.hex"),
    (40, 6, 1, 1, "store.hex"),
)


def in_both(name: str, *change: str) -> list[Bug]:
    """A bug in block RAM, and the same in look-up tables."""
    return [
        Bug(f"{name}, {part}", f"{part}.{change[0]}", *change[1:]) for part in ("g_block", "g_distributed")
    ]


BUGS = [
    *in_both("ignores enable", "data", "if (enable)"),
    *in_both("ignores write", "g_column.memory", "write && "),
    *in_both("writes every column", "g_column.memory", "write_column == COLUMN[COLUMN_BITS-1:0]", "1'b1"),
    Bug("reads the first bank", "from", "{bank, address}", "{1'b0, address}"),
    Bug("writes the first bank", "to", "{write_bank, write_address}", "{1'b0, write_address}"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "WIDTH": rng.randint(1, 100),
        "DEPTH": rng.randint(1, 20),
        "BLOCK": rng.randint(0, 1),
        "BANKS": rng.randint(1, 2),
        "FILE": "store.hex",
    }


def setting(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a run needs: the words are in a file, which the bench reads, too."""
    words = drawn_words(parameters, parameters["WIDTH"], parameters["DEPTH"])
    return {"parameters": parameters, "files": {parameters["FILE"]: words}}


test_krl_store, test_a_seeded_bug_is_caught = module_tests(
    "krl_store", EDGES, draw, BUGS, drawn=3, full=20, setting=setting
)
