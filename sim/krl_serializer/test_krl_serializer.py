# SPDX-License-Identifier: Apache-2.0
"""krl_serializer: a last word that is partly used, whole words, one lane, one place."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"PE": 4, "LANES": 1, "UNITS": 8, "DEPTH": 4, "BITS": 24},
    {"PE": 1, "LANES": 1, "UNITS": 1, "DEPTH": 1, "BITS": 8},
    {"PE": 4, "LANES": 2, "UNITS": 10, "DEPTH": 3, "BITS": 5},
    {"PE": 6, "LANES": 3, "UNITS": 3, "DEPTH": 2, "BITS": 24},
    {"PE": 5, "LANES": 5, "UNITS": 15, "DEPTH": 1, "BITS": 24},
    {"PE": 4, "LANES": 1, "UNITS": 9, "DEPTH": 5, "BITS": 2},
    {"PE": 3, "LANES": 1, "UNITS": 7, "DEPTH": 2, "BITS": 40},
]

MUTATIONS = [
    (
        "localparam SLICES_OF_LAST_GROUP = (UNITS - (GROUPS - 1) * PE) / LANES;",
        "localparam SLICES_OF_LAST_GROUP = PE / LANES;",
    ),
    ("assign result_taken = pop && slice_is_last;", "assign result_taken = level != 0 && slice_is_last;"),
    ("assign result_taken = pop && slice_is_last;", "assign result_taken = pop;"),
    (".index(slice),", ".index({SLICE_BITS{1'b0}}),"),
    ("wire advance = m_axis_tready || !m_axis_tvalid;", "wire advance = m_axis_tready;"),
    ("      m_axis_tvalid <= 1'b0;\n", "      if (m_axis_tvalid === 1'bx) m_axis_tvalid <= 1'b0;\n"),
    ("group <= group_is_last ? 0 : group + 1'b1;", "group <= group + 1'b1;"),
    ("if (result_tvalid && !result_taken)", "if (result_tvalid)"),
    ("(read_pointer == LAST_PLACE[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1", "read_pointer + 1'b1"),
    ("      slice <= 0;\n", "      if (slice === {SLICE_BITS{1'bx}}) slice <= 0;\n"),
    ("      group <= 0;\n", "      if (group === {GROUP_BITS{1'bx}}) group <= 0;\n"),
    (
        "      write_pointer <= 0;\n",
        "      if (write_pointer === {POINTER_BITS{1'bx}}) write_pointer <= 0;\n",
    ),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    lanes = rng.randint(1, 4)
    return {
        "PE": lanes * rng.randint(1, 5),
        "LANES": lanes,
        "UNITS": lanes * rng.randint(1, 12),
        "DEPTH": rng.randint(1, 9),
        "BITS": rng.randint(1, 40),
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_serializer", EDGES, draw, 8, 40))
def test_krl_serializer(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_serializer", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_serializer", EDGES, mutation)
