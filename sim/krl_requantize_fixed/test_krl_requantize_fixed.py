# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_fixed: shifts both ways and none, past the accumulator's end; narrow and wide codes."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "LANES PERIOD ACC_BITS BIAS_BITS BIASED_BITS BITS BIAS_SHIFT SHIFT CLAMP_MIN CLAMP_MAX",
    (1, 1, 24, 8, 25, 8, 0, 8, -128, 127),
    (2, 3, 8, 4, 10, 2, 5, 1, -2, 1),
    (3, 2, 12, 16, 17, 16, 0, -5, 0, 32767),
    (1, 5, 9, 9, 10, 8, 0, 0, -100, -3),
    (1, 2, 7, 2, 8, 8, 0, 8, -128, 127),
    (1, 2, 7, 2, 8, 8, 0, 9, -128, 127),
    (1, 2, 7, 2, 8, 4, 0, 12, -8, 7),
)

BUGS = [
    Bug("rounds halves up", "moved", "biased[BIASED_BITS-1] ? HALF_DOWN : HALF", "HALF"),
    Bug("rounds halves down", "moved", "biased[BIASED_BITS-1] ? HALF_DOWN : HALF", "HALF_DOWN"),
    Bug("bias not shifted", "sum", "bias <<< BIAS_SHIFT", "bias"),
    Bug("shifts without the sign", "moved", ">>> SHIFT", ">> SHIFT"),
    Bug("no shift to the left", "moved", "wide <<< (-SHIFT)", "wide"),
    Bug("no room for a shift to the left", "WIDE_BITS", "(SHIFT < 0) ? -SHIFT : 0", "0"),
    Bug("clamps to the wrong end", "code", "too_low ? CLAMP_MIN[BITS-1:0]", "too_low ? CLAMP_MAX[BITS-1:0]"),
    Bug("no upper clamp", "code", ": too_high ? CLAMP_MAX[BITS-1:0]"),
    Bug(
        "channels run on",
        "beat",
        "(beat == LAST_BEAT[ADDRESS_BITS-1:0]) ? 0 : beat + 1'b1",
        "beat + 1'b1",
    ),
    Bug("channels advance without a beat", "beat", "if (s_axis_tvalid)"),
    Bug("constants move while the pipeline waits", "constant_enable", "= advance", "= 1'b1"),
    survives_reset("beat"),
    survives_reset("valid_pipe"),
    Bug("no bit for the rounding constant", "WIDE_BITS", "BIASED_BITS + 1", "BIASED_BITS + 0"),
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
        "PERIOD": rng.randint(1, 9),
        "ACC_BITS": acc_bits,
        "BIAS_BITS": bias_bits,
        "BIASED_BITS": biased_bits,
        "BITS": bits,
        "BIAS_SHIFT": bias_shift,
        "SHIFT": rng.randint(-6, acc_bits + 4),
        "CLAMP_MIN": ends[0],
        "CLAMP_MAX": ends[1],
    }


test_krl_requantize_fixed, test_a_seeded_bug_is_caught = module_tests(
    "krl_requantize_fixed", EDGES, draw, BUGS, drawn=10, full=60
)
