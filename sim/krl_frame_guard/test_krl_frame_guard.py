# SPDX-License-Identifier: Apache-2.0
"""krl_frame_guard: frames of one beat, of two, and of odd counts."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"WIDTH": 8, "BEATS": 1},
    {"WIDTH": 1, "BEATS": 2},
    {"WIDTH": 8, "BEATS": 7},
    {"WIDTH": 16, "BEATS": 8},
]

MUTATIONS = [
    ("if (s_axis_tlast && !last) state <= FILL;", ""),
    ("if (last && !s_axis_tlast) state <= DROP;", ""),
    ("default: if (accept && s_axis_tlast) state <= PASS;", "default: if (accept) state <= PASS;"),
    ("FILL: if (hand_on && last) state <= PASS;", "FILL: if (hand_on) state <= PASS;"),
    ("if (s_axis_tlast != last) frame_error", "if (s_axis_tlast && !last) frame_error"),
    ("else if (beat == 0) frame_error <= 1'b0;", ""),
    ("(state == PASS) ? s_axis_tdata : {WIDTH{1'b0}}", "s_axis_tdata"),
    ("      beat <= 0;\n", ""),
    ("      state <= PASS;\n      beat", "      beat"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 40), "BEATS": rng.randint(1, 20)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_frame_guard", EDGES, draw, 4, 30))
def test_krl_frame_guard(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_frame_guard", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_frame_guard", EDGES, mutation)
