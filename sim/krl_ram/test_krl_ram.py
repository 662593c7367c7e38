# SPDX-License-Identifier: Apache-2.0
"""krl_ram: one word, odd depths, both kinds of memory."""

from random import Random
from typing import Any

import pytest

from common.runner import RTL, assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"WIDTH": 1, "DEPTH": 1, "BLOCK": 0},
    {"WIDTH": 8, "DEPTH": 16, "BLOCK": 1},
    {"WIDTH": 8, "DEPTH": 5, "BLOCK": 0},
    {"WIDTH": 65, "DEPTH": 11, "BLOCK": 0},
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 100), "DEPTH": rng.randint(1, 40), "BLOCK": rng.randint(0, 1)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_ram", EDGES, draw, 4, 30))
def test_krl_ram(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_ram", parameters)


@pytest.mark.full
@pytest.mark.parametrize("edge", EDGES[1:3], ids=lambda p: f"BLOCK{p['BLOCK']}")
@pytest.mark.parametrize("enable", ["write_enable", "read_enable"])
def test_mutation_is_caught(edge: dict[str, Any], enable: str) -> None:
    """The bench fails on a memory of either kind that ignores one of its enables."""
    kind = "block" if edge["BLOCK"] else "distributed"
    text = (RTL / "krl_ram.v").read_text()
    part = text[text.index(f"g_{kind}\n") :]
    old = part[: part.index("    end\n")]
    assert_caught("krl_ram", [edge], (old, old.replace(f"if ({enable}) ", "")))
