# SPDX-License-Identifier: Apache-2.0
"""krl_fifo: what goes in comes out, in order, DEPTH beats are held, and nothing waits without need."""

from typing import Any

from common.bench import (
    PARAMETERS,
    Bench,
    contract_of_handshake,
    drawn_beats,
    random_for,
    reset_midway,
    stalled_output,
    stalls,
    steps,
    test,
)
from common.stream import always, never

WIDTH, DEPTH = PARAMETERS["WIDTH"], PARAMETERS["DEPTH"]
beats = drawn_beats(WIDTH, 60)


async def bench_of(dut: Any) -> Bench:
    """Give a bench whose model hands every beat on."""
    return await Bench(dut, lambda: lambda beat: [beat]).start()


@test()
async def passes_beats_under_stalls(dut: Any) -> None:
    """Random pauses on both sides."""
    await stalls(await bench_of(dut), beats)


@test()
async def runs_at_full_rate_with_latency_1(dut: Any) -> None:
    """A beat a cycle (every other cycle at DEPTH 1), one cycle through."""
    bench = await bench_of(dut)
    await bench.transfer(beats(random_for("rate")))
    assert set(steps(bench.inputs.times)) == {1 if DEPTH > 1 else 2}
    assert all(b - a == 1 for a, b in zip(bench.inputs.times, bench.outputs.times, strict=True))


@test()
async def holds_exactly_depth_beats(dut: Any) -> None:
    """A sink that takes nothing lets DEPTH beats in."""
    bench = await bench_of(dut)
    bench.sink.pause = always()
    bench.source.send(*beats(random_for("depth")))
    await bench.cycles(DEPTH + 10)
    assert len(bench.inputs.times) == DEPTH
    bench.sink.pause = never()
    await bench.finish()


@test()
async def survives_a_stalled_output(dut: Any) -> None:
    """Full, then empty."""
    await stalled_output(await bench_of(dut), beats(random_for("stall")))


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset empties it."""
    await reset_midway(await bench_of(dut), beats)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """No path between the two sides within a cycle."""
    await contract_of_handshake(await bench_of(dut), beats, cuts_ready=True)
