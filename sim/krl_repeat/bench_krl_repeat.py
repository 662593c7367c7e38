# SPDX-License-Identifier: Apache-2.0
"""krl_repeat: groups of beats, again and again."""

from collections.abc import Callable
from random import Random
from typing import Any

from common.bench import (
    PARAMETERS,
    Bench,
    drawn_beats,
    pack,
    random_for,
    standing_tests,
    steps,
    test,
)

WIDTH, COPIES = PARAMETERS["WIDTH"], PARAMETERS["COPIES"]
BEATS, TIMES = PARAMETERS["BEATS"], PARAMETERS["TIMES"]


def repeats() -> Callable[[int], list[int]]:
    """Return a model at the beginning of a group: a beat leaves as it comes, the others behind the last."""
    group: list[int] = []

    def model(beat: int) -> list[int]:
        wide = pack([beat] * COPIES, WIDTH)
        group.append(wide)
        if len(group) < BEATS:
            return [wide]
        whole = group.copy()
        group.clear()
        return [wide, *whole * (TIMES - 1)]

    return model


def beats(rng: Random) -> list[int]:
    """Draw whole groups, so that nothing is left inside."""
    return drawn_beats(WIDTH, BEATS * (2 + 24 // BEATS))(rng)


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, repeats)


stream = standing_tests(bench_of, beats, cuts_ready=False)


@test()
async def gives_a_beat_in_every_cycle(dut: Any) -> None:
    """When nobody pauses, also from turn to turn and group to group; the first a cycle behind its own."""
    bench = await bench_of(dut).start()
    await bench.transfer(drawn_beats(WIDTH, 3 * BEATS)(random_for("rate")))
    assert len(bench.outputs.times) == 3 * BEATS * TIMES
    assert set(steps(bench.outputs.times)) <= {1}
    assert bench.outputs.times[0] == bench.inputs.times[0] + 1
    turns = [bench.inputs.times[group * BEATS] for group in range(3)]
    assert set(steps(turns)) == {BEATS * TIMES}
