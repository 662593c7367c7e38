# SPDX-License-Identifier: Apache-2.0
"""krl_max: one cell, one channel, narrow and wide elements, clamps of a single value."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"CELLS": 1, "CHANNELS": 1, "BITS": 2, "CLAMP_MIN": -2, "CLAMP_MAX": 1},
    {"CELLS": 4, "CHANNELS": 2, "BITS": 8, "CLAMP_MIN": -128, "CLAMP_MAX": 127},
    {"CELLS": 9, "CHANNELS": 3, "BITS": 8, "CLAMP_MIN": -100, "CLAMP_MAX": -3},
    {"CELLS": 2, "CHANNELS": 1, "BITS": 16, "CLAMP_MIN": 0, "CLAMP_MAX": 30000},
    {"CELLS": 3, "CHANNELS": 2, "BITS": 5, "CLAMP_MIN": -1, "CLAMP_MAX": -1},
]

MUTATIONS = [
    ("{first[BITS-1], first} - {second[BITS-1], second}", "{1'b0, first} - {1'b0, second}"),
    ("wire signed [BITS-1:0] node", "wire [BITS-1:0] node"),
    ("(i*CHANNELS+c)*BITS", "(c*CELLS+i)*BITS"),
    ("difference[BITS] ? second : first", "difference[BITS] ? first : second"),
    ("CLAMP_MIN > LOWEST && node[0] < $signed(CLAMP_MIN[BITS-1:0])", "1'b0"),
    ("node[0] > $signed(CLAMP_MAX[BITS-1:0])", "node[0] > CLAMP_MAX[BITS-1:0]"),
    ("CLAMP_MAX < HIGHEST && node[0] > $signed(CLAMP_MAX[BITS-1:0])", "1'b0"),
    (
        "g_no_cell\n          assign node[LEAVES-1+i] = CLAMP_MIN[BITS-1:0];",
        "g_no_cell\n          assign node[LEAVES-1+i] = CLAMP_MAX[BITS-1:0];",
    ),
    ("m_axis_tready || !m_axis_tvalid", "1'b1"),
    ("if (advance) larger", "larger"),
    ("      valid_pipe <= 0;\n", "      if (valid_pipe === {LEVELS{1'bx}}) valid_pipe <= 0;\n"),
    ("(CELLS > 2) ? $clog2(CELLS) : 1", "$clog2(CELLS) + 1"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    bits = rng.randint(2, 16)
    ends = sorted(rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for _ in range(2))
    return {
        "CELLS": rng.randint(1, 9),
        "CHANNELS": rng.randint(1, 5),
        "BITS": bits,
        "CLAMP_MIN": ends[0],
        "CLAMP_MAX": ends[1],
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_max", EDGES, draw, 4, 30))
def test_krl_max(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_max", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_max", EDGES, mutation)
