# SPDX-License-Identifier: Apache-2.0
"""krl_argmax: one lane, one beat, trees that are not full, elements with and without a sign."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "LANES BEATS BITS SIGNED",
    (2, 5, 8, 1),
    (1, 10, 8, 1),
    (10, 1, 8, 1),
    (3, 4, 5, 0),
    (1, 2, 1, 0),
    (5, 2, 2, 1),
    (2, 1, 16, 1),
)

BUGS = [
    Bug("the first beat is compared, too", "replace", "beat_is_first || beyond[BITS]", "beyond[BITS]"),
    Bug("of equal beats the last one", "replace", "|| beyond[BITS]", "|| beyond[BITS] || beyond == 0"),
    Bug("of equal lanes the last one", "larger", "difference[BITS]", "(difference[BITS] || difference == 0)"),
    Bug(
        "a number of the other lane",
        "lane_of_larger",
        "? place[2*i+2] : place[2*i+1]",
        "? place[2*i+1] : place[2*i+2]",
    ),
    Bug("finds the smallest of a beat", "larger", "? second : first", "? first : second"),
    Bug(
        "compares lanes without signs",
        "difference",
        "{SIGNED != 0 && first[BITS-1], first} - {SIGNED != 0 && second[BITS-1], second}",
        "{1'b0, first} - {1'b0, second}",
    ),
    Bug(
        "compares beats without signs",
        "beyond",
        "{SIGNED != 0 && largest[BITS-1], largest} - {SIGNED != 0 && element[BITS-1], element}",
        "{1'b0, largest} - {1'b0, element}",
    ),
    Bug("a missing lane wins", "SMALLEST", "1 << (BITS - 1)", "(1 << (BITS - 1)) - 1"),
    Bug("lanes are not counted", "number", "first_number + lane", "first_number"),
    Bug("beats are numbered as if of one lane", "first_number", "LANES[NUMBER_BITS-1:0]", "1'b1"),
    Bug("numbers run on", "first_number", "beat_is_last ? 0 : first_number", "first_number"),
    Bug(
        "the number of the largest is that of the last", "number_of_largest", "number", "first_number + lane"
    ),
    Bug("results of every beat", "m_axis_tvalid", "enter && beat_is_last", "enter"),
    Bug("a result is lost", "m_axis_tvalid", "|| (m_axis_tvalid && !m_axis_tready)"),
    Bug("never stands still", "beat_ready", "m_axis_tready || !m_axis_tvalid || !beat_is_last", "1'b1"),
    Bug("stands still without need", "beat_ready", "|| !beat_is_last"),
    Bug("the tree moves while it waits", "larger", "if (advance)"),
    Bug("a pause between results", "beat_ready", "m_axis_tready || !m_axis_tvalid", "!m_axis_tvalid"),
    Bug("a beat too many", "LAST_BEAT", "BEATS - 1", "BEATS"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("valid_pipe"),
    survives_reset("beat"),
    survives_reset("first_number"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    lanes = rng.randint(1, 9)
    return {
        "LANES": lanes,
        "BEATS": rng.randint(2 if lanes == 1 else 1, 7),
        "BITS": rng.randint(1, 16),
        "SIGNED": rng.randint(0, 1),
    }


test_krl_argmax, test_a_seeded_bug_is_caught = module_tests("krl_argmax", EDGES, draw, BUGS, drawn=3, full=30)
