# SPDX-License-Identifier: Apache-2.0
"""krl_add: wiring, adders and multipliers; both signs, no shift, narrow and wide codes."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run


def parameters_of(
    factors: tuple[int, int],
    rounding: tuple[int, int, int],
    shift: int,
    bits: tuple[int, int, int] = (8, 8, 8),
    clamp: tuple[int, int] = (-128, 127),
    subtract: int = 0,
    lanes: int = 1,
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
]

MUTATIONS: list[Any] = [
    ("left - right : left + right", "left + right : left - right"),
    ("left_product + OFFSET", "left_product"),
    ("] ? ROUND_NEGATIVE : ROUND_POSITIVE", "] ? ROUND_POSITIVE : ROUND_NEGATIVE"),
    ("total[TOTAL_BITS-1] ?", "tilted[TOTAL_BITS-1] ?"),
    ("tilted >>> SHIFT", "tilted >> SHIFT"),
    ("(rounded < lowest)", "(rounded < lowest - 1)"),
    ("                : (rounded > highest) ? CLAMP_MAX[BITS-1:0]\n", ""),
    ("s0_axis_tready = advance && s1_axis_tvalid", "s0_axis_tready = advance"),
    ("s1_axis_tready = advance && s0_axis_tvalid", "s1_axis_tready = advance"),
    ("s0_axis_tvalid && s1_axis_tvalid}", "s0_axis_tvalid}"),
    ("      valid_pipe <= 0;\n", "      if (valid_pipe === 5'bx) valid_pipe <= 0;\n"),
    ("m_axis_tready || !m_axis_tvalid", "1'b1"),
    ("((MINUS & DIGIT_2) != 0)", "1'b0", "krl_scale"),
    ("((MINUS & DIGIT_1) != 0)", "1'b0", "krl_scale"),
    ("(DIGIT_3 == 0) ? 0 :", "1'b1 ? 0 :", "krl_scale"),
    ("{{(BITS-X_BITS){x[X_BITS-1]}}, x}", "{{(BITS-X_BITS){1'b0}}, x}", "krl_scale"),
    ("x * CONSTANT", "$signed({1'b0, x}) * CONSTANT", "krl_scale"),
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
    return parameters_of(
        factors, rounding, shift, bits, (clamp[0], clamp[1]), rng.randint(0, 1), rng.randint(1, 3)
    )


@pytest.mark.parametrize("parameters", parameter_sets("krl_add", EDGES, draw, 4, 30))
def test_krl_add(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_add", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: Any) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_add", EDGES, mutation)
