# SPDX-License-Identifier: Apache-2.0
"""krl_frame_last: frames of one beat and of odd counts."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"BEATS": 1},
    {"BEATS": 2},
    {"BEATS": 5},
    {"BEATS": 8},
]

MUTATIONS = [
    ("m_axis_tlast ? 0 : beat + 1'b1", "beat + 1'b1"),
    ("m_axis_tvalid && m_axis_tready", "m_axis_tvalid"),
    ("m_axis_tvalid && m_axis_tready", "m_axis_tready"),
    ("localparam integer LAST = BEATS - 1;", "localparam integer LAST = BEATS - 2;"),
    ("    if (rst) begin\n      beat <= 0;\n    end\n", "    if (rst && beat === 1'bx) beat <= 0;\n"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"BEATS": rng.randint(1, 40)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_frame_last", EDGES, draw, 4, 30))
def test_krl_frame_last(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_frame_last", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_frame_last", EDGES, mutation)
