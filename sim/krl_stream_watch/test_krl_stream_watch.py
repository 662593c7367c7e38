# SPDX-License-Identifier: Apache-2.0
"""krl_stream_watch: with tlast and without, frames of one beat and of several."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table("BEATS USE_TLAST", (7, 1), (1, 0), (2, 0), (5, 0))

BUGS = [
    Bug("counts what is offered", "takes", "&& tready"),
    Bug("counts what is asked for", "takes", "tvalid &&"),
    Bug("every beat is a first one", "first", "&& !begun"),
    Bug("tlast counts without a beat", "last", "takes && ends", "ends"),
    Bug("a frame never ends", "begun", "!ends", "1'b1"),
    Bug("the beats go on", "beat", "(ends || USE_TLAST != 0) ? 0 : beat + 1'b1", "beat + 1'b1"),
    Bug("tlast counts where there is none", "ends", "(USE_TLAST != 0) ? tlast :", "tlast ||"),
    Bug("counts beats, not frames", "frames", "if (last)", "if (takes)"),
    Bug("counts every cycle", "stalls", "if (stalled)"),
    Bug("a restart clears the counters", "frames", "if (rst)", "if (rst || restart)"),
    Bug("a frame survives a restart", "begun", "rst || restart", "rst"),
    survives_reset("begun", "1'b0"),
    survives_reset("beat"),
    survives_reset("frames", "32'd0"),
    survives_reset("stalls", "32'd0"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"BEATS": rng.randint(1, 20), "USE_TLAST": rng.choice((1, 0))}


test_krl_stream_watch, test_a_seeded_bug_is_caught = module_tests(
    "krl_stream_watch", EDGES, draw, BUGS, drawn=3, full=20
)
