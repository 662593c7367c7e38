# SPDX-License-Identifier: Apache-2.0
"""A reset of a network alone, in the middle of frames, while source and sink know nothing of it.

Runs in the design's folder, where ``frames.npz`` holds codes of every input. What is checked is what the
README of the folder promises, for the port and the level that the manifest names.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge, Timer

from common.bench import PARAMETERS, PAUSES, pack, random_for, start_clock, test
from common.stream import SETTLE_NS, Sink, Source, Wires, number
from kerilog import storage
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest, Stream

MANIFEST = Manifest.read(Path.cwd())
GRAPH = storage.load(Path(storage.FILE_NAME))
with np.load("frames.npz") as FILE:
    CODES = {name: FILE[name] for name in FILE.files}
FRAMES = len(next(iter(CODES.values())))
IN_RESET = 1 if MANIFEST.reset == "active-high" else 0
FIRST_LOW = 1 if MANIFEST.register_borders else 0
"""The edge in reset, from 0, from which on no input is ready."""


def beats_of(codes: np.ndarray, stream: Stream, marked: bool = True) -> list[int]:
    """Return a frame as beats, with tlast above the data of the last one if ``marked``."""
    flat = codes.reshape(-1).tolist()
    beats = [pack(flat[at : at + stream.lanes], stream.bits) for at in range(0, len(flat), stream.lanes)]
    return [*beats[:-1], beats[-1] | (marked << stream.tdata_bits)]


class Exit:
    """What a sink gets that is not told of resets: whole frames, each with its mark, and the begun one."""

    def __init__(self, dut: Any, stream: Stream) -> None:
        self.stream = stream
        self.sink = Sink(Wires(dut, stream.port))
        self.user = getattr(dut, f"{stream.port}_tuser")
        self.forget()

    def forget(self) -> None:
        """Drop everything, as a sink should at a reset."""
        self.frames: list[list[int]] = []
        self.marks: list[bool] = []
        self.begun: list[int] = []

    def sample(self, edge: int) -> None:
        """Look at a clock edge; ``edge``: how many there were before it in this reset."""
        wires = self.sink.wires
        if edge:
            assert number(wires.valid) == 0, f"{self.stream.port}_tvalid at edge {edge} in reset"
        if number(wires.valid) and number(wires.ready):
            beat = wires.beat()
            self.begun.append(beat)
            if beat >> self.stream.tdata_bits:
                self.frames.append(self.begun)
                self.marks.append(bool(number(self.user)))
                self.begun = []


class Core:
    """The network, its sources and its sinks; nobody outside but the checks knows when it is reset."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.reset = dut, getattr(dut, MANIFEST.reset_port)
        self.sources = []
        for stream in MANIFEST.inputs:
            source = Source(Wires(dut, stream.port))
            source.wires.rst = SimpleNamespace(value=0)
            self.sources.append(source)
        self.exits = [Exit(dut, stream) for stream in MANIFEST.outputs]
        self.errors = 0

    def in_reset(self) -> bool:
        """Whether the core is in reset."""
        return number(self.reset) == IN_RESET

    async def start(self) -> None:
        """Start the clock and reset for the first time, from unknown registers."""
        start_clock(self.dut)
        self.reset.value = IN_RESET
        await ClockCycles(self.dut.clk, 2)
        self.reset.value = 1 - IN_RESET
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        edge = 0  # of those in reset
        while True:
            await RisingEdge(self.dut.clk)
            in_reset = self.in_reset()
            self.errors += number(self.dut.frame_error)
            for source in self.sources:
                if in_reset and edge >= FIRST_LOW:
                    assert number(source.wires.ready) == 0, f"{source.wires.name}_tready at edge {edge}"
            for exit in self.exits:
                exit.sample(edge if in_reset else 0)
                if in_reset:
                    exit.forget()
            edge = edge + 1 if in_reset else 0
            if in_reset:
                self.errors = 0

    def pause(self, of_source: str, of_sink: str, rng: Any) -> None:
        for source in self.sources:
            source.pause = PAUSES[of_source](rng)
        for exit in self.exits:
            exit.sink.pause = PAUSES[of_sink](rng)

    def send(self) -> None:
        """Queue all frames at every input."""
        for source, stream in zip(self.sources, MANIFEST.inputs, strict=True):
            for codes in CODES[stream.name]:
                source.send(*beats_of(codes, stream))

    async def reset_for(self, edges: int, afresh: bool) -> None:
        """Reset for some edges of the clock; ``afresh``: the sources drop what they were sending."""
        self.reset.value = IN_RESET
        await ClockCycles(self.dut.clk, edges)
        if afresh:
            for source in self.sources:
                source.flush()
        self.reset.value = 1 - IN_RESET
        await Timer(SETTLE_NS, "ns")  # until everyone has seen the last edge

    async def finish(self, frames: int) -> None:
        """Wait until as many frames have come out everywhere, then a while for what should not come."""
        for _ in range(40 * (MANIFEST.frame_interval * (frames + 1) + MANIFEST.latency) + 1000):
            await RisingEdge(self.dut.clk)
            if all(len(exit.frames) >= frames for exit in self.exits):
                break
        await ClockCycles(self.dut.clk, 20)
        for exit in self.exits:
            assert len(exit.frames) == frames and not exit.begun, f"{exit.stream.port}: {len(exit.frames)}"

    def check(self, first: int, broken: int) -> None:
        """All frames from ``first`` on are right, behind ``broken`` ones without meaning, and marked so."""
        for exit, expected in zip(self.exits, run_outputs(GRAPH, CODES), strict=True):
            assert exit.marks == [True] * broken + [False] * (FRAMES - first), exit.marks
            for found, codes in zip(exit.frames[broken:], expected[first:], strict=True):
                assert found == beats_of(codes, exit.stream), exit.stream.port
        assert bool(self.errors) == bool(broken)


@test(timeout_time=20)
async def sources_begin_afresh(dut: Any) -> None:
    """One edge in reset is enough, anywhere in a frame; the next frame is right, and all behind it."""
    core = Core(dut)
    await core.start()
    for edges in (1, 2, 5):
        for of_source, of_sink in PARAMETERS["pauses"]:
            rng = random_for(f"afresh {edges} {of_source}/{of_sink}")
            core.pause(of_source, of_sink, rng)
            core.send()
            await ClockCycles(dut.clk, rng.randint(1, 2 * (MANIFEST.latency + MANIFEST.frame_interval)))
            await core.reset_for(edges, afresh=True)
            core.send()
            await core.finish(FRAMES)
            core.check(0, 0)


@test(timeout_time=20, skip=len(MANIFEST.inputs) > 1)
async def a_source_goes_on(dut: Any) -> None:
    """The rest of a frame is a short frame: one result that is marked, and right ones behind it."""
    core = Core(dut)
    await core.start()
    (source,), (stream,) = core.sources, MANIFEST.inputs
    seen = set()
    for edges in (1, 2, 5):
        for of_source, of_sink in PARAMETERS["pauses"]:
            rng = random_for(f"on {edges} {of_source}/{of_sink}")
            core.pause(of_source, of_sink, rng)
            core.send()
            await ClockCycles(dut.clk, rng.randint(1, MANIFEST.latency + MANIFEST.frame_interval))
            await core.reset_for(edges, afresh=False)
            whole, rest = divmod(len(source.queue), stream.beats)
            broken = 1 if rest else 0
            seen.add(broken)
            await core.finish(whole + broken)
            core.check(FRAMES - whole, broken)
    assert 1 in seen, "no reset came in the middle of a frame"
