# SPDX-License-Identifier: Apache-2.0
"""The Verilog of constant matrices, of all shapes and widths, says nothing that a linter has a word about."""

import subprocess
from pathlib import Path
from random import Random

import numpy as np
import pytest

from kerilog.emit.verilog import products_text
from kerilog.exact.shift_add_search import shift_add


@pytest.mark.parametrize("seed", range(24))
def test_verilator_is_silent(seed: int, tmp_path: Path) -> None:
    rng = Random(seed)
    x_bits, half = rng.randint(2, 9), 1 << rng.randint(1, 9)
    low = rng.choice([0, -(1 << (x_bits - 1)), -3])
    high = rng.choice([(1 << (x_bits - 1)) - 1, 1])
    shape = rng.randint(1, 30), rng.randint(1, 12)
    matrix = np.random.default_rng(seed).integers(-half, half, shape)
    matrix *= np.random.default_rng(seed + 1).random(shape) < rng.choice([0.2, 0.7, 1.0])
    graph = shift_add(matrix, low, high)

    path = tmp_path / "products.v"
    path.write_text(products_text(graph, x_bits, graph.bits, "products", "dense", "net"))
    found = subprocess.run(
        ["verilator", "--lint-only", "-Wall", str(path)], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, ""), f"seed {seed}, {shape}, codes {low} to {high}"
