# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_affine: with and without correction, zero points at both ends, narrow codes, shift 1."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "LANES PERIOD ACC_BITS MULTIPLIER_BITS OFFSET_BITS NEGATIVE_CORRECTION_BITS TOTAL_BITS BITS SHIFT"
    " ZERO_POINT CLAMP_MIN CLAMP_MAX",
    (1, 1, 24, 18, 32, 0, 44, 8, 24, 0, -128, 127),
    (2, 3, 20, 31, 48, 30, 53, 8, 38, -128, -128, 127),
    (1, 5, 10, 1, 2, 0, 12, 2, 1, 1, -1, 1),
    (4, 2, 16, 16, 33, 4, 35, 16, 15, 32767, -32768, 20000),
    (1, 4, 22, 20, 30, 12, 44, 8, 30, -5, -5, 100),
    (2, 2, 20, 31, 48, 37, 53, 8, 38, 3, -128, 127),
)

BUGS = [
    Bug("no rounding constant", "g_negative_correction.corrected", "total + HALF +", "total +"),
    Bug(
        "negative correction without the sign",
        "g_negative_correction.corrected",
        "total[TOTAL_BITS-1] ? -wide : wide",
        "wide",
    ),
    Bug("multiplier with a sign", "multiplier", "{1'b0,", "{constants[MULTIPLIER_BITS-1],"),
    Bug("shifts without the sign", "rounded", ">>> SHIFT", ">> SHIFT"),
    Bug("a lower clamp too high", "too_low", "rounded < lowest", "rounded <= lowest + 1"),
    Bug("no upper clamp", "code", ": too_high ? CLAMP_MAX[BITS-1:0]"),
    Bug("no zero point", "unclamped", "+ ZERO_POINT[BITS-1:0]"),
    Bug("lower clamp after the zero point", "LOWEST", "CLAMP_MIN - ZERO_POINT", "CLAMP_MIN"),
    Bug(
        "channels run on",
        "beat",
        "(beat == LAST_BEAT[ADDRESS_BITS-1:0]) ? 0 : beat + 1'b1",
        "beat + 1'b1",
    ),
    Bug("constants move while the pipeline waits", "constant_enable", "= advance", "= 1'b1"),
    Bug("channels advance without a beat", "beat", "if (s_axis_tvalid)"),
    Bug(
        "negative correction a beat early",
        "g_negative_correction.correction",
        "(REGISTERS+1)*",
        "REGISTERS*",
    ),
    survives_reset("beat"),
    survives_reset("valid_pipe"),
    Bug("offset subtracted", "total", "product_wide + offset_wide", "product_wide - offset_wide"),
    Bug("offset a beat early", "offset", "[REGISTERS*", "[(REGISTERS-1)*"),
    Bug("offset extended with zeros", "offset_wide", "{offset[OFFSET_BITS-1]}", "{1'b0}"),
    Bug("a register too few", "REGISTERS", "ACC_BITS > 18", "ACC_BITS > 24"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    bits, acc_bits, multiplier_bits = rng.randint(2, 16), rng.randint(2, 30), rng.randint(1, 31)
    offset_bits = rng.randint(2, acc_bits + multiplier_bits + 2)
    shift = rng.randint(1, acc_bits + multiplier_bits)
    correction_bits = rng.choice([0, rng.randint(1, shift)])
    # the product, then each term that is added to it, may need a bit more
    total_bits = max(acc_bits + multiplier_bits, offset_bits, shift, bits, correction_bits) + 3
    ends = sorted(rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for _ in range(2))
    return {
        "LANES": rng.randint(1, 4),
        "PERIOD": rng.randint(1, 9),
        "ACC_BITS": acc_bits,
        "MULTIPLIER_BITS": multiplier_bits,
        "OFFSET_BITS": offset_bits,
        "NEGATIVE_CORRECTION_BITS": correction_bits,
        "TOTAL_BITS": total_bits,
        "BITS": bits,
        "SHIFT": shift,
        "ZERO_POINT": rng.choice([ends[0], ends[1], rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)]),
        "CLAMP_MIN": ends[0],
        "CLAMP_MAX": ends[1],
    }


test_krl_requantize_affine, test_a_seeded_bug_is_caught = module_tests(
    "krl_requantize_affine", EDGES, draw, BUGS, drawn=10, full=60
)
