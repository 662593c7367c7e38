# SPDX-License-Identifier: Apache-2.0
"""krl_multiplier, and its form for ECP5: operands in one block, in two and in four, and in none."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"A_BITS": 8, "B_BITS": 8},
    {"A_BITS": 2, "B_BITS": 2},
    {"A_BITS": 18, "B_BITS": 18},
    {"A_BITS": 22, "B_BITS": 17},
    {"A_BITS": 17, "B_BITS": 19},
    {"A_BITS": 35, "B_BITS": 35},
    {"A_BITS": 36, "B_BITS": 4},
]

MUTATIONS = [
    ("reg signed [A_BITS-1:0] a_held;", "reg [A_BITS-1:0] a_held;"),
    ("if (enable) begin", "begin"),
    ("product_held <= a_held * b_held;", "product_held <= a_held * b;"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"A_BITS": rng.randint(2, 36), "B_BITS": rng.randint(2, 36)}


@pytest.mark.parametrize("target", [None, "ecp5"])
@pytest.mark.parametrize("parameters", parameter_sets("krl_multiplier", EDGES, draw, 3, 30))
def test_krl_multiplier(parameters: dict[str, Any], target: str | None) -> None:
    """Run the bench."""
    run("krl_multiplier", parameters, target=target)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_multiplier", EDGES, mutation)
