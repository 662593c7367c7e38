# SPDX-License-Identifier: Apache-2.0
"""krl_frame_mark: frames of one beat and of several, one input and several, few verdicts and many."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "WIDTH BEATS INPUTS DEPTH",
    (8, 1, 1, 2),
    (1, 2, 1, 1),
    (12, 5, 2, 3),
    (8, 3, 3, 4),
)

BUGS = [
    Bug("the last beat is not held back", "early", "last && !(&known)", "1'b0"),
    Bug("one verdict is enough", "early", "&known", "|known"),
    Bug("nothing is put aside", "aside", "s_axis_tvalid && early", "1'b0"),
    Bug("what is aside is overwritten", "kept", "if (!aside)", ""),
    Bug("accepts while a beat is aside", "s_axis_tready", "!aside &&", ""),
    Bug("what is aside does not wait for verdicts", "m_axis_tvalid", "aside ? &known", "aside ? 1'b1"),
    Bug("marks all frames", "m_axis_tuser", "|(known & bad)", "|known"),
    Bug("marks what no verdict says", "m_axis_tuser", "known & bad", "bad"),
    Bug("the mark changes while a beat waits", "m_axis_tuser", "waits ? marked :", ""),
    Bug("a verdict holds for a beat", "g_input", "leaves && m_axis_tlast", "leaves"),
    Bug("a verdict is taken too early", "g_input", "leaves && m_axis_tlast", "m_axis_tlast"),
    Bug("what is aside is not the last", "m_axis_tlast", "aside || last", "last"),
    survives_reset("aside", "1'b0"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "WIDTH": rng.randint(1, 40),
        "BEATS": rng.randint(1, 12),
        "INPUTS": rng.randint(1, 3),
        "DEPTH": rng.randint(1, 6),
    }


test_krl_frame_mark, test_a_seeded_bug_is_caught = module_tests(
    "krl_frame_mark", EDGES, draw, BUGS, drawn=2, full=20
)
