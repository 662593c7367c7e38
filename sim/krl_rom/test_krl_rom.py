# SPDX-License-Identifier: Apache-2.0
"""krl_rom: one word, odd depths, both kinds of memory."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import drawn_words, module_tests, table

EDGES = table(
    "WIDTH DEPTH BLOCK FILE",
    (1, 1, 0, "rom.hex"),
    (8, 16, 1, "rom.hex"),
    (65, 11, 0, "rom.hex"),
)

BUGS = [
    Bug("block ROM ignores enable", "g_block.data", "if (enable)"),
    Bug("distributed ROM ignores enable", "g_distributed.data", "if (enable)"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "WIDTH": rng.randint(1, 100),
        "DEPTH": rng.randint(1, 40),
        "BLOCK": rng.randint(0, 1),
        "FILE": "rom.hex",
    }


def setting(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a run needs: the words are in a file, which the bench reads, too."""
    words = drawn_words(parameters, parameters["WIDTH"], parameters["DEPTH"])
    return {"parameters": parameters, "files": {parameters["FILE"]: words}}


test_krl_rom, test_a_seeded_bug_is_caught = module_tests(
    "krl_rom", EDGES, draw, BUGS, drawn=4, full=30, setting=setting
)
