# SPDX-License-Identifier: Apache-2.0
"""krl_add: wiring, adders and multipliers; both signs, no shift, narrow and wide codes."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import SEED, hex_words, module_tests
from krl_scale.test_krl_scale import BUGS as SCALE_BUGS

# bugs of krl_scale that its place in a sum does not hide
SEEN_IN_SUMS = (
    "second digit without its sign",
    "first digit without its sign",
    "no third digit",
    "x without its sign",
)


def parameters_of(
    factors: tuple[int, int],
    rounding: tuple[int, int, int],
    shift: int,
    bits: tuple[int, int, int] = (8, 8, 8),
    clamp: tuple[int, int] = (-128, 127),
    subtract: int = 0,
    lanes: int = 1,
    table: int = 0,
) -> dict[str, Any]:
    """Return the parameters; `rounding` holds the offset and the constants of both signs."""
    largest = sum(factor << (width - 1) for factor, width in zip(factors, bits, strict=False))
    total_bits = (largest + 2 * max(map(abs, rounding))).bit_length() + 2
    total_bits = max(total_bits, max(bits) + 2, shift + 1)
    mask = (1 << total_bits) - 1
    offset, positive, negative = (value & mask for value in rounding)
    return {
        "LANES": lanes,
        "LEFT_BITS": bits[0],
        "RIGHT_BITS": bits[1],
        "TOTAL_BITS": total_bits,
        "BITS": bits[2],
        "LEFT_FACTOR": factors[0],
        "RIGHT_FACTOR": factors[1],
        "SUBTRACT": subtract,
        "OFFSET": offset,
        "ROUND_POSITIVE": positive,
        "ROUND_NEGATIVE": negative,
        "SHIFT": shift,
        "TABLE": table,
        "FILE": "table.hex",
        "CLAMP_MIN": clamp[0],
        "CLAMP_MAX": clamp[1],
    }


EDGES: list[dict[str, Any]] = [
    parameters_of((1, 1), (-78, -187, -188), 1),
    parameters_of((256, 85), (26048, -57579, -57637), 9, lanes=3),
    parameters_of((337935, 1434447), (-86579500, 0, 0), 21, lanes=2),
    parameters_of((4, 1), (-52, 114, 113), 2, subtract=1),
    parameters_of((1, 8), (0, 0, 0), 0, (16, 12, 16), (-32768, 32767)),
    parameters_of((7, 13), (5, 9, 8), 3, (3, 5, 4), (-3, 6), subtract=1),
    parameters_of((0, 47), (-9, 16, 15), 5, (8, 8, 8), (-7, 100)),
    parameters_of((9, 11), (0, 300, 299), 4, (8, 5, 8), (-100, 90), lanes=2, table=1),
    parameters_of((1017, 3000), (7, -300, -310), 9, (5, 7, 8), subtract=1, table=2),
]

BUGS = [
    Bug("signs of the operands", "total", "left - right : left + right", "left + right : left - right"),
    Bug("no offset", "g_left_factor.scale", ".OFFSET(OFFSET)", ".OFFSET({TOTAL_BITS{1'b0}})"),
    Bug(
        "rounds by the wrong sign",
        "rounding",
        "? ROUND_NEGATIVE : ROUND_POSITIVE",
        "? ROUND_POSITIVE : ROUND_NEGATIVE",
    ),
    Bug("rounds by the sign of the rounded sum", "rounding", "total[", "with_rounding["),
    Bug("shifts without the sign", "rounded", ">>> SHIFT", ">> SHIFT"),
    Bug("a lower clamp too low", "too_low", "rounded < lowest", "rounded < lowest - 1"),
    Bug("no upper clamp", "code", "too_high ? CLAMP_MAX[BITS-1:0] :"),
    Bug("the left beat does not wait for the right one", "s0_axis_tready", "&& s1_axis_tvalid"),
    Bug("the right beat does not wait for the left one", "s1_axis_tready", "&& s0_axis_tvalid"),
    Bug("valid without a right beat", "valid_pipe", "s0_axis_tvalid && s1_axis_tvalid", "s0_axis_tvalid"),
    survives_reset("valid_pipe"),
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("left table upside down", "g_left_table.rom", ".address(x)", ".address(~x)"),
    Bug("right table upside down", "g_right_table.rom", ".address(y)", ".address(~y)"),
    *(bug.of("krl_scale") for bug in SCALE_BUGS if bug.name in SEEN_IN_SUMS),
    Bug(
        "7 times is 9 times",
        "TIMES_7",
        "(FACTOR << 3) - FACTOR",
        "(FACTOR << 3) + FACTOR",
        module="krl_scale",
    ),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    bits = rng.randint(2, 16), rng.randint(2, 16), rng.randint(2, 16)
    size = rng.choice([3, 8, 12, 20])
    factors = rng.getrandbits(size), rng.getrandbits(size)
    shift = rng.randint(0, size)
    scale = 1 << (size + 8)
    rounding = tuple(rng.randint(-scale, scale) for _ in range(3))
    clamp = sorted(rng.randint(-(1 << (bits[2] - 1)), (1 << (bits[2] - 1)) - 1) for _ in range(2))
    if rng.random() < 0.3:  # a table of few words
        bits = rng.randint(2, 8), rng.randint(2, 8), bits[2]
    table = rng.randint(0, 2) if max(bits[:2]) <= 8 else 0
    return parameters_of(
        factors, rounding, shift, bits, (clamp[0], clamp[1]), rng.randint(0, 1), rng.randint(1, 3), table
    )


def table_file(parameters: dict[str, Any]) -> dict[str, str]:
    """Draw the words of the table, as large as a product by the factor could be."""
    rng = Random(f"{SEED}/{parameters}")
    side = "LEFT" if parameters["TABLE"] == 1 else "RIGHT"
    bits, mask = parameters[f"{side}_BITS"], (1 << parameters["TOTAL_BITS"]) - 1
    limit = parameters[f"{side}_FACTOR"] << (bits - 1)
    words = (rng.randint(-limit, limit) & mask for _ in range(1 << min(bits, 8)))
    return {parameters["FILE"]: hex_words(words)}


def setting(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a run needs: the table is in a file, which the bench reads, too."""
    return {"parameters": parameters, "files": table_file(parameters)}


test_krl_add, test_a_seeded_bug_is_caught = module_tests(
    "krl_add", EDGES, draw, BUGS, drawn=4, full=30, setting=setting
)
