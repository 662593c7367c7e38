# SPDX-License-Identifier: Apache-2.0
"""krl_select: one word, powers of two and what lies between."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"COUNT": 1, "BITS": 8},
    {"COUNT": 2, "BITS": 1},
    {"COUNT": 8, "BITS": 20},
    {"COUNT": 9, "BITS": 5},
]

MUTATIONS = [
    ("words[i*BITS +: BITS]", "words[(COUNT-1-i)*BITS +: BITS]"),
    ("{index, {STRIDE_BITS{1'b0}}}", "{{STRIDE_BITS{1'b0}}, index}"),
    ("localparam STRIDE = 1 << STRIDE_BITS;", "localparam STRIDE = BITS;"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"COUNT": rng.randint(1, 40), "BITS": rng.randint(1, 70)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_select", EDGES, draw, 4, 30))
def test_krl_select(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_select", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_select", EDGES, mutation)
