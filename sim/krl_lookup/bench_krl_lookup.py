# SPDX-License-Identifier: Apache-2.0
"""krl_lookup: each element's word of the table, from a file that the bench also reads."""

from pathlib import Path
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, pack, standing_tests, unpack

LANES, X_BITS, BITS = PARAMETERS["LANES"], PARAMETERS["X_BITS"], PARAMETERS["BITS"]
TABLE = [int(line, 16) for line in Path(PARAMETERS["FILE"]).read_text().split()]


def beats(rng: Random) -> list[int]:
    """Draw beats."""
    return drawn_beats(LANES * X_BITS, 80)(rng)


def looked_up(beat: int) -> list[int]:
    """Model one beat; a negative code counts from the end of the table."""
    return [pack([TABLE[code] for code in unpack(beat, X_BITS, LANES)], BITS)]


def every_code(_: Random) -> list[int]:
    """Return beats that have every code in every lane."""
    return [pack([code + lane for lane in range(LANES)], X_BITS) for code in range(1 << X_BITS)]


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, lambda: looked_up)


stream = standing_tests(bench_of, beats, cuts_ready=False, latency=1, full_rate=every_code)
