# SPDX-License-Identifier: Apache-2.0
"""What is behind the modules that answer with results and have no ready: a buffer that gives credits."""

from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from common.scoreboard import Scoreboard
from common.stream import cycle, never, number


class ResultBuffer:
    """Holds results, at most ``places``, and takes them out at random; it is both sink and monitor."""

    def __init__(self, dut: Any, scoreboard: Scoreboard, places: int) -> None:
        self.dut = dut
        self.places = places
        self.scoreboard = scoreboard
        self.pause = never()
        self.held = 0
        self.times: list[int] = []
        dut.result_taken.value = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            if self.dut.rst.value == 1:
                self.held = 0
            elif number(self.dut.result_tvalid):
                self.held += 1
                assert self.held <= self.places, "more results than there are places"
                self.times.append(cycle())
                self.scoreboard.put_output(number(self.dut.result_tdata))
            taken = self.held > 0 and not next(self.pause)
            self.held -= taken
            self.dut.result_taken.value = taken
