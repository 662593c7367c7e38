# SPDX-License-Identifier: Apache-2.0
"""krl_fifo: what goes in comes out, in order, DEPTH beats are held, and nothing waits needlessly."""

from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, test
from common.stream import always, never

WIDTH, DEPTH = PARAMETERS["WIDTH"], PARAMETERS["DEPTH"]
beats = drawn_beats(WIDTH, 60)


def bench_of(dut: Any) -> Bench:
    """Make a bench whose model passes every beat on."""
    return Bench(dut, lambda: lambda beat: [beat])


stream = standing_tests(bench_of, beats, cuts_ready=True, latency=1, interval=1 if DEPTH > 1 else 2)


@test()
async def holds_exactly_depth_beats(dut: Any) -> None:
    """While the sink is never ready, DEPTH beats are accepted."""
    bench = await bench_of(dut).start()
    bench.sink.pause = always()
    bench.source.send(*beats(random_for("depth")))
    await bench.cycles(DEPTH + 10)
    assert len(bench.inputs.times) == DEPTH
    bench.sink.pause = never()
    await bench.finish()
