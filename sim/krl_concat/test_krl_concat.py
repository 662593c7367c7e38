# SPDX-License-Identifier: Apache-2.0
"""krl_concat: two inputs and more, single beats, counts around powers of two, and vectors of many beats."""

from random import Random
from typing import Any

import pytest

from common.bugs import Bug, survives_reset
from common.runner import BuildError, module_tests, run


def parameters_of(width: int, counts: list[int]) -> dict[str, Any]:
    """Return the parameters for the beats of a pixel on each input."""
    packed = sum(count << (32 * i) for i, count in enumerate(counts))
    return {"WIDTH": width, "INPUTS": len(counts), "COUNTS": packed}


EDGES = [
    parameters_of(8, [1, 1]),
    parameters_of(1, [1, 3]),
    parameters_of(8, [4, 1, 2]),
    parameters_of(33, [2, 8, 3, 5]),
    parameters_of(16, [300, 17]),
]

BUGS = [
    Bug("valid waits for ready", "advance", "|| !m_axis_tvalid"),
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("ready while the output is not", "s_axis_tready", "advance &&"),
    Bug("ready depends on valid", "s_axis_tready", "advance &&", "advance && s_axis_tvalid[i] &&"),
    Bug("all inputs are ready at once", "s_axis_tready", "&& turn == NUMBER[TURN_BITS-1:0]"),
    Bug("any input offers a beat", "offered", "s_axis_tvalid[turn]", "|s_axis_tvalid"),
    Bug("a beat too many per turn", "LAST_BEAT", "COUNTS[i*32 +: 32] - 1", "COUNTS[i*32 +: 32]"),
    Bug("all turns as long as the first", "LAST_BEAT", "COUNTS[i*32 +: 32]", "COUNTS[0 +: 32]"),
    Bug("a turn of one beat", "turn", "if (beat_is_last)"),
    Bug("beats run on", "beat", "beat_is_last ? 0 : beat + 1'b1", "beat + 1'b1"),
    Bug("turns run on", "turn", "(turn == LAST_TURN[TURN_BITS-1:0]) ? 0 : turn + 1'b1", "turn + 1'b1"),
    Bug("always the first input", "select_data", ".index(turn)", ".index({TURN_BITS{1'b0}})"),
    Bug("counts without a beat", "beat", "if (offered)"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("turn"),
    survives_reset("beat"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return parameters_of(rng.randint(1, 80), [rng.randint(1, 20) for _ in range(rng.randint(2, 6))])


test_krl_concat, test_a_seeded_bug_is_caught = module_tests("krl_concat", EDGES, draw, BUGS, drawn=3, full=20)


@pytest.mark.parametrize("counts", [[1], [0, 2], [3, 1, 0]], ids=str)
def test_illegal_counts_do_not_compile(counts: list[int]) -> None:
    """One input, or an input without beats, is refused by every tool."""
    with pytest.raises(BuildError, match="krl_concat_needs_at_least"):
        run("krl_concat", parameters_of(8, counts))
