# SPDX-License-Identifier: Apache-2.0
"""The master of an AXI4-Lite bus, cocotbext-axi's, and a monitor that holds the bus to its rules."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from common.bench import Pauses, random_for
from common.stream import number

# what cocotbext-axi calls has newer names in cocotb 2
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"cocotbext\.")

OKAY, SLVERR = AxiResp.OKAY, AxiResp.SLVERR


def bus_master(dut: Any, reset: Any, is_high: bool = True) -> AxiLiteMaster:
    """Return a master at the ports ``s_axi``; ``reset`` resets it at the level that ``is_high`` says."""
    bus = AxiLiteBus.from_prefix(dut, "s_axi")
    return AxiLiteMaster(bus, dut.clk, reset, reset_active_level=is_high)


def pause(master: AxiLiteMaster, pauses: Pauses, purpose: str) -> None:
    """Pause each channel of the master by itself."""
    write, read = master.write_if, master.read_if
    channels = write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel
    for place, channel in enumerate(channels):
        channel.set_pause_generator(pauses(random_for(f"{purpose} {place}")))


class Rules:
    """Watches the bus in every cycle: what is offered stays, every access gets one response."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.waiting = {"b": 0, "r": 0}  # accesses without a response
        self.held: dict[str, tuple[int, ...] | None] = {"b": None, "r": None}
        self.answers = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            if number(dut.rst):
                self.waiting = dict.fromkeys(self.waiting, 0)
                self.held = dict.fromkeys(self.held, None)
                continue
            for channel, offered in self._offered():
                self._look(channel, offered)
            assert number(dut.s_axi_awready) == number(dut.s_axi_wready), "an address without its data"
            self.waiting["b"] += number(dut.s_axi_awvalid) and number(dut.s_axi_awready)
            self.waiting["r"] += number(dut.s_axi_arvalid) and number(dut.s_axi_arready)

    def _offered(self) -> Iterator[tuple[str, tuple[int, ...] | None]]:
        """What each channel of responses offers now."""
        dut = self.dut
        yield "b", (number(dut.s_axi_bresp),) if number(dut.s_axi_bvalid) else None
        read = (dut.s_axi_rresp, dut.s_axi_rdata)
        yield "r", tuple(map(number, read)) if number(dut.s_axi_rvalid) else None

    def _look(self, channel: str, offered: tuple[int, ...] | None) -> None:
        if self.held[channel] is not None:
            assert offered == self.held[channel], f"{channel} changed before it was taken"
        self.held[channel] = None
        if offered is None:
            return
        assert self.waiting[channel], f"{channel}: a response that nobody asked for"
        if number(getattr(self.dut, f"s_axi_{channel}ready")):
            self.waiting[channel] -= 1
            self.answers += 1
        else:
            self.held[channel] = offered
