# SPDX-License-Identifier: Apache-2.0
"""krl_permute: two axes and three, pixels of several beats, axes that are all one, both memories."""

import math
from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "WIDTH SIZE_A SIZE_B SIZE_C STRIDE_A STRIDE_B STRIDE_C BLOCK",
    (8, 1, 4, 3, 0, 1, 4, 0),
    (3, 2, 3, 4, 1, 2, 6, 0),
    (8, 3, 2, 4, 4, 12, 1, 1),
    (5, 2, 2, 2, 2, 4, 1, 0),
    (1, 1, 1, 2, 0, 0, 1, 0),
)

BUGS = [
    Bug("one half for all blocks", "read_address", "SECOND[ADDRESS_BITS-1:0]", "0"),
    Bug(
        "never the first half again",
        "read_address",
        "half ? 0 : SECOND[ADDRESS_BITS-1:0]",
        "SECOND[ADDRESS_BITS-1:0]",
    ),
    Bug("rows as long as one beat", "NEXT_B", "STRIDE_B - LAST_C * STRIDE_C", "STRIDE_B"),
    Bug("planes of one row", "NEXT_A", "- LAST_B * STRIDE_B"),
    Bug("planes with rows of one beat", "NEXT_A", "- LAST_C * STRIDE_C"),
    Bug("the order of what comes in", "stride", "STRIDE_C[ADDRESS_BITS-1:0]", "1"),
    Bug("a row too many", "LAST_B", "SIZE_B - 1", "SIZE_B"),
    Bug("a plane too many", "LAST_A", "SIZE_A - 1", "SIZE_A"),
    Bug("a beat too many", "LAST_C", "SIZE_C - 1", "SIZE_C"),
    Bug("reads before a block is whole", "step", "held != 0 &&", "(held != 0 || write_address != 0) &&"),
    Bug("overwrites what is read", "s_axis_tready", "!held[1]", "1'b1"),
    Bug("room for one block", "s_axis_tready", "!held[1]", "held == 0"),
    Bug("blocks that are given stay", "held", "block_is_given && !block_is_gained", "1'b0"),
    Bug("never stands still", "step", "&& (!m_axis_tvalid || m_axis_tready)"),
    Bug("a beat is lost", "m_axis_tvalid", "|| (m_axis_tvalid && !m_axis_tready)"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("held"),
    survives_reset("write_address"),
    survives_reset("read_address"),
    survives_reset("half", "1'b0"),
    survives_reset("a"),
    survives_reset("b"),
    survives_reset("c"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set: three axes, some of one beat, in any order."""
    sizes = [rng.randint(1, 4) for _ in range(3)]
    if math.prod(sizes) < 2:
        sizes[rng.randrange(3)] = 2
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(3)]
    order = rng.sample(range(3), 3)
    return {
        "WIDTH": rng.randint(1, 20),
        **{f"SIZE_{name}": sizes[axis] for name, axis in zip("ABC", order, strict=True)},
        **{f"STRIDE_{name}": strides[axis] for name, axis in zip("ABC", order, strict=True)},
        "BLOCK": rng.randint(0, 1),
    }


test_krl_permute, test_a_seeded_bug_is_caught = module_tests(
    "krl_permute", EDGES, draw, BUGS, drawn=4, full=30
)
