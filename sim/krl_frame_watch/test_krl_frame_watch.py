# SPDX-License-Identifier: Apache-2.0
"""krl_frame_watch: one stream and several on each side, one frame at a time and many."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table("INPUTS OUTPUTS DEPTH", (1, 1, 3), (2, 1, 2), (1, 3, 4), (2, 2, 5), (1, 1, 1))

BUGS = [
    Bug("the last input begins a frame", "leads", "&& !behind[i]"),
    Bug("the first output ends a frame", "done", "&given", "|given"),
    Bug("an output ahead is forgotten", "given", "|| ahead != 0"),
    Bug("behind is not counted", "lag", "if (begins && !first[i])", "if (1'b0)"),
    Bug("never catches up", "lag", "if (first[i] && !begins)", "if (1'b0)"),
    Bug("ahead is not counted", "ahead", "if (last[i] && !done)", "if (1'b0)"),
    Bug("stays ahead", "ahead", "if (done && !last[i])", "if (1'b0)"),
    Bug("a frame of no cycles stays", "u_began", "begins && (waits || !done)", "begins"),
    Bug("forgets the oldest", "u_began", ".m_axis_tready(done)", ".m_axis_tready(1'b1)"),
    Bug("nobody is behind", "behind", "lag != 0", "1'b0"),
    Bug("nothing is under way", "under_way", "waits", "1'b0"),
    Bug("measures from the reset", "cycles", "now - began", "now"),
    Bug("cycles of nothing", "cycles", "waits ? now - began : 0", "now - began"),
    Bug("frames survive a restart", "u_began", "rst || restart", "rst"),
    Bug("lag survives a restart", "lag", "rst || restart", "rst"),
    Bug("ahead survives a restart", "ahead", "rst || restart", "rst"),
    survives_reset("now"),
    survives_reset("cycles"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"INPUTS": rng.randint(1, 3), "OUTPUTS": rng.randint(1, 3), "DEPTH": rng.randint(1, 9)}


test_krl_frame_watch, test_a_seeded_bug_is_caught = module_tests(
    "krl_frame_watch", EDGES, draw, BUGS, drawn=3, full=20
)
