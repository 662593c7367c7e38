# SPDX-License-Identifier: Apache-2.0
"""krl_gearbox: wider and narrower by no whole factor; frames that end in partial beats or have one only."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"BITS": 8, "LANES_IN": 2, "LANES_OUT": 3, "ELEMENTS": 12},
    {"BITS": 8, "LANES_IN": 3, "LANES_OUT": 2, "ELEMENTS": 12},
    {"BITS": 4, "LANES_IN": 2, "LANES_OUT": 7, "ELEMENTS": 10},
    {"BITS": 5, "LANES_IN": 7, "LANES_OUT": 2, "ELEMENTS": 9},
    {"BITS": 8, "LANES_IN": 5, "LANES_OUT": 3, "ELEMENTS": 4},
    {"BITS": 3, "LANES_IN": 4, "LANES_OUT": 6, "ELEMENTS": 1},
    {"BITS": 2, "LANES_IN": 1, "LANES_OUT": 1, "ELEMENTS": 3},
    # the last beat of a frame completes two
    {"BITS": 3, "LANES_IN": 7, "LANES_OUT": 8, "ELEMENTS": 35},
]

MUTATIONS = [
    ("beat_is_last ? GAIN_OF_LAST[LEVEL_BITS-1:0] : GAIN", "GAIN"),
    ("level <= MOST_BEFORE_BEAT", "level < MOST_BEFORE_BEAT"),
    (
        "localparam integer MOST_BEFORE_BEAT = QUEUE - MOST_GAIN",
        "localparam integer MOST_BEFORE_BEAT = QUEUE",
    ),
    ("localparam QUEUE = LANES_OUT + FEWER - 1 + MOST_GAIN", "localparam QUEUE = LANES_OUT + MOST_GAIN - 1"),
    ("level >= GIVEN", "level > GIVEN"),
    ("if (push) beat <= beat_is_last ? 0 : beat", "if (push) beat <= beat"),
    ("kept + gained;", "level + gained;"),
    ("      beat <= 0;\n", "      if (beat === {BEAT_BITS{1'bx}}) beat <= 0;\n"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "BITS": rng.randint(2, 16),
        "LANES_IN": rng.randint(1, 9),
        "LANES_OUT": rng.randint(1, 9),
        "ELEMENTS": rng.randint(1, 60),
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_gearbox", EDGES, draw, 8, 30))
def test_krl_gearbox(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_gearbox", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_gearbox", EDGES, mutation)
