# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_affine: with and without tilt, zero points at both ends, narrow codes, shift 1."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {
        "LANES": 1,
        "BEATS": 1,
        "ACC_BITS": 24,
        "MULTIPLIER_BITS": 18,
        "OFFSET_BITS": 32,
        "TILT_BITS": 0,
        "TOTAL_BITS": 44,
        "BITS": 8,
        "SHIFT": 24,
        "ZERO_POINT": 0,
        "CLAMP_MIN": -128,
        "CLAMP_MAX": 127,
    },
    {
        "LANES": 2,
        "BEATS": 3,
        "ACC_BITS": 20,
        "MULTIPLIER_BITS": 31,
        "OFFSET_BITS": 48,
        "TILT_BITS": 30,
        "TOTAL_BITS": 53,
        "BITS": 8,
        "SHIFT": 38,
        "ZERO_POINT": -128,
        "CLAMP_MIN": -128,
        "CLAMP_MAX": 127,
    },
    {
        "LANES": 1,
        "BEATS": 5,
        "ACC_BITS": 10,
        "MULTIPLIER_BITS": 1,
        "OFFSET_BITS": 2,
        "TILT_BITS": 0,
        "TOTAL_BITS": 12,
        "BITS": 2,
        "SHIFT": 1,
        "ZERO_POINT": 1,
        "CLAMP_MIN": -1,
        "CLAMP_MAX": 1,
    },
    {
        "LANES": 4,
        "BEATS": 2,
        "ACC_BITS": 16,
        "MULTIPLIER_BITS": 16,
        "OFFSET_BITS": 33,
        "TILT_BITS": 4,
        "TOTAL_BITS": 35,
        "BITS": 16,
        "SHIFT": 15,
        "ZERO_POINT": 32767,
        "CLAMP_MIN": -32768,
        "CLAMP_MAX": 20000,
    },
    {
        "LANES": 1,
        "BEATS": 4,
        "ACC_BITS": 22,
        "MULTIPLIER_BITS": 20,
        "OFFSET_BITS": 30,
        "TILT_BITS": 12,
        "TOTAL_BITS": 44,
        "BITS": 8,
        "SHIFT": 30,
        "ZERO_POINT": -5,
        "CLAMP_MIN": -5,
        "CLAMP_MAX": 100,
    },
    {
        "LANES": 2,
        "BEATS": 2,
        "ACC_BITS": 20,
        "MULTIPLIER_BITS": 31,
        "OFFSET_BITS": 48,
        "TILT_BITS": 37,
        "TOTAL_BITS": 53,
        "BITS": 8,
        "SHIFT": 38,
        "ZERO_POINT": 3,
        "CLAMP_MIN": -128,
        "CLAMP_MAX": 127,
    },
]

MUTATIONS = [
    ("total + HALF +", "total +"),
    ("total[TOTAL_BITS-1] ? -wide : wide", "wide"),
    (
        "multiplier <= {1'b0, constants[MULTIPLIER_BITS-1:0]}",
        "multiplier <= {constants[MULTIPLIER_BITS-1], constants[MULTIPLIER_BITS-1:0]}",
    ),
    (">>> SHIFT;", ">> SHIFT;"),
    ("too_low <= rounded < lowest;", "too_low <= rounded <= lowest + 1;"),
    (": too_high ? CLAMP_MAX[BITS-1:0]", ""),
    ("+ ZERO_POINT[BITS-1:0]", ""),
    ("CLAMP_MIN - ZERO_POINT", "CLAMP_MIN"),
    ("(beat == LAST_BEAT[ADDRESS_BITS-1:0]) ? 0 : beat + 1'b1", "beat + 1'b1"),
    ("assign constant_enable = advance;", "assign constant_enable = 1'b1;"),
    ("if (s_axis_tvalid) begin", "begin"),
    ("tilt_3 <= tilt_2;", "tilt_3 <= constants[MULTIPLIER_BITS+OFFSET_BITS +: TILT_BITS];"),
    ("      beat <= 0;\n    end\n", "      if (beat === {ADDRESS_BITS{1'bx}}) beat <= 0;\n    end\n"),
    ("      valid_pipe <= 0;\n", "      if (valid_pipe === 8'bx) valid_pipe <= 0;\n"),
    ("product_wide + offset_wide", "product_wide - offset_wide"),
    ("offset_3 <= offset_2;", "offset_3 <= constants[MULTIPLIER_BITS +: OFFSET_BITS];"),
    ("{(TOTAL_BITS-OFFSET_BITS+1){offset_4[OFFSET_BITS-1]}}", "{(TOTAL_BITS-OFFSET_BITS+1){1'b0}}"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    bits, acc_bits, multiplier_bits = rng.randint(2, 16), rng.randint(2, 30), rng.randint(1, 31)
    offset_bits = rng.randint(2, acc_bits + multiplier_bits + 2)
    shift = rng.randint(1, acc_bits + multiplier_bits)
    tilt_bits = rng.choice([0, rng.randint(1, shift)])
    # the product, then each term that is added to it, may need a bit more
    total_bits = max(acc_bits + multiplier_bits, offset_bits, shift, bits, tilt_bits) + 3
    ends = sorted(rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for _ in range(2))
    return {
        "LANES": rng.randint(1, 4),
        "BEATS": rng.randint(1, 9),
        "ACC_BITS": acc_bits,
        "MULTIPLIER_BITS": multiplier_bits,
        "OFFSET_BITS": offset_bits,
        "TILT_BITS": tilt_bits,
        "TOTAL_BITS": total_bits,
        "BITS": bits,
        "SHIFT": shift,
        "ZERO_POINT": rng.choice([ends[0], ends[1], rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)]),
        "CLAMP_MIN": ends[0],
        "CLAMP_MAX": ends[1],
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_requantize_affine", EDGES, draw, 10, 60))
def test_krl_requantize_affine(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_requantize_affine", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_requantize_affine", EDGES, mutation)
