# SPDX-License-Identifier: Apache-2.0
"""krl_dot: one product, odd counts, operands of unequal widths."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"SIMD": 1, "X_BITS": 8, "W_BITS": 8},
    {"SIMD": 4, "X_BITS": 8, "W_BITS": 8},
    {"SIMD": 3, "X_BITS": 2, "W_BITS": 2},
    {"SIMD": 7, "X_BITS": 16, "W_BITS": 3},
    {"SIMD": 9, "X_BITS": 4, "W_BITS": 16},
]

MUTATIONS = [
    ("reg signed [A_BITS-1:0] a_held;", "reg [A_BITS-1:0] a_held;", "krl_multiplier"),
    ("reg signed [B_BITS-1:0] b_held;", "reg [B_BITS-1:0] b_held;", "krl_multiplier"),
    ("product_held <= a_held * b_held;", "product_held <= a_held * b;", "krl_multiplier"),
    ("always @(posedge clk) sum <= sum_early;", "always @(*) sum = sum_early;"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"SIMD": rng.randint(1, 20), "X_BITS": rng.randint(2, 16), "W_BITS": rng.randint(2, 16)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_dot", EDGES, draw, 4, 30))
def test_krl_dot(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_dot", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, ...]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_dot", EDGES, mutation)
