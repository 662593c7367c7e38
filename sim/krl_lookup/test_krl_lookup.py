# SPDX-License-Identifier: Apache-2.0
"""krl_lookup: codes of other widths in and out, several lanes, both kinds of memory."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import drawn_words, module_tests, table

EDGES = table(
    "LANES X_BITS BITS FILE BLOCK",
    (1, 8, 8, "table.hex", 0),
    (3, 2, 5, "table.hex", 0),
    (2, 9, 3, "table.hex", 1),
)

BUGS = [
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("reads while a word waits", "rom", ".enable(advance)", ".enable(1'b1)"),
    Bug("all lanes look up the first code", "rom", "[i*X_BITS +: X_BITS])", "[X_BITS-1:0])"),
    Bug("table upside down", "rom", "s_axis_tdata", "~s_axis_tdata"),
    survives_reset("m_axis_tvalid", "1'b0"),
    Bug("valid stays", "m_axis_tvalid", "<= s_axis_tvalid", "<= s_axis_tvalid || m_axis_tvalid"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "LANES": rng.randint(1, 4),
        "X_BITS": rng.randint(2, 9),
        "BITS": rng.randint(2, 16),
        "FILE": "table.hex",
        "BLOCK": rng.randint(0, 1),
    }


def setting(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a run needs: the table is in a file, which the bench reads, too."""
    words = drawn_words(parameters, parameters["BITS"], 1 << parameters["X_BITS"])
    return {"parameters": parameters, "files": {parameters["FILE"]: words}}


test_krl_lookup, test_a_seeded_bug_is_caught = module_tests(
    "krl_lookup", EDGES, draw, BUGS, drawn=3, full=20, setting=setting
)
