# SPDX-License-Identifier: Apache-2.0
"""krl_lanes: wider, narrower and equal; frames that end in a partial beat, frames of one beat."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"BITS": 8, "LANES_IN": 1, "LANES_OUT": 4, "ELEMENTS": 16},
    {"BITS": 3, "LANES_IN": 1, "LANES_OUT": 4, "ELEMENTS": 9},
    {"BITS": 8, "LANES_IN": 2, "LANES_OUT": 6, "ELEMENTS": 4},
    {"BITS": 8, "LANES_IN": 1, "LANES_OUT": 1, "ELEMENTS": 1},
    {"BITS": 8, "LANES_IN": 6, "LANES_OUT": 2, "ELEMENTS": 12},
    {"BITS": 5, "LANES_IN": 5, "LANES_OUT": 1, "ELEMENTS": 5},
    {"BITS": 8, "LANES_IN": 4, "LANES_OUT": 8, "ELEMENTS": 36},
]

MUTATIONS = [
    ("accept && (is_here || slice == 0)", "accept && is_here"),
    (" || beat == LAST_BEAT[BEAT_BITS-1:0];", ";"),
    ("(beat == LAST_BEAT[BEAT_BITS-1:0]) ? 0 : beat + 1'b1", "beat + 1'b1"),
    ("full <= complete;", "full <= full || complete;"),
    ("left == 0 || (left == 1 && m_axis_tready)", "left == 0"),
    ("left == 0 || (left == 1 && m_axis_tready)", "left == 0 || left == 1"),
    ("!full || m_axis_tready;", "!full;"),
    ("          slice <= 0;\n          beat <= 0;\n", "          slice <= 0;\n"),
    ("          left <= 0;\n", "          if (left === {LEFT_BITS{1'bx}}) left <= 0;\n"),
    ("complete ? 0 : slice + 1'b1", "slice + 1'b1"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    ratio, lanes = rng.randint(1, 6), rng.randint(1, 4)
    sides = [lanes, lanes * ratio]
    rng.shuffle(sides)
    elements = rng.randint(1, 30) * lanes if sides[0] == lanes else rng.randint(1, 6) * sides[0]
    return {"BITS": rng.randint(2, 16), "LANES_IN": sides[0], "LANES_OUT": sides[1], "ELEMENTS": elements}


@pytest.mark.parametrize("parameters", parameter_sets("krl_lanes", EDGES, draw, 8, 30))
def test_krl_lanes(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_lanes", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_lanes", EDGES, mutation)
