# SPDX-License-Identifier: Apache-2.0
"""krl_issue and generated constants: one weight, zeros, negated columns, few credits, all kinds of inputs."""

import json
from random import Random
from typing import Any

import numpy as np
import pytest

from common.runner import TestsFailedError, assert_caught, parameter_sets, run
from kerilog.emit.verilog import products_text
from kerilog.exact.intervals import signed_bits
from kerilog.exact.shift_add_search import shift_add

# shape and bits of the matrix, range of the inputs; KIND 1: mostly zeros, 2: one column and its negative
EDGES: list[dict[str, Any]] = [
    {"INPUTS": 1, "UNITS": 1, "W_BITS": 8, "LOW": -128, "HIGH": 127, "CREDITS": 1, "KIND": 0},
    {"INPUTS": 9, "UNITS": 2, "W_BITS": 8, "LOW": -128, "HIGH": 127, "CREDITS": 12, "KIND": 0},
    {"INPUTS": 6, "UNITS": 5, "W_BITS": 8, "LOW": 0, "HIGH": 127, "CREDITS": 12, "KIND": 1},
    {"INPUTS": 5, "UNITS": 2, "W_BITS": 8, "LOW": -128, "HIGH": 127, "CREDITS": 3, "KIND": 2},
    {"INPUTS": 8, "UNITS": 3, "W_BITS": 2, "LOW": 0, "HIGH": 1, "CREDITS": 8, "KIND": 0},
    {"INPUTS": 3, "UNITS": 4, "W_BITS": 16, "LOW": -32768, "HIGH": 32767, "CREDITS": 16, "KIND": 0},
    {"INPUTS": 4, "UNITS": 3, "W_BITS": 4, "LOW": -100, "HIGH": -3, "CREDITS": 5, "KIND": 1},
]

MUTATIONS = [
    ("credits != 0", "1'b1"),
    ("s_axis_tvalid && s_axis_tready", "s_axis_tvalid"),
    ("shifted[LATENCY];", "shifted[LATENCY-1];"),
    ("if (issue && !result_taken)", "if (issue)"),
    ("else if (result_taken && !issue)", "else if (result_taken)"),
    ("      valid_pipe <= 0;\n", "      if (valid_pipe === {LATENCY{1'bx}}) valid_pipe <= 0;\n"),
    (
        "      credits <= ALL_CREDITS[CREDIT_BITS-1:0];\n",
        "      if (credits === {CREDIT_BITS{1'bx}}) credits <= ALL_CREDITS[CREDIT_BITS-1:0];\n",
    ),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a case."""
    bits = rng.randint(2, 12)
    low = rng.choice([0, -(1 << (bits - 1))])
    return {
        "INPUTS": rng.randint(1, 12),
        "UNITS": rng.randint(1, 6),
        "W_BITS": rng.randint(2, 12),
        "LOW": low,
        "HIGH": (1 << (bits - 1)) - 1,
        "CREDITS": rng.choice([1, 2, 3, 20]),
        "KIND": rng.randint(0, 2),
    }


def matrix_of(case: dict[str, Any]) -> np.ndarray:
    """Draw the matrix of a case."""
    rng = np.random.default_rng(sorted(abs(value) for value in case.values()))
    half = 1 << (case["W_BITS"] - 1)
    matrix = rng.integers(-half, half, (case["INPUTS"], case["UNITS"]))
    if case["KIND"] == 1:
        matrix *= rng.random(matrix.shape) < 0.3
    if case["KIND"] == 2:
        matrix[:] = matrix[:, :1] * rng.choice([-1, 1], case["UNITS"])
    return matrix


def setting(case: dict[str, Any], wrong: int = 0) -> dict[str, Any]:
    """What a run of ``case`` takes; ``wrong`` is added to one weight of the Verilog."""
    matrix = matrix_of(case)
    flawed = matrix.copy()
    flawed[0, 0] += wrong
    graph = shift_add(flawed, case["LOW"], case["HIGH"])
    x_bits = signed_bits(case["LOW"], case["HIGH"])
    parameters = {
        "INPUTS": case["INPUTS"],
        "UNITS": case["UNITS"],
        "X_BITS": x_bits,
        "SUM_BITS": graph.bits,
        "LATENCY": graph.depth,
        "CREDITS": case["CREDITS"],
    }
    text = products_text(graph, x_bits, graph.bits, "products", "drawn", "a bench")
    values = {"matrix": matrix.tolist(), "low": case["LOW"], "high": case["HIGH"]}
    files = {"products.v": text, "case.json": json.dumps(values)}
    return {"parameters": parameters, "files": files, "toplevel": "issued_products"}


@pytest.mark.parametrize("case", parameter_sets("krl_issue", EDGES, draw, 6, 60))
def test_krl_issue(case: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_issue", **setting(case))


def test_a_wrong_weight_is_caught() -> None:
    """The bench fails on constants that are not the matrix."""
    options = setting(EDGES[1], wrong=1)
    with pytest.raises(TestsFailedError, match="expected"):
        run("krl_issue", **options)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    for case in EDGES[:4]:
        options = setting(case)
        try:
            assert_caught("krl_issue", [options.pop("parameters")], mutation, **options)
        except AssertionError:
            continue
        return
    pytest.fail(f"{mutation[1]!r} passes the bench")
