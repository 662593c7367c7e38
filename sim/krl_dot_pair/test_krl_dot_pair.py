# SPDX-License-Identifier: Apache-2.0
"""krl_dot_pair: one product, odd counts, operands of unequal widths, and every 8-bit pair there is."""

import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from common.runner import RTL, assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {"SIMD": 1, "X_BITS": 8, "W_BITS": 8},
    {"SIMD": 4, "X_BITS": 8, "W_BITS": 8},
    {"SIMD": 3, "X_BITS": 2, "W_BITS": 2},
    {"SIMD": 7, "X_BITS": 16, "W_BITS": 3},
    {"SIMD": 9, "X_BITS": 4, "W_BITS": 16},
]

MUTATIONS = [
    ("pair <= product + HALF;", "pair <= product;"),
    ("{~pair[PRODUCT_BITS-1], pair[PRODUCT_BITS-2:0]}", "pair[PRODUCT_BITS-1:0]"),
    ("{{(PRODUCT_BITS+1){low[W_BITS-1]}}, low}", "{{(PRODUCT_BITS+1){1'b0}}, low}"),
    ("{high[W_BITS-1], high,", "{1'b0, high,"),
    (
        "localparam WEIGHT_BITS = PRODUCT_BITS + W_BITS + 1;",
        "localparam WEIGHT_BITS = PRODUCT_BITS + W_BITS;",
    ),
    ("product <= weights * activation;", "product <= (weight_1 + weight_0) * activation;"),
    ("reg signed [X_BITS-1:0] activation", "reg [X_BITS-1:0] activation"),
    ("<< (PRODUCT_BITS - 1);", "<< PRODUCT_BITS;"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"SIMD": rng.randint(1, 20), "X_BITS": rng.randint(2, 16), "W_BITS": rng.randint(2, 16)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_dot_pair", EDGES, draw, 4, 30))
def test_krl_dot_pair(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_dot_pair", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_dot_pair", EDGES, mutation)


EXHAUSTIVE = """
#include "Vkrl_dot_pair.h"
#include <cstdint>
#include <cstdio>

int main() {
  Vkrl_dot_pair dut;
  uint64_t wrong = 0;
  // the pipeline is emptied behind every pair of weights: then all activations follow one another
  for (int w0 = -128; w0 < 128; w0++) {
    for (int w1 = -128; w1 < 128; w1++) {
      dut.w_0 = w0 & 255;
      dut.w_1 = w1 & 255;
      for (int step = -128; step < 128 + 5; step++) {
        dut.x = step & 255;
        dut.clk = 0; dut.eval();
        dut.clk = 1; dut.eval();
        int x = step - 2;  // the registers of x, of the product, and the one behind it
        if (step >= -128 + 4 && x < 128)
          wrong += int16_t(dut.sum_0) != x * w0 || int16_t(dut.sum_1) != x * w1;
      }
    }
  }
  printf("wrong: %llu\\n", (unsigned long long)wrong);
  return wrong != 0;
}
"""


@pytest.mark.skipif(not shutil.which("verilator"), reason="verilator is not installed")
def test_every_pair_of_8_bit_products(tmp_path: Path) -> None:
    """All 2**24 combinations of two weights and an activation."""
    (tmp_path / "main.cpp").write_text(EXHAUSTIVE)
    sources = [str(RTL / "krl_dot_pair.v"), str(RTL / "krl_adder_tree.v"), "main.cpp"]
    options = [
        "--cc",
        "--exe",
        "--build",
        "-O3",
        "-CFLAGS",
        "-O2",
        "-GSIMD=1",
        "--top-module",
        "krl_dot_pair",
    ]
    subprocess.run(["verilator", *options, *sources], cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run([tmp_path / "obj_dir/Vkrl_dot_pair"], capture_output=True, text=True)
    assert done.stdout == "wrong: 0\n"
