# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_serial: adders and a multiplier, one offset and two, few and many steps, narrow codes."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "LANES PERIOD STEPS DIGIT_BITS DSP SIDES HIGH_BITS ACC_BITS SUM_BITS BITS SHIFT ZERO_POINT"
    " CLAMP_MIN CLAMP_MAX",
    (1, 1, 12, 2, 0, 1, 2, 24, 25, 8, 0, 0, -128, 127),
    (2, 3, 6, 4, 0, 2, 3, 20, 22, 8, 4, -128, -128, 127),
    (1, 5, 2, 17, 1, 1, 5, 22, 20, 8, 9, 1, -100, 127),
    (2, 2, 3, 9, 1, 2, 4, 12, 16, 5, 0, -3, -16, 15),
    (1, 4, 1, 6, 0, 1, 14, 10, 16, 2, 5, 0, -1, 1),
    (1, 2, 16, 2, 0, 1, 1, 22, 14, 8, 0, 5, 5, 127),
)

BUGS = [
    Bug("twice for once", "one", "!=", "=="),
    Bug("no double", "multiple", ": two ? {accumulator, 1'b0}"),
    Bug("never subtracts", "subtrahend", "!negative", "1'b1"),
    Bug("no carry of the sign", "sum", "!negative}", "1'b0}"),
    Bug("digit without the bit below", "bits", "below", "1'b0"),
    Bug("bit below of the channel before", "below", "1'b0", "digit[DIGIT_BITS-1]"),
    Bug("rest of the channel before", "partial", "(advance && digit_valid && digit_is_last)", "1'b0"),
    Bug("carry of the channel before", "low", "carry && !first_digit", "carry"),
    Bug("no carry from digit to digit", "low", "carry && !first_digit", "1'b0"),
    Bug("no carry into the sum", "g_side.sum", "{high_wide, carry}", "{high_wide, 1'b0}"),
    Bug("lowest part first", "high", "{high_part, high[STEPS*HIGH_BITS-1:HIGH_BITS]}", "high_part"),
    Bug("high part without a sign", "high_wide", "high[STEPS*HIGH_BITS-1]", "1'b0"),
    Bug("product without a sign", "product_wide", "product[ACC_BITS-1]", "1'b0"),
    Bug("signed digits for a multiplier", "multiply_digit", "{1'b0, digit}", "{digit[DIGIT_BITS-1], digit}"),
    Bug("offset a digit early", "g_sides.sides", "[DELAY*", "[(DELAY-1)*"),
    Bug("negative rows are inverted only", "lacks_one", "g_row[0].negative", "1'b0"),
    Bug("first row not inverted", "inverted", "{negative}", "{1'b0}"),
    Bug("rest without a sign", "g_dsp.total", "partial[ACC_BITS-1]", "1'b0"),
    Bug(
        "always the first offset",
        "g_choose.chosen",
        "results[RESULT_BITS +: RESULT_BITS]",
        "results[0 +: RESULT_BITS]",
    ),
    Bug("lower clamp after the zero point", "LOWEST", "CLAMP_MIN - ZERO_POINT", "CLAMP_MIN"),
    Bug("no upper clamp", "code", ": (chosen > highest) ? CLAMP_MAX[BITS-1:0]"),
    Bug("a lower clamp too high", "code", "chosen < lowest", "chosen <= lowest + 1"),
    Bug("no zero point", "code", "+ ZERO_POINT[BITS-1:0]"),
    Bug("first word is not read ahead", "constant_enable", "|| !primed"),
    Bug("constants move while steps stop", "constant_enable", "multiply", "s_axis_tvalid"),
    Bug(
        "words run on",
        "address",
        "(address == LAST_WORD[ADDRESS_BITS-1:0]) ? 0 : address + 1'b1",
        "address + 1'b1",
    ),
    Bug("takes a beat at once", "s_axis_tready", "&& step_is_last"),
    Bug("steps past a waiting result", "advance", "result_free ||", "1'b1 ||"),
    Bug("result overtakes a waiting code", "result_free", "code_free ||", "1'b1 ||"),
    Bug("an early digit counts", "g_behind_multiplier.digit_is_last", "[DELAY]", "[DELAY-1]"),
    survives_reset("primed", "1'b0"),
    survives_reset("address"),
    survives_reset("step"),
    survives_reset("product_valid", "1'b0"),
    survives_reset("result_valid", "1'b0"),
    survives_reset("m_axis_tvalid", "1'b0"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    dsp, bits = rng.randint(0, 1), rng.randint(2, 12)
    digit_bits = rng.randint(2, 17) if dsp else 2 * rng.randint(1, 4)
    steps, shift = rng.randint(1, 40 // digit_bits), rng.randint(0, 10)
    acc_bits = rng.randint(max(2, shift + bits + 2 - steps * digit_bits), 28)
    # room in the sum for a multiplier of one bit at least
    sum_bits = max(shift + bits + 1, acc_bits + 2 - steps * digit_bits, 3) + rng.randint(0, 12)
    ends = sorted(rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for _ in range(2))
    return {
        "LANES": rng.randint(1, 3),
        "PERIOD": rng.randint(1, 9),
        "STEPS": steps,
        "DIGIT_BITS": digit_bits,
        "DSP": dsp,
        "SIDES": rng.randint(1, 2),
        "HIGH_BITS": rng.randint(1, 5),
        "ACC_BITS": acc_bits,
        "SUM_BITS": sum_bits,
        "BITS": bits,
        "SHIFT": shift,
        "ZERO_POINT": rng.choice([ends[0], ends[1], rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)]),
        "CLAMP_MIN": ends[0],
        "CLAMP_MAX": ends[1],
    }


test_krl_requantize_serial, test_a_seeded_bug_is_caught = module_tests(
    "krl_requantize_serial", EDGES, draw, BUGS, drawn=10, full=60
)
