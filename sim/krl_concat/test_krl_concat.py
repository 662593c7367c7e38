# SPDX-License-Identifier: Apache-2.0
"""krl_concat: two inputs and more, single beats, counts around powers of two, and vectors of many beats."""

from random import Random
from typing import Any

import pytest

from common.runner import BuildError, assert_caught, parameter_sets, run


def parameters_of(width: int, counts: list[int]) -> dict[str, Any]:
    """The parameters for the beats of a pixel on each input."""
    packed = sum(count << (32 * i) for i, count in enumerate(counts))
    return {"WIDTH": width, "INPUTS": len(counts), "COUNTS": packed}


EDGES = [
    parameters_of(8, [1, 1]),
    parameters_of(1, [1, 3]),
    parameters_of(8, [4, 1, 2]),
    parameters_of(33, [2, 8, 3, 5]),
    parameters_of(16, [300, 17]),
]

MUTATIONS = [
    ("advance = m_axis_tready || !m_axis_tvalid", "advance = m_axis_tready"),
    ("advance = m_axis_tready || !m_axis_tvalid", "advance = 1'b1"),
    ("advance && turn == NUMBER", "turn == NUMBER"),
    ("advance && turn == NUMBER", "advance && s_axis_tvalid[i] && turn == NUMBER"),
    ("advance && turn == NUMBER[TURN_BITS-1:0]", "advance"),
    ("offered = s_axis_tvalid[turn]", "offered = |s_axis_tvalid"),
    ("COUNTS[i*32 +: 32] - 1;", "COUNTS[i*32 +: 32];"),
    ("COUNTS[i*32 +: 32] - 1;", "COUNTS[0 +: 32] - 1;"),
    ("if (beat_is_last) turn", "turn"),
    ("beat <= beat_is_last ? 0 : beat + 1'b1", "beat <= beat + 1'b1"),
    ("(turn == LAST_TURN[TURN_BITS-1:0]) ? 0 : turn + 1'b1", "turn + 1'b1"),
    (
        "    .words(s_axis_tdata),\n    .index(turn)",
        "    .words(s_axis_tdata),\n    .index({TURN_BITS{1'b0}})",
    ),
    ("      if (offered) begin\n", "      begin\n"),
    ("      m_axis_tvalid <= 1'b0;\n", "      if (m_axis_tvalid === 1'bx) m_axis_tvalid <= 1'b0;\n"),
    ("      turn <= 0;\n", "      if (turn === {TURN_BITS{1'bx}}) turn <= 0;\n"),
    ("      beat <= 0;\n", "      if (beat === {BEAT_BITS{1'bx}}) beat <= 0;\n"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return parameters_of(rng.randint(1, 80), [rng.randint(1, 20) for _ in range(rng.randint(2, 6))])


@pytest.mark.parametrize("parameters", parameter_sets("krl_concat", EDGES, draw, 3, 20))
def test_krl_concat(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_concat", parameters)


@pytest.mark.parametrize("counts", [[1], [0, 2], [3, 1, 0]], ids=str)
def test_illegal_counts_do_not_compile(counts: list[int]) -> None:
    """One input, or an input without beats, is refused by every tool."""
    with pytest.raises(BuildError, match="krl_concat_needs_at_least"):
        run("krl_concat", parameters_of(8, counts))


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_concat", EDGES, mutation)
