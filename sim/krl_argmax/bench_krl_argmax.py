# SPDX-License-Identifier: Apache-2.0
"""krl_argmax: the number of the largest element of a vector, the lowest of equal ones."""

from collections.abc import Callable
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, extremes, pack, random_for, standing_tests, steps, test, unpack

LANES, BEATS, BITS, SIGNED = (PARAMETERS[key] for key in ("LANES", "BEATS", "BITS", "SIGNED"))
LATENCY = (LANES - 1).bit_length() + 1
VECTORS = max(12, 80 // BEATS)


def beats(rng: Random) -> list[int]:
    """Draw whole vectors; in some all elements are equal, or all but one."""
    elements: list[int] = []
    for _ in range(VECTORS):
        centre = extremes(rng, BITS) if rng.random() < 0.5 else None
        vector = [extremes(rng, BITS) if centre is None else centre for _ in range(LANES * BEATS)]
        if rng.random() < 0.7:
            vector[rng.randrange(len(vector))] = extremes(rng, BITS)
        elements += vector
    return [pack(elements[start : start + LANES], BITS) for start in range(0, len(elements), LANES)]


def model() -> Callable[[int], list[int]]:
    """Model a module that was just reset."""
    seen: list[int] = []

    def put(beat: int) -> list[int]:
        found = unpack(beat, BITS, LANES)
        seen.extend(found if SIGNED else [value & ((1 << BITS) - 1) for value in found])
        if len(seen) < LANES * BEATS:
            return []
        number = seen.index(max(seen))
        seen.clear()
        return [number]

    return put


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, model)


stream = standing_tests(bench_of, beats, cuts_ready=False)


@test()
async def runs_at_full_rate_with_its_latency(dut: Any) -> None:
    """One beat per cycle, and each result as long behind its last beat as the tree is high."""
    bench = await bench_of(dut).start()
    await bench.transfer(beats(random_for("rate")))
    times = bench.inputs.times
    assert set(steps(times)) <= {1}
    assert bench.outputs.times == [time + LATENCY for time in times[BEATS - 1 :: BEATS]]


@test()
async def accepts_what_there_is_room_for_while_a_result_waits(dut: Any) -> None:
    """With a stalled output the next vector gets in but for its last beat, and the tree fills up."""
    bench = bench_of(dut)
    bench.sink.pause = iter(lambda: True, None)
    await bench.start()
    bench.source.send(*beats(random_for("stall")))
    await bench.cycles(4 * BEATS + 4 * LATENCY + 20)
    assert len(bench.inputs.times) == BEATS + BEATS - 1 + LATENCY - 1
    bench.resume()
    await bench.finish()
