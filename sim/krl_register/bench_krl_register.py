# SPDX-License-Identifier: Apache-2.0
"""krl_register: what goes in comes out, in order, at full rate, and nothing leads through it in a cycle."""

from typing import Any

from cocotb.triggers import ClockCycles, Timer

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, start_clock, test
from common.stream import always, never, number

beats = drawn_beats(PARAMETERS["WIDTH"], 60)


def bench_of(dut: Any) -> Bench:
    """Make a bench whose model passes every beat on."""
    return Bench(dut, lambda: lambda beat: [beat])


stream = standing_tests(bench_of, beats, cuts_ready=True, latency=1)


@test()
async def holds_two_beats(dut: Any) -> None:
    """While the sink is never ready, two beats are accepted."""
    bench = await bench_of(dut).start()
    bench.sink.pause = always()
    bench.source.send(*beats(random_for("depth")))
    await bench.cycles(12)
    assert len(bench.inputs.times) == 2
    bench.sink.pause = never()
    await bench.finish()


@test()
async def accepts_nothing_in_reset(dut: Any) -> None:
    """Ready is low from the first edge in reset to the first one behind it."""
    start_clock(dut)
    dut.rst.value, dut.s_axis_tvalid.value, dut.m_axis_tready.value = 1, 1, 1
    dut.s_axis_tdata.value = 0
    for _ in range(3):
        for _ in range(4):
            await ClockCycles(dut.clk, 1)
            await Timer(1, "ns")
            assert number(dut.s_axis_tready) == 0 and number(dut.m_axis_tvalid) == 0
        dut.rst.value = 0
        await ClockCycles(dut.clk, 1)
        await Timer(1, "ns")
        assert number(dut.s_axis_tready) == 1
        await ClockCycles(dut.clk, 5)
        dut.rst.value = 1
