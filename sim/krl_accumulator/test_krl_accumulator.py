# SPDX-License-Identifier: Apache-2.0
"""krl_accumulator: one sum, odd counts; sums wider than, as wide as and narrower than the addend."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"DEPTH": 1, "SUM_BITS": 17, "ACC_BITS": 24},
    {"DEPTH": 4, "SUM_BITS": 8, "ACC_BITS": 8},
    {"DEPTH": 5, "SUM_BITS": 20, "ACC_BITS": 13},
    {"DEPTH": 2, "SUM_BITS": 4, "ACC_BITS": 40},
]

MUTATIONS = [
    ("{(ACC_BITS-SUM_BITS){addend[SUM_BITS-1]}}", "{(ACC_BITS-SUM_BITS){1'b0}}"),
    ("fetched <= sums[index_ahead];", "fetched <= sums[0];"),
    ("fetched <= sums[index_ahead];", "fetched <= sums[index];"),
    ("if (enable) sums[index]", "sums[index]"),
    ("if (enable) total", "total"),
    ("again ? total : fetched", "fetched"),
    ("if (first_ahead) fetched <= 0;", ""),
    ("if (first_ahead) running <= 0;", ""),
    ("if (enable) running", "running"),
    ("next = previous + extended", "next = previous - extended"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"DEPTH": rng.randint(1, 20), "SUM_BITS": rng.randint(2, 40), "ACC_BITS": rng.randint(2, 40)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_accumulator", EDGES, draw, 4, 30))
def test_krl_accumulator(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_accumulator", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_accumulator", EDGES, mutation)
