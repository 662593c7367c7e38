# SPDX-License-Identifier: Apache-2.0
"""krl_threshold: thresholds as wide as the sums, wider and narrower; one channel, several lanes."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "LANES PERIOD ACC_BITS THRESHOLD_BITS",
    (1, 1, 12, 12),
    (2, 3, 8, 4),
    (3, 2, 5, 9),
    (1, 5, 2, 2),
)

BUGS = [
    Bug(
        "a sum at its threshold is below it",
        "negative",
        "accumulator < threshold",
        "accumulator <= threshold",
    ),
    Bug(
        "compares without signs",
        "negative",
        "accumulator < threshold",
        "{1'b0, accumulator} < {1'b0, threshold}",
    ),
    Bug("never turned", "turned", "constant_data[AT+THRESHOLD_BITS]", "1'b0"),
    Bug("constants of lane 0 for all", "AT", "i * (THRESHOLD_BITS + 1)", "0"),
    Bug(
        "channels run on",
        "beat",
        "(beat == LAST_BEAT[ADDRESS_BITS-1:0]) ? 0 : beat + 1'b1",
        "beat + 1'b1",
    ),
    Bug("channels advance without a beat", "beat", "if (s_axis_tvalid)"),
    Bug("constants move while the pipeline waits", "constant_enable", "= advance", "= 1'b1"),
    survives_reset("beat"),
    survives_reset("valid_pipe"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "LANES": rng.randint(1, 4),
        "PERIOD": rng.randint(1, 9),
        "ACC_BITS": rng.randint(2, 16),
        "THRESHOLD_BITS": rng.randint(2, 16),
    }


test_krl_threshold, test_a_seeded_bug_is_caught = module_tests(
    "krl_threshold", EDGES, draw, BUGS, drawn=4, full=30
)
