# SPDX-License-Identifier: Apache-2.0
"""krl_stream_watch: any wires in any cycle, resets of both kinds; every output is checked in every cycle."""

from random import Random
from typing import Any

from cocotb.triggers import RisingEdge, Timer

from common.bench import PARAMETERS, random_for, start_clock, test
from common.stream import SETTLE_NS, number

BEATS, USE_TLAST = PARAMETERS["BEATS"], PARAMETERS["USE_TLAST"]
WIRES = ("tvalid", "tready", "tlast", "stalled")


class Expected:
    """What the module has counted."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.beats = self.frames = self.stalls = 0

    def sees(self, wires: dict[str, int]) -> tuple[bool, bool]:
        """Whether the first, the last beat of a frame is taken with these wires."""
        takes = wires["tvalid"] and wires["tready"]
        ends = wires["tlast"] if USE_TLAST else self.beats == BEATS - 1
        return bool(takes and not self.beats), bool(takes and ends)

    def clock(self, wires: dict[str, int], restart: bool) -> None:
        """An edge of the clock."""
        _, last = self.sees(wires)
        self.beats += wires["tvalid"] and wires["tready"]
        self.frames += last
        self.stalls += wires["stalled"]
        if last or restart:
            self.beats = 0


def drawn(rng: Random, share: float) -> dict[str, int]:
    """Draw the wires of a cycle."""
    return {name: int(rng.random() < share) for name in WIRES}


@test()
async def every_cycle(dut: Any) -> None:
    """Frames of any length, restarts and resets in the middle of them."""
    start_clock(dut)
    rng, expected = random_for("cycles"), Expected()
    for cycle in range(3000):
        wires = drawn(rng, (0.3, 0.6, 0.95)[cycle // 1000])
        rst, restart = cycle < 2 or rng.random() < 0.003, rng.random() < 0.02
        for name, value in wires.items():
            getattr(dut, name).value = value
        dut.rst.value, dut.restart.value = int(rst), int(restart)
        await Timer(SETTLE_NS, "ns")
        if cycle >= 2:
            assert (bool(number(dut.first)), bool(number(dut.last))) == expected.sees(wires), cycle
            assert number(dut.frames) == expected.frames, cycle
            assert number(dut.stalls) == expected.stalls, cycle
        await RisingEdge(dut.clk)
        await Timer(SETTLE_NS, "ns")
        expected.clock(wires, restart)
        if rst:
            expected.reset()
    assert expected.frames and expected.stalls
