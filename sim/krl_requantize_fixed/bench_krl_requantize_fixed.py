# SPDX-License-Identifier: Apache-2.0
"""krl_requantize_fixed: shift, round half away from zero, clamp; in rational arithmetic."""

from collections.abc import Iterator
from fractions import Fraction
from math import floor
from random import Random
from typing import Any

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

LATENCY = 5
LANES, PERIOD, BITS = PARAMETERS["LANES"], PARAMETERS["PERIOD"], PARAMETERS["BITS"]
ACC_BITS, BIAS_BITS, BIASED_BITS = PARAMETERS["ACC_BITS"], PARAMETERS["BIAS_BITS"], PARAMETERS["BIASED_BITS"]
BIAS_SHIFT, SHIFT = PARAMETERS["BIAS_SHIFT"], PARAMETERS["SHIFT"]
CLAMP_MIN, CLAMP_MAX = PARAMETERS["CLAMP_MIN"], PARAMETERS["CLAMP_MAX"]
BIASES = [extremes(random_for(f"channel {place}"), BIAS_BITS) for place in range(LANES * PERIOD)]
WORDS = [pack(BIASES[beat * LANES : (beat + 1) * LANES], BIAS_BITS) for beat in range(PERIOD)]


def requantize(acc: int, bias: int) -> int:
    """Model one element."""
    exact = (acc + bias * 2**BIAS_SHIFT) / Fraction(2) ** SHIFT
    away = floor(abs(exact) + Fraction(1, 2))
    return min(CLAMP_MAX, max(CLAMP_MIN, away if exact >= 0 else -away))


def accumulator(rng: Random, bias: int) -> int:
    """Draw an accumulator: an extreme, or one on or beside a tie around or within the clamp."""
    limit = (1 << (ACC_BITS - 1)) - 1
    aim = rng.choice([CLAMP_MIN, CLAMP_MAX, 0, rng.randint(CLAMP_MIN, CLAMP_MAX)])
    tie = floor((aim + Fraction(rng.choice([-1, 1]), 2)) * Fraction(2) ** SHIFT) + rng.randint(-1, 1)
    drawn = rng.choice([tie - bias * 2**BIAS_SHIFT, extremes(rng, ACC_BITS)])
    return drawn if -limit - 1 <= drawn <= limit else extremes(rng, ACC_BITS)


def beats(rng: Random) -> list[int]:
    """Draw accumulators for whole vectors of channels, in order."""
    vectors = max(2, 80 // PERIOD)
    elements = [accumulator(rng, BIASES[place]) for _ in range(vectors) for place in range(LANES * PERIOD)]
    return [pack(elements[start : start + LANES], ACC_BITS) for start in range(0, len(elements), LANES)]


def make_model() -> Model:
    """Requantize beats, the channels going round."""
    beat_number = 0

    def model(beat: int) -> Iterator[int]:
        nonlocal beat_number
        biases = BIASES[beat_number * LANES :]
        beat_number = (beat_number + 1) % PERIOD
        codes = [requantize(acc, biases[lane]) for lane, acc in enumerate(unpack(beat, ACC_BITS, LANES))]
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
