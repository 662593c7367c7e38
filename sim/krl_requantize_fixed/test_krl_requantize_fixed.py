# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_fixed: shifts both ways and none, past the accumulator's end; narrow and wide codes."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

EDGES: list[dict[str, Any]] = [
    {
        "LANES": 1,
        "BEATS": 1,
        "ACC_BITS": 24,
        "BIAS_BITS": 8,
        "BIASED_BITS": 25,
        "BITS": 8,
        "BIAS_SHIFT": 0,
        "SHIFT": 8,
        "CLAMP_MIN": -128,
        "CLAMP_MAX": 127,
    },
    {
        "LANES": 2,
        "BEATS": 3,
        "ACC_BITS": 8,
        "BIAS_BITS": 4,
        "BIASED_BITS": 10,
        "BITS": 2,
        "BIAS_SHIFT": 5,
        "SHIFT": 1,
        "CLAMP_MIN": -2,
        "CLAMP_MAX": 1,
    },
    {
        "LANES": 3,
        "BEATS": 2,
        "ACC_BITS": 12,
        "BIAS_BITS": 16,
        "BIASED_BITS": 17,
        "BITS": 16,
        "BIAS_SHIFT": 0,
        "SHIFT": -5,
        "CLAMP_MIN": 0,
        "CLAMP_MAX": 32767,
    },
    {
        "LANES": 1,
        "BEATS": 5,
        "ACC_BITS": 9,
        "BIAS_BITS": 9,
        "BIASED_BITS": 10,
        "BITS": 8,
        "BIAS_SHIFT": 0,
        "SHIFT": 0,
        "CLAMP_MIN": -100,
        "CLAMP_MAX": -3,
    },
    {
        "LANES": 1,
        "BEATS": 2,
        "ACC_BITS": 7,
        "BIAS_BITS": 2,
        "BIASED_BITS": 8,
        "BITS": 8,
        "BIAS_SHIFT": 0,
        "SHIFT": 8,
        "CLAMP_MIN": -128,
        "CLAMP_MAX": 127,
    },
    {
        "LANES": 1,
        "BEATS": 2,
        "ACC_BITS": 7,
        "BIAS_BITS": 2,
        "BIASED_BITS": 8,
        "BITS": 8,
        "BIAS_SHIFT": 0,
        "SHIFT": 9,
        "CLAMP_MIN": -128,
        "CLAMP_MAX": 127,
    },
    {
        "LANES": 1,
        "BEATS": 2,
        "ACC_BITS": 7,
        "BIAS_BITS": 2,
        "BIASED_BITS": 8,
        "BITS": 4,
        "BIAS_SHIFT": 0,
        "SHIFT": 12,
        "CLAMP_MIN": -8,
        "CLAMP_MAX": 7,
    },
]

MUTATIONS = [
    ("biased[BIASED_BITS-1] ? HALF_DOWN : HALF", "HALF"),
    ("(bias <<< BIAS_SHIFT)", "bias"),
    ("biased[BIASED_BITS-1] ? HALF_DOWN : HALF", "HALF_DOWN"),
    (">>> SHIFT;", ">> SHIFT;"),
    ("wide <<< (-SHIFT)", "wide"),
    ("(SHIFT < 0) ? -SHIFT : 0", "0"),
    ("too_low ? CLAMP_MIN[BITS-1:0]", "too_low ? CLAMP_MAX[BITS-1:0]"),
    (": too_high ? CLAMP_MAX[BITS-1:0]", ""),
    ("(beat == LAST_BEAT[ADDRESS_BITS-1:0]) ? 0 : beat + 1'b1", "beat + 1'b1"),
    ("if (s_axis_tvalid) begin", "begin"),
    ("assign constant_enable = advance;", "assign constant_enable = 1'b1;"),
    ("      beat <= 0;\n    end\n", "      if (beat === {ADDRESS_BITS{1'bx}}) beat <= 0;\n    end\n"),
    ("      valid_pipe <= 0;\n", "      if (valid_pipe === 5'bx) valid_pipe <= 0;\n"),
    ("localparam WIDE_BITS = BIASED_BITS + 1", "localparam WIDE_BITS = BIASED_BITS + 0"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    bits, acc_bits, bias_bits, bias_shift = (
        rng.randint(2, 16),
        rng.randint(2, 30),
        rng.randint(2, 16),
        rng.randint(0, 8),
    )
    biased_bits = max(acc_bits, bias_bits + bias_shift, bits) + 1
    ends = sorted(rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for _ in range(2))
    return {
        "LANES": rng.randint(1, 4),
        "BEATS": rng.randint(1, 9),
        "ACC_BITS": acc_bits,
        "BIAS_BITS": bias_bits,
        "BIASED_BITS": biased_bits,
        "BITS": bits,
        "BIAS_SHIFT": bias_shift,
        "SHIFT": rng.randint(-6, acc_bits + 4),
        "CLAMP_MIN": ends[0],
        "CLAMP_MAX": ends[1],
    }


@pytest.mark.parametrize("parameters", parameter_sets("krl_requantize_fixed", EDGES, draw, 10, 60))
def test_krl_requantize_fixed(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_requantize_fixed", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_requantize_fixed", EDGES, mutation)
