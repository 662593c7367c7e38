# SPDX-License-Identifier: Apache-2.0
"""krl_channel_lookup: one lane and more, periods of one beat, around powers of two, and longer."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import drawn_words, module_tests


def parameters_of(lanes: int, period: int, x_bits: int = 4, bits: int = 8) -> dict[str, Any]:
    """Return the parameters."""
    return {"LANES": lanes, "PERIOD": period, "X_BITS": x_bits, "BITS": bits, "FILE": "tables.hex"}


EDGES = [
    parameters_of(1, 1),
    parameters_of(2, 3),
    parameters_of(3, 4, 5, 3),
    parameters_of(1, 17, 8, 8),
    parameters_of(4, 1, 3, 9),
]

BUGS = [
    Bug("valid waits for ready", "advance", "|| !m_axis_tvalid"),
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("tables run on", "lookup_enable", "advance", "1'b1"),
    Bug("ready while the output is not", "s_axis_tready", "advance", "1'b1"),
    Bug("valid is kept", "m_axis_tvalid", "<= s_axis_tvalid", "<= s_axis_tvalid || m_axis_tvalid"),
    Bug("a beat too many", "LAST_BEAT", "PERIOD - 1", "PERIOD"),
    Bug("beats run on", "beat", "(beat == LAST_BEAT[BEAT_BITS-1:0]) ? 0 : beat + 1'b1", "beat + 1'b1"),
    Bug("counts without a beat", "beat", "advance && s_axis_tvalid", "advance"),
    Bug("counts beats that wait", "beat", "advance && s_axis_tvalid", "s_axis_tvalid"),
    Bug("all lanes look up the first code", "g_lane.lookup_address", "[i*X_BITS +:", "[0 +:"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("beat"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return parameters_of(rng.randint(1, 4), rng.randint(1, 20), rng.randint(1, 6), rng.randint(1, 10))


def setting(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a run needs: the tables are in a file, which the bench reads, too."""
    count = parameters["PERIOD"] << parameters["X_BITS"]
    words = drawn_words(parameters, parameters["LANES"] * parameters["BITS"], count)
    return {"parameters": parameters, "files": {"tables.hex": words}, "toplevel": "channel_tables"}


test_krl_channel_lookup, test_a_seeded_bug_is_caught = module_tests(
    "krl_channel_lookup", EDGES, draw, BUGS, drawn=3, full=20, setting=setting
)
