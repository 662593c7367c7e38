# SPDX-License-Identifier: Apache-2.0
"""krl_fifo: depths around powers of two, and 1."""

from random import Random

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES = [
    {"WIDTH": 1, "DEPTH": 1},
    {"WIDTH": 8, "DEPTH": 2},
    {"WIDTH": 33, "DEPTH": 5},
    {"WIDTH": 8, "DEPTH": 16},
]

MUTATIONS = [
    ("level != FULL[LEVEL_BITS-1:0]", "1'b1"),
    ("level != FULL[LEVEL_BITS-1:0]", "level != FULL[LEVEL_BITS-1:0] || m_axis_tready"),
    ("level != FULL[LEVEL_BITS-1:0]", "level != FULL[LEVEL_BITS-1:0] && s_axis_tvalid"),
    ("(read_pointer == LAST[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1", "read_pointer + 1'b1"),
    ("if (push && !pop)", "if (push)"),
    ("      read_pointer <= 0;\n", ""),
    ("      level <= 0;\n", ""),
    ("localparam integer FULL = DEPTH;", "localparam integer FULL = (DEPTH > 1) ? DEPTH - 1 : 1;"),
]


def draw(rng: Random) -> dict[str, int]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 80), "DEPTH": rng.randint(1, 20)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_fifo", EDGES, draw, 3, 20))
def test_krl_fifo(parameters: dict[str, int]) -> None:
    """Run the bench."""
    run("krl_fifo", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_fifo", EDGES, mutation)
