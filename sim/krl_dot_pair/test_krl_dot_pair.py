# SPDX-License-Identifier: Apache-2.0
"""krl_dot_pair: one product, odd counts, operands of unequal widths, and every 8-bit pair there is."""

import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from common.bugs import Bug
from common.runner import RTL, module_tests, table

EDGES = table(
    "SIMD X_BITS W_BITS",
    (1, 8, 8),
    (4, 8, 8),
    (3, 2, 2),
    (7, 16, 3),
    (9, 4, 16),
)

BUGS = [
    Bug("no constant that keeps the low product apart", "pair", "product + HALF", "product"),
    Bug(
        "the constant stays in the low product", "products_0", "~pair[PRODUCT_BITS-1]", "pair[PRODUCT_BITS-1]"
    ),
    Bug("low weight without its sign", "weight_0", "{low[W_BITS-1]}", "{1'b0}"),
    Bug("high weight without its sign", "weight_1", "{high[W_BITS-1],", "{1'b0,"),
    Bug("no bit for the sum of the weights", "WEIGHT_BITS", "+ W_BITS + 1", "+ W_BITS"),
    Bug(
        "sum of the weights not held", "product", "weights * activation", "(weight_1 + weight_0) * activation"
    ),
    Bug("activation without its sign", "activation", "reg signed", "reg"),
    Bug("the constant twice as large", "HALF", "<< (PRODUCT_BITS - 1)", "<< PRODUCT_BITS"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {"SIMD": rng.randint(1, 20), "X_BITS": rng.randint(2, 16), "W_BITS": rng.randint(2, 16)}


test_krl_dot_pair, test_a_seeded_bug_is_caught = module_tests(
    "krl_dot_pair", EDGES, draw, BUGS, drawn=4, full=30
)


EXHAUSTIVE = """
#include "Vkrl_dot_pair.h"
#include <cstdint>
#include <cstdio>

int main() {
  Vkrl_dot_pair dut;
  uint64_t wrong = 0;
  // the pipeline is drained after every pair of weights: then all activations follow one another
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
        *("--cc", "--exe", "--build", "-O3", "-CFLAGS", "-O2"),
        *("-GSIMD=1", "--top-module", "krl_dot_pair"),
    ]
    subprocess.run(["verilator", *options, *sources], cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run([tmp_path / "obj_dir/Vkrl_dot_pair"], capture_output=True, text=True)
    assert done.stdout == "wrong: 0\n"
