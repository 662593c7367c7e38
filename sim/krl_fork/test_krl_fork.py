# SPDX-License-Identifier: Apache-2.0
"""krl_fork: one output and several, narrow and wide."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"WIDTH": 8, "OUTPUTS": 2},
    {"WIDTH": 1, "OUTPUTS": 1},
    {"WIDTH": 65, "OUTPUTS": 3},
]

MUTATIONS = [
    ("done <= s_axis_tready ? 0 : taken", "done <= taken"),
    ("done <= s_axis_tready ? 0 : taken", "done <= s_axis_tready ? 0 : m_axis_tready"),
    ("if (s_axis_tvalid) begin", "begin"),
    ("&taken", "&m_axis_tready"),
    ("{OUTPUTS{s_axis_tvalid}} & ~done", "{OUTPUTS{s_axis_tvalid}}"),
    ("{OUTPUTS{s_axis_tvalid}} & ~done", "{OUTPUTS{s_axis_tvalid && s_axis_tready}} & ~done"),
    ("      done <= 0;\n", "      if (done === {OUTPUTS{1'bx}}) done <= 0;\n"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"WIDTH": rng.randint(1, 100), "OUTPUTS": rng.randint(1, 6)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_fork", EDGES, draw, 3, 20))
def test_krl_fork(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_fork", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_fork", EDGES, mutation)
