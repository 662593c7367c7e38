# SPDX-License-Identifier: Apache-2.0
"""krl_repeat: single beats and groups around powers of two, one turn and many, copies."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests


def parameters_of(width: int, copies: int, beats: int, times: int) -> dict[str, Any]:
    """Return the parameters."""
    return {"WIDTH": width, "COPIES": copies, "BEATS": beats, "TIMES": times}


EDGES = [
    parameters_of(8, 1, 4, 4),
    parameters_of(3, 2, 1, 9),
    parameters_of(16, 3, 1, 1),
    parameters_of(5, 1, 3, 2),
    parameters_of(8, 1, 17, 5),
    parameters_of(4, 1, 2, 1),
]

BUGS = [
    Bug("valid waits for ready", "advance", "|| !m_axis_tvalid"),
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("ready while the output is not", "s_axis_tready", "advance &&"),
    Bug("ready in every turn", "s_axis_tready", "&& is_first"),
    Bug("ready depends on valid", "s_axis_tready", "advance &&", "advance && s_axis_tvalid &&"),
    Bug("a turn too many", "LAST_TURN", "TIMES - 1", "TIMES"),
    Bug("a beat too many", "LAST_BEAT", "BEATS - 1", "BEATS"),
    Bug("turns run on", "turn", "(turn == LAST_TURN[TURN_BITS-1:0]) ? 0 : turn + 1'b1", "turn + 1'b1"),
    Bug("beats run on", "g_beats.beat", "beat_is_last ? 0 : beat + 1'b1", "beat + 1'b1"),
    Bug("a turn of one beat", "turn", "offered && beat_is_last", "offered"),
    Bug("counts without a beat", "g_beats.beat", "if (offered)"),
    Bug("all turns from the wires", "g_beats.held", "is_first ? s_axis_tdata : memory[beat]", "s_axis_tdata"),
    Bug("one beat is kept", "g_beats.memory", "memory[beat] <=", "memory[0] <="),
    Bug("holds what comes later", "g_one_beat.held", "advance && is_first", "advance"),
    Bug("one copy", "m_axis_tdata", "{COPIES{held}}", "held"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("turn"),
    survives_reset("g_beats.beat"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    beats = rng.choice([1, rng.randint(1, 20)])
    return parameters_of(rng.randint(1, 40), rng.randint(1, 3), beats, rng.randint(1, 12))


test_krl_repeat, test_a_seeded_bug_is_caught = module_tests("krl_repeat", EDGES, draw, BUGS, drawn=3, full=20)
