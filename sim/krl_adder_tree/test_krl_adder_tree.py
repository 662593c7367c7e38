# SPDX-License-Identifier: Apache-2.0
"""krl_adder_tree: one term, powers of two and what lies between, narrow and wide terms."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"COUNT": 1, "BITS": 16},
    {"COUNT": 2, "BITS": 2},
    {"COUNT": 4, "BITS": 16},
    {"COUNT": 9, "BITS": 16},
    {"COUNT": 7, "BITS": 40},
]

MUTATIONS = [
    ("node[2*i+1] + node[2*i+2]", "node[2*i+1] - node[2*i+2]"),
    ("{(SUM_BITS-BITS+1){terms[i*BITS+BITS-1]}}", "{(SUM_BITS-BITS+1){1'b0}}"),
    ("always @(posedge clk) total", "always @(negedge clk) total"),
    ("localparam LEAVES = 1 << LEVELS", "localparam LEAVES = (COUNT > 2) ? 2 << LEVELS : 1 << LEVELS"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"COUNT": rng.randint(1, 33), "BITS": rng.randint(2, 40)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_adder_tree", EDGES, draw, 4, 30))
def test_krl_adder_tree(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_adder_tree", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_adder_tree", EDGES, mutation)
