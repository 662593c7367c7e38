# SPDX-License-Identifier: Apache-2.0
"""krl_scale: zero, powers of two, two and three digits of either sign, and too many digits to add."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

FACTORS = (0, 1, 2, 3, 7, 11, 85, 96, 0b100010001, 0b1000100001 - 4, 0b10101010)
EDGES = table(
    "X_BITS BITS FACTOR OFFSET",
    *((8, 20, factor, 77777 * factor & 0xFFFFF) for factor in FACTORS),
    (1, 3, 1, 0),
    (3, 11, 85, 1999),
    (16, 48, 1234567, 987654321),
)

BUGS = [
    Bug("second digit without its sign", "g_add.upper", "(MINUS & DIGIT_2) != 0", "1'b0"),
    Bug("first digit without its sign", "g_add.product", "(MINUS & DIGIT_1) != 0", "1'b0"),
    Bug("no third digit", "share_3", "DIGIT_3 == 0", "1'b1"),
    Bug("x without its sign", "g_add.wide", "{x[X_BITS-1]}", "{1'b0}"),
    Bug("never a table", "g_add", "LESS_3 == 0", "1'b1"),
    Bug("the sign adds", "share", "default: share = (is_top ? start -", "default: share = (is_top ? start +"),
    Bug("no offset of one nibble", "sum", "(NIBBLES > 1) ? {BITS{1'b0}} : OFFSET", "{BITS{1'b0}}"),
    Bug("no offset of several nibbles", "sum", "1'b0, OFFSET", "1'b0, {BITS{1'b0}}"),
    Bug("5 times is 3 times", "TIMES_5", "FACTOR << 2", "FACTOR << 1"),
    Bug("one nibble too few", "sum", "n < NIBBLES - 1", "n < NIBBLES - 2"),
    Bug("no offset of a sum", "g_add.y", "+ OFFSET"),
    Bug("nibbles without the sign", "padded", "{x[X_BITS-1]}", "{1'b0}"),
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


test_krl_scale, test_a_seeded_bug_is_caught = module_tests("krl_scale", EDGES, draw, BUGS, drawn=4, full=40)
