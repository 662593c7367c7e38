# SPDX-License-Identifier: Apache-2.0
"""krl_scale: nothing, powers of two, two and three digits of either sign, and more than are added."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

FACTORS = (0, 1, 2, 3, 7, 11, 85, 96, 0b100010001, 0b1000100001 - 4, 0b10101010)
EDGES: list[dict[str, Any]] = [
    {"X_BITS": 8, "BITS": 20, "FACTOR": factor, "OFFSET": 77777 * factor & 0xFFFFF} for factor in FACTORS
] + [
    {"X_BITS": 1, "BITS": 3, "FACTOR": 1, "OFFSET": 0},
    {"X_BITS": 3, "BITS": 11, "FACTOR": 85, "OFFSET": 1999},
    {"X_BITS": 16, "BITS": 48, "FACTOR": 1234567, "OFFSET": 987654321},
]

MUTATIONS = [
    ("((MINUS & DIGIT_2) != 0)", "1'b0"),
    ("((MINUS & DIGIT_1) != 0)", "1'b0"),
    ("(DIGIT_3 == 0) ? 0 :", "1'b1 ? 0 :"),
    ("{{(BITS-X_BITS){x[X_BITS-1]}}, x}", "{{(BITS-X_BITS){1'b0}}, x}"),
    ("LESS_3 == 0", "1'b1"),
    ("default: share = (is_top ? start - (FACTOR << 3)", "default: share = (is_top ? start + (FACTOR << 3)"),
    ("(NIBBLES > 1) ? {BITS{1'b0}} : OFFSET", "{BITS{1'b0}}"),
    ("share(padded[3:0], 1'b0, OFFSET)", "share(padded[3:0], 1'b0, {BITS{1'b0}})"),
    ("TIMES_5 = FACTOR + (FACTOR << 2)", "TIMES_5 = FACTOR + (FACTOR << 1)"),
    ("n < NIBBLES - 1", "n < NIBBLES - 2"),
    ("product + OFFSET", "product"),
    ("{{(4*NIBBLES-X_BITS){x[X_BITS-1]}}, x}", "{{(4*NIBBLES-X_BITS){1'b0}}, x}"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    x_bits, size = rng.randint(1, 18), rng.randint(1, 24)
    return {
        "X_BITS": x_bits,
        "BITS": x_bits + size + 2,
        "FACTOR": rng.getrandbits(size),
        "OFFSET": rng.getrandbits(x_bits + size),
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_scale", EDGES, draw, 4, 40))
def test_krl_scale(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_scale", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_scale", EDGES, mutation)
