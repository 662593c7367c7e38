# SPDX-License-Identifier: Apache-2.0
"""krl_frame_gate: one input and several."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table("INPUTS", (1,), (2,), (3,))

BUGS = [
    Bug("closes in mid-frame", "closed", "~(begun | tvalid)", "~tvalid"),
    Bug("takes back a beat", "closed", "~(begun | tvalid)", "~begun"),
    Bug("never closes behind a frame", "closed", "| last"),
    Bug("does not stay closed", "closed", "(closed | last |", "(last |"),
    Bug("closes behind others", "closed", "& ~behind"),
    Bug("closes by itself", "closed", "{INPUTS{hold}}", "{INPUTS{1'b1}}"),
    Bug("a frame never ends", "begun", "& ~last"),
    Bug("held by one input", "held", "&closed", "|closed"),
    Bug("held with frames under way", "held", "&& !under_way"),
    Bug("quiet with frames under way", "quiet", "&& !under_way"),
    Bug("quiet while a beat is on offer", "quiet", "| tvalid"),
    Bug("a frame survives a restart", "begun", "rst || restart", "rst"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"INPUTS": rng.randint(1, 4)}


test_krl_frame_gate, test_a_seeded_bug_is_caught = module_tests(
    "krl_frame_gate", EDGES, draw, BUGS, drawn=1, full=3
)
