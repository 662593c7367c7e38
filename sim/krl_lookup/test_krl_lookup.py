# SPDX-License-Identifier: Apache-2.0
"""krl_lookup: codes of other widths in and out, several lanes, both kinds of memory."""

from random import Random
from typing import Any

import pytest

from common.runner import SEED, assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"LANES": 1, "X_BITS": 8, "BITS": 8, "FILE": "table.hex", "BLOCK": 0},
    {"LANES": 3, "X_BITS": 2, "BITS": 5, "FILE": "table.hex", "BLOCK": 0},
    {"LANES": 2, "X_BITS": 9, "BITS": 3, "FILE": "table.hex", "BLOCK": 1},
]

MUTATIONS = [
    ("m_axis_tready || !m_axis_tvalid", "1'b1"),
    (".enable(advance)", ".enable(1'b1)"),
    (".address(s_axis_tdata[i*X_BITS +: X_BITS])", ".address(s_axis_tdata[X_BITS-1:0])"),
    (".address(s_axis_tdata[i*X_BITS +: X_BITS])", ".address(~s_axis_tdata[i*X_BITS +: X_BITS])"),
    ("      m_axis_tvalid <= 1'b0;\n", "      if (m_axis_tvalid === 1'bx) m_axis_tvalid <= 1'b0;\n"),
    ("m_axis_tvalid <= s_axis_tvalid;", "m_axis_tvalid <= s_axis_tvalid || m_axis_tvalid;"),
]


def table_file(parameters: dict[str, Any]) -> dict[str, str]:
    """Draw the table; the bench reads it, too."""
    rng = Random(f"{SEED}/{parameters}")
    words = (rng.getrandbits(parameters["BITS"]) for _ in range(1 << parameters["X_BITS"]))
    return {parameters["FILE"]: "".join(f"{word:x}\n" for word in words)}


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "LANES": rng.randint(1, 4),
        "X_BITS": rng.randint(2, 9),
        "BITS": rng.randint(2, 16),
        "FILE": "table.hex",
        "BLOCK": rng.randint(0, 1),
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_lookup", EDGES, draw, 3, 20))
def test_krl_lookup(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_lookup", parameters, files=table_file(parameters))


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_lookup", EDGES[1:2], mutation, files=table_file(EDGES[1]))
