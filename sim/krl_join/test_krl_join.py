# SPDX-License-Identifier: Apache-2.0
"""krl_join: all functions; narrow and wide codes, zero points at both ends, products no wider than needed."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests


def extreme(
    function: int, bits: int = 8, clamp: tuple[int, int] = (-128, 127), lanes: int = 1
) -> dict[str, Any]:
    """Return the parameters of a maximum (0) or a minimum (1)."""
    return {
        "LANES": lanes,
        "FUNCTION": function,
        "LEFT_BITS": bits,
        "RIGHT_BITS": bits,
        "BITS": bits,
        "CLAMP_MIN": clamp[0],
        "CLAMP_MAX": clamp[1],
    }


def product(
    bits: tuple[int, int] = (8, 8), zeros: tuple[int, int] = (0, 0), lanes: int = 1
) -> dict[str, Any]:
    """Return the parameters of a product, with as many bits as all pairs of codes need."""
    ends = [
        [code - zero for code in (-(1 << (width - 1)), (1 << (width - 1)) - 1)]
        for width, zero in zip(bits, zeros, strict=True)
    ]
    corners = [x * y for x in ends[0] for y in ends[1]]
    widest = max(max(corners), ~min(corners))
    return {
        "LANES": lanes,
        "FUNCTION": 2,
        "LEFT_BITS": bits[0],
        "RIGHT_BITS": bits[1],
        "BITS": widest.bit_length() + 1,
        "LEFT_ZERO": zeros[0],
        "RIGHT_ZERO": zeros[1],
    }


EDGES: list[dict[str, Any]] = [
    extreme(0),
    extreme(1, clamp=(-100, 5), lanes=3),
    extreme(0, 5, (-3, 15), 2),
    extreme(1, 16, (-32768, 32767)),
    product(),
    product(zeros=(-128, 127), lanes=2),
    product((16, 12), (0, 0)),
    product((4, 6), (7, -32), 3),
]

BUGS = [
    Bug("the larger is the smaller", "left_wins", "? x < y : x > y", "? x > y : x < y"),
    Bug("compares without signs", "left_wins", "x > y", "$unsigned(x) > $unsigned(y)"),
    Bug("no lower clamp", "code", "(chosen < lowest) ? lowest :"),
    Bug("no upper clamp", "code", "(chosen > highest) ? highest :"),
    Bug("x with its zero point", "g_product.x", "- LEFT_ZERO[LEFT_BITS:0]"),
    Bug("y with its zero point", "g_product.y", "- RIGHT_ZERO[RIGHT_BITS:0]"),
    Bug("x without its sign", "g_product.x", "{left[LEFT_BITS-1], left}", "{1'b0, left}"),
    Bug("squares", "multiply", ".b(y)", ".b(x)"),
    Bug("the left beat does not wait for the right one", "s0_axis_tready", "&& s1_axis_tvalid"),
    Bug("the right beat does not wait for the left one", "s1_axis_tready", "&& s0_axis_tvalid"),
    Bug("valid without a right beat", "valid_pipe", "s0_axis_tvalid && s1_axis_tvalid", "s0_axis_tvalid"),
    Bug("valid a cycle early", "m_axis_tvalid", "valid_pipe[2]", "valid_pipe[1]"),
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("valid waits for ready", "advance", "|| !m_axis_tvalid"),
    survives_reset("valid_pipe"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    lanes = rng.randint(1, 3)
    if rng.random() < 0.5:
        bits = rng.randint(2, 16), rng.randint(2, 16)
        zeros = [rng.choice([0, rng.randint(-(1 << (n - 1)), (1 << (n - 1)) - 1)]) for n in bits]
        return product(bits, (zeros[0], zeros[1]), lanes)
    bits_of_all = rng.randint(2, 16)
    ends = [rng.randint(-(1 << (bits_of_all - 1)), (1 << (bits_of_all - 1)) - 1) for _ in range(2)]
    return extreme(rng.randint(0, 1), bits_of_all, (min(ends), max(ends)), lanes)


test_krl_join, test_a_seeded_bug_is_caught = module_tests("krl_join", EDGES, draw, BUGS, drawn=4, full=30)
