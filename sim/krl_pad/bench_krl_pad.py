# SPDX-License-Identifier: Apache-2.0
"""krl_pad: the pixels in their places, everything else padding, from the offer of an image on."""

import itertools
from collections.abc import Callable
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, steps, test
from common.stream import Monitor, Source, Wires, number

WIDTH, ROWS, COLUMNS, BEATS = (PARAMETERS[key] for key in ("WIDTH", "ROWS", "COLUMNS", "BEATS"))
PAD = PARAMETERS["PAD_BEAT"]


def is_real(row: int, column: int) -> bool:
    """Whether a pixel comes in at this place."""
    down, step_down = row - PARAMETERS["TOP"], PARAMETERS["STEP_ROWS"]
    across, step_across = column - PARAMETERS["LEFT"], PARAMETERS["STEP_COLUMNS"]
    return (
        0 <= down <= (ROWS - 1) * step_down
        and 0 <= across <= (COLUMNS - 1) * step_across
        and down % step_down == across % step_across == 0
    )


REAL = [
    is_real(row, column)
    for row in range(PARAMETERS["ROWS_OUT"])
    for column in range(PARAMETERS["COLUMNS_OUT"])
    for _ in range(BEATS)
]
AHEAD = REAL.index(True)
BEATS_IN = ROWS * COLUMNS * BEATS
FRAMES = max(3, 80 // len(REAL))


def beats(rng: Random) -> list[int]:
    """Draw whole images."""
    return drawn_beats(WIDTH, FRAMES * BEATS_IN)(rng)


def model() -> Callable[[int | None], list[int]]:
    """Model a module that was just reset; None is the offer of an image's first beat."""
    places = [place for place, real in enumerate(REAL) if real]
    follow = [after - before - 1 for before, after in itertools.pairwise([*places, len(REAL)])]
    padding = itertools.cycle(follow)
    return lambda beat: [PAD] * AHEAD if beat is None else [beat, *[PAD] * next(padding)]


class Offers(Monitor):
    """Tells of the first beat of an image as soon as it is offered, too."""

    def _sample(self) -> None:
        begins = self._waiting is None and len(self.times) % BEATS_IN == 0
        if begins and number(self.wires.valid):
            self.hand_on(None)
        super()._sample()


class PadBench(Bench):
    """A bench whose images begin with an offer."""

    def input_side(self) -> tuple[Any, Any]:
        """Watch the offers."""
        source = Source(Wires(self.dut, "s_axis"))
        return source, Offers(source.wires, self.scoreboard.put_input)


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return PadBench(dut, model)


stream = standing_tests(bench_of, beats, cuts_ready=False)


@test()
async def gives_a_beat_per_cycle(dut: Any) -> None:
    """Beats come out without a pause, pixels one cycle after they came in."""
    bench = await bench_of(dut).start()
    await bench.transfer(beats(random_for("rate")))
    times = bench.outputs.times
    assert set(steps(times)) <= {1}
    real = [time for time, is_pixel in zip(times, itertools.cycle(REAL), strict=False) if is_pixel]
    assert real == [time + 1 for time in bench.inputs.times]


@test()
async def waits_for_an_image(dut: Any) -> None:
    """Nothing comes out before an image is offered, nor behind the last one."""
    bench = await bench_of(dut).start()
    await bench.cycles(len(REAL) + 20)
    assert not bench.outputs.times
    await bench.transfer(beats(random_for("wait")))
    assert len(bench.outputs.times) == FRAMES * len(REAL)
