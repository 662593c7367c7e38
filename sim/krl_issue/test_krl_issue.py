# SPDX-License-Identifier: Apache-2.0
"""krl_issue and generated constants: one weight, zeros, negated columns, few credits, all kinds of inputs."""

import json
from random import Random
from typing import Any

import numpy as np
import pytest

from common.bugs import Bug, survives_reset
from common.runner import TestsFailedError, module_tests, run, table
from kerilog.emit.verilog import products_text
from kerilog.exact.intervals import signed_bits
from kerilog.exact.shift_add_search import shift_add

# shape and bits of the matrix, range of the inputs; KIND 1: mostly zeros, 2: one column and its negative
EDGES = table(
    "INPUTS OUTPUTS W_BITS LOW HIGH CREDITS KIND",
    (1, 1, 8, -128, 127, 1, 0),
    (9, 2, 8, -128, 127, 12, 0),
    (6, 5, 8, 0, 127, 12, 1),
    (5, 2, 8, -128, 127, 3, 2),
    (8, 3, 2, 0, 1, 8, 0),
    (3, 4, 16, -32768, 32767, 16, 0),
    (4, 3, 4, -100, -3, 5, 1),
)

BUGS = [
    Bug("issues without credit", "s_axis_tready", "credits != 0", "1'b1"),
    Bug("issues without ready", "issue", "&& s_axis_tready"),
    Bug("results a cycle early", "result_tvalid", "shifted[LATENCY]", "shifted[LATENCY-1]"),
    Bug("a credit too few", "credits", "issue && !result_taken", "issue"),
    Bug("a credit too many", "credits", "result_taken && !issue", "result_taken"),
    survives_reset("valid_pipe"),
    survives_reset("credits", "ALL_CREDITS[CREDIT_BITS-1:0]"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a case."""
    bits = rng.randint(2, 12)
    low = rng.choice([0, -(1 << (bits - 1))])
    return {
        "INPUTS": rng.randint(1, 12),
        "OUTPUTS": rng.randint(1, 6),
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
    matrix = rng.integers(-half, half, (case["INPUTS"], case["OUTPUTS"]))
    if case["KIND"] == 1:
        matrix *= rng.random(matrix.shape) < 0.3
    if case["KIND"] == 2:
        matrix[:] = matrix[:, :1] * rng.choice([-1, 1], case["OUTPUTS"])
    return matrix


def setting(case: dict[str, Any], wrong: int = 0) -> dict[str, Any]:
    """Return what a run of `case` needs; `wrong` is added to one weight of the Verilog."""
    matrix = matrix_of(case)
    flawed = matrix.copy()
    flawed[0, 0] += wrong
    graph = shift_add(flawed, case["LOW"], case["HIGH"])
    x_bits = signed_bits(case["LOW"], case["HIGH"])
    parameters = {
        "INPUTS": case["INPUTS"],
        "OUTPUTS": case["OUTPUTS"],
        "X_BITS": x_bits,
        "SUM_BITS": graph.bits,
        "LATENCY": graph.depth,
        "CREDITS": case["CREDITS"],
    }
    text = products_text(graph, x_bits, graph.bits, "products", "drawn", "a bench")
    values = {"matrix": matrix.tolist(), "low": case["LOW"], "high": case["HIGH"]}
    files = {"products.v": text, "case.json": json.dumps(values)}
    return {"parameters": parameters, "files": files, "toplevel": "issued_products"}


test_krl_issue, test_a_seeded_bug_is_caught = module_tests(
    "krl_issue", EDGES, draw, BUGS, drawn=6, full=60, setting=setting
)


def test_a_wrong_weight_is_caught() -> None:
    """The bench fails if the constants are not those of the matrix."""
    options = setting(EDGES[1], wrong=1)
    with pytest.raises(TestsFailedError, match="expected"):
        run("krl_issue", **options)
