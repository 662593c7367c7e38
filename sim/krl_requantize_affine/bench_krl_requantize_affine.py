# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_affine: multiply, add, correct, shift, add the zero point, clamp; in exact integers."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import cocotb

from common.bench import (
    PARAMETERS,
    Bench,
    contract_of_handshake,
    extremes,
    pack,
    random_for,
    reset_midway,
    serve_constants,
    stalled_output,
    stalls,
    steps,
    test,
    unpack,
)
from common.scoreboard import Model

LATENCY = 8
LANES, PERIOD, BITS, SHIFT = (
    PARAMETERS["LANES"],
    PARAMETERS["PERIOD"],
    PARAMETERS["BITS"],
    PARAMETERS["SHIFT"],
)
ACC_BITS, MULTIPLIER_BITS = PARAMETERS["ACC_BITS"], PARAMETERS["MULTIPLIER_BITS"]
OFFSET_BITS, CORRECTION_BITS = PARAMETERS["OFFSET_BITS"], PARAMETERS["NEGATIVE_CORRECTION_BITS"]
ZERO_POINT, CLAMP_MIN, CLAMP_MAX = PARAMETERS["ZERO_POINT"], PARAMETERS["CLAMP_MIN"], PARAMETERS["CLAMP_MAX"]
HALF = 1 << (SHIFT - 1)


class Constants(NamedTuple):
    """The constants of a channel."""

    multiplier: int
    offset: int
    negative_correction: int

    def packed(self) -> int:
        """Give the constants as they lie in a lane."""
        high = pack([self.offset], OFFSET_BITS) | self.negative_correction << OFFSET_BITS
        return self.multiplier | high << MULTIPLIER_BITS


def draw_constants(rng: Random) -> Constants:
    """Draw constants, the extremes among them."""
    top = (1 << MULTIPLIER_BITS) - 1
    multiplier = rng.choice([1, top, rng.randint(1, top), rng.randint(1 + top // 2, top)])
    most = (1 << CORRECTION_BITS) - 1
    correction = rng.choice([most, rng.randint(0, most)])
    return Constants(multiplier, extremes(rng, OFFSET_BITS), correction)


CONSTANTS = [draw_constants(random_for(f"channel {place}")) for place in range(LANES * PERIOD)]
LANE_BITS = MULTIPLIER_BITS + OFFSET_BITS + CORRECTION_BITS
PACKED = [constants.packed() for constants in CONSTANTS]
WORDS = [pack(PACKED[beat * LANES : (beat + 1) * LANES], LANE_BITS) for beat in range(PERIOD)]


def requantize(acc: int, constants: Constants) -> int:
    """Model one element."""
    total = acc * constants.multiplier + constants.offset
    correction = constants.negative_correction
    if CORRECTION_BITS:
        total += HALF + (correction if total >= 0 else -correction)
    return min(CLAMP_MAX, max(CLAMP_MIN, ZERO_POINT + (total >> SHIFT)))


def accumulator(rng: Random, constants: Constants) -> int:
    """Draw an accumulator: an extreme, or one beside a rounding edge around or within the clamp."""
    limit = (1 << (ACC_BITS - 1)) - 1
    aim = rng.choice([CLAMP_MIN, CLAMP_MAX, ZERO_POINT, rng.randint(CLAMP_MIN, CLAMP_MAX)]) - ZERO_POINT
    correction = constants.negative_correction
    edge = rng.choice([0, -HALF, correction - HALF, -correction - HALF])
    total = rng.choice([0, (aim << SHIFT) + edge])
    drawn = rng.choice(
        [(total - constants.offset) // constants.multiplier + rng.randint(-1, 2), extremes(rng, ACC_BITS)]
    )
    return drawn if -limit - 1 <= drawn <= limit else extremes(rng, ACC_BITS)


def beats(rng: Random) -> list[int]:
    """Draw accumulators for whole vectors of channels, in order."""
    vectors = max(2, 80 // PERIOD)
    elements = [accumulator(rng, constants) for _ in range(vectors) for constants in CONSTANTS]
    return [pack(elements[start : start + LANES], ACC_BITS) for start in range(0, len(elements), LANES)]


def make_model() -> Model:
    """Requantize beats, the channels going round."""
    beat_number = 0

    def model(beat: int) -> Iterator[int]:
        nonlocal beat_number
        constants = CONSTANTS[beat_number * LANES :]
        beat_number = (beat_number + 1) % PERIOD
        codes = [requantize(acc, constants[lane]) for lane, acc in enumerate(unpack(beat, ACC_BITS, LANES))]
        yield pack(codes, BITS)

    return model


async def bench_of(dut: Any) -> Bench:
    """Give a bench with the ROM of constants beside the module."""
    bench = Bench(dut, make_model)
    cocotb.start_soon(serve_constants(dut, WORDS))
    return await bench.start()


@test()
async def requantizes_under_stalls(dut: Any) -> None:
    """Random pauses on both sides, random and critical accumulators."""
    await stalls(await bench_of(dut), beats)


@test()
async def runs_at_full_rate_with_its_latency(dut: Any) -> None:
    """A beat a cycle, LATENCY cycles through."""
    bench = await bench_of(dut)
    await bench.transfer(beats(random_for("rate")))
    assert set(steps(bench.inputs.times)) == {1}
    assert bench.outputs.times == [time + LATENCY for time in bench.inputs.times]


@test()
async def survives_a_stalled_output(dut: Any) -> None:
    """Full, then drained."""
    await stalled_output(await bench_of(dut), beats(random_for("stall")))


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset puts it at the first channel."""
    await reset_midway(await bench_of(dut), beats)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """Ready is blind to valid."""
    await contract_of_handshake(await bench_of(dut), beats, cuts_ready=False)
