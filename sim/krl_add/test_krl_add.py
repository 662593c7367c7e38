# SPDX-License-Identifier: Apache-2.0
"""krl_add: wiring, adders and multipliers; both signs, no shift, narrow and wide codes."""

from random import Random
from typing import Any

import pytest

from common.runner import SEED, TestsFailedError, parameter_sets, run


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
    """The parameters; `rounding` holds the offset and the constants of both signs."""
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

MUTATIONS: list[Any] = [
    ("left - right : left + right", "left + right : left - right"),
    (".OFFSET(OFFSET)", ".OFFSET({TOTAL_BITS{1'b0}})"),
    ("] ? ROUND_NEGATIVE : ROUND_POSITIVE", "] ? ROUND_POSITIVE : ROUND_NEGATIVE"),
    ("total[TOTAL_BITS-1] ?", "tilted[TOTAL_BITS-1] ?"),
    ("tilted >>> SHIFT", "tilted >> SHIFT"),
    ("rounded < lowest;", "rounded < lowest - 1;"),
    (" too_high ? CLAMP_MAX[BITS-1:0] :", ""),
    ("s0_axis_tready = advance && s1_axis_tvalid", "s0_axis_tready = advance"),
    ("s1_axis_tready = advance && s0_axis_tvalid", "s1_axis_tready = advance"),
    ("s0_axis_tvalid && s1_axis_tvalid}", "s0_axis_tvalid}"),
    ("      valid_pipe <= 0;\n", "      if (valid_pipe === 6'bx) valid_pipe <= 0;\n"),
    ("m_axis_tready || !m_axis_tvalid", "1'b1"),
    (".address(x)", ".address(~x)"),
    (".address(y)", ".address(~y)"),
    ("((MINUS & DIGIT_2) != 0)", "1'b0", "krl_scale"),
    ("((MINUS & DIGIT_1) != 0)", "1'b0", "krl_scale"),
    ("(DIGIT_3 == 0) ? 0 :", "1'b1 ? 0 :", "krl_scale"),
    ("{{(BITS-X_BITS){x[X_BITS-1]}}, x}", "{{(BITS-X_BITS){1'b0}}, x}", "krl_scale"),
    ("TIMES_7 = (FACTOR << 3) - FACTOR", "TIMES_7 = (FACTOR << 3) + FACTOR", "krl_scale"),
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
    """Draw the words of the table, within what the factor could give; the bench reads it, too."""
    rng = Random(f"{SEED}/{parameters}")
    bits, total_bits = (
        parameters["LEFT_BITS" if parameters["TABLE"] == 1 else "RIGHT_BITS"],
        parameters["TOTAL_BITS"],
    )
    limit = parameters["LEFT_FACTOR" if parameters["TABLE"] == 1 else "RIGHT_FACTOR"] << (bits - 1)
    words = (rng.randint(-limit, limit) & ((1 << total_bits) - 1) for _ in range(1 << min(bits, 8)))
    return {parameters["FILE"]: "".join(f"{word:x}\n" for word in words)}


@pytest.mark.parametrize("parameters", parameter_sets("krl_add", EDGES, draw, 4, 30))
def test_krl_add(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_add", parameters, files=table_file(parameters))


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: Any) -> None:
    """The bench fails on a module with a bug."""
    for edge in EDGES:
        try:
            run("krl_add", edge, mutation, files=table_file(edge))
        except TestsFailedError:
            return
    raise AssertionError(f"krl_add with {mutation[0]!r} replaced by {mutation[1]!r} passes its bench")
