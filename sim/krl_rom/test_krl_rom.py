# SPDX-License-Identifier: Apache-2.0
"""krl_rom: one word, odd depths, both kinds of memory."""

from random import Random
from typing import Any

import pytest

from common.runner import RTL, SEED, assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"WIDTH": 1, "DEPTH": 1, "BLOCK": 0, "FILE": "rom.hex"},
    {"WIDTH": 8, "DEPTH": 16, "BLOCK": 1, "FILE": "rom.hex"},
    {"WIDTH": 65, "DEPTH": 11, "BLOCK": 0, "FILE": "rom.hex"},
]


def rom_file(parameters: dict[str, Any]) -> dict[str, str]:
    """Draw the words of the file that is read; the bench reads it, too."""
    rng = Random(f"{SEED}/{parameters}")
    words = (rng.getrandbits(parameters["WIDTH"]) for _ in range(parameters["DEPTH"]))
    return {parameters["FILE"]: "".join(f"{word:x}\n" for word in words)}


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "WIDTH": rng.randint(1, 100),
        "DEPTH": rng.randint(1, 40),
        "BLOCK": rng.randint(0, 1),
        "FILE": "rom.hex",
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_rom", EDGES, draw, 4, 30))
def test_krl_rom(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_rom", parameters, files=rom_file(parameters))


@pytest.mark.full
@pytest.mark.parametrize("edge", EDGES, ids=lambda p: f"BLOCK{p['BLOCK']}")
def test_mutation_is_caught(edge: dict[str, Any]) -> None:
    """The bench fails on a memory of either kind that is always enabled."""
    kind = "block" if edge["BLOCK"] else "distributed"
    text = (RTL / "krl_rom.v").read_text()
    part = text[text.index(f"g_{kind}\n") :]
    old = part[: part.index("    end\n")]
    mutation = (old, old.replace("if (enable) ", ""))
    assert_caught("krl_rom", [{**edge, "DEPTH": 16}], mutation, files=rom_file({**edge, "DEPTH": 16}))
