# SPDX-License-Identifier: Apache-2.0
"""What stands behind modules whose results cannot wait: a buffer that hands out credits for its places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from common.bench import Bench
from common.scoreboard import Model, Scoreboard
from common.stream import Wires, cycle, never, number


class ResultBuffer:
    """Holds at most `places` results and removes them at random; it is both sink and monitor."""

    def __init__(self, dut: Any, scoreboard: Scoreboard, places: int) -> None:
        self.wires = Wires(dut, "result", ready="taken")
        self.places = places
        self.scoreboard = scoreboard
        self.pause = never()
        self.held = 0
        self.times: list[int] = []
        self.wires.ready.value = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        wires = self.wires
        while True:
            await RisingEdge(wires.clk)
            if wires.rst.value == 1:
                self.held = 0
            elif number(wires.valid):
                self.held += 1
                assert self.held <= self.places, "more results than places"
                self.times.append(cycle())
                self.scoreboard.put_output(wires.beat())
            taken = self.held > 0 and not next(self.pause)
            self.held -= taken
            wires.ready.value = taken


class ResultBench(Bench):
    """A bench whose sink is a result buffer.

    A vector of `beats` beats gives `results` results, the last of them `latency` cycles after its last beat.
    """

    pause_pairs = (("none", "most"), ("some", "none"), ("most", "some"), ("bursts", "bursts"))

    def __init__(
        self,
        dut: Any,
        make_model: Callable[[], Model],
        places: int,
        latency: int,
        beats: int = 1,
        results: int = 1,
    ) -> None:
        self.places, self.latency, self.beats, self.results = places, latency, beats, results
        super().__init__(dut, make_model)

    def output_side(self) -> tuple[Any, Any]:
        """Return the buffer as both."""
        buffer = ResultBuffer(self.dut, self.scoreboard, self.places)
        return buffer, buffer

    async def finish(self, limit: int = 20000, extra: int = 20) -> None:
        """Check the latency of every result, too, whatever the pauses."""
        await super().finish(limit, extra)
        accepted = self.inputs.times[self.beats - 1 :: self.beats]
        came = self.outputs.times[self.results - 1 :: self.results]
        assert came == [time + self.latency for time in accepted]
