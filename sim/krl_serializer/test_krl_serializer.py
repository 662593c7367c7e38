# SPDX-License-Identifier: Apache-2.0
"""krl_serializer: a last word that is partly used, whole words, one lane, one place."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "PE LANES OUTPUTS DEPTH BITS",
    (4, 1, 8, 4, 24),
    (1, 1, 1, 1, 8),
    (4, 2, 10, 3, 5),
    (6, 3, 3, 2, 24),
    (5, 5, 15, 1, 24),
    (4, 1, 9, 5, 2),
    (3, 1, 7, 2, 40),
    # two words of three lanes, of the second only the first lane
    (3, 1, 4, 2, 8),
)

BUGS = [
    Bug("the last word counts as a whole one", "SLICES_OF_LAST_GROUP", "(OUTPUTS - (GROUPS - 1) * PE)", "PE"),
    Bug(
        "outputs of the last word added up", "SLICES_OF_LAST_GROUP", "OUTPUTS - (GROUPS", "OUTPUTS + (GROUPS"
    ),
    Bug("a place is freed while the last beat waits", "result_taken", "pop &&", "level != 0 &&"),
    Bug("a place is freed with every beat", "result_taken", "&& slice_is_last"),
    Bug("always sends the first slice", "select", ".index(slice)", ".index({SLICE_BITS{1'b0}})"),
    Bug("valid waits for ready", "advance", "|| !m_axis_tvalid"),
    survives_reset("m_axis_tvalid", "1'b0"),
    Bug("groups run on", "group", "group_is_last ? 0 : group + 1'b1", "group + 1'b1"),
    Bug("level rises when a word also leaves", "level", "result_tvalid && !result_taken", "result_tvalid"),
    Bug(
        "read pointer wraps at a power of two",
        "read_pointer",
        "(read_pointer == LAST_PLACE[POINTER_BITS-1:0]) ? 0 : read_pointer + 1'b1",
        "read_pointer + 1'b1",
    ),
    survives_reset("slice"),
    survives_reset("group"),
    survives_reset("write_pointer"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    lanes = rng.randint(1, 4)
    return {
        "PE": lanes * rng.randint(1, 5),
        "LANES": lanes,
        "OUTPUTS": lanes * rng.randint(1, 12),
        "DEPTH": rng.randint(1, 9),
        "BITS": rng.randint(1, 40),
    }


test_krl_serializer, test_a_seeded_bug_is_caught = module_tests(
    "krl_serializer", EDGES, draw, BUGS, drawn=8, full=40
)
