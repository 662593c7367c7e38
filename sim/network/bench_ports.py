# SPDX-License-Identifier: Apache-2.0
"""A network with several inputs and outputs: frames stay matched whatever is wrong with some of them.

Runs in the design's folder, where ``frames.npz`` holds codes of every input.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from common.bench import PARAMETERS, PAUSES, pack, random_for, start_clock, test
from common.stream import Monitor, Sink, Source, Wires, never, number
from kerilog import storage
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest, Stream

MANIFEST = Manifest.read(Path.cwd())
GRAPH = storage.load(Path(storage.FILE_NAME))
with np.load("frames.npz") as FILE:
    CODES = {name: FILE[name] for name in FILE.files}
FRAMES = len(next(iter(CODES.values())))


def beats_of(codes: np.ndarray, stream: Stream) -> list[int]:
    """Return a frame as beats, without tlast."""
    flat = codes.reshape(-1).tolist()
    return [pack(flat[at : at + stream.lanes], stream.bits) for at in range(0, len(flat), stream.lanes)]


def last_of(stream: Stream) -> int:
    """The bit of a beat that is tlast."""
    return 1 << stream.tdata_bits


class Exit:
    """The results of one output: of every frame its beats, and whether its last one was marked."""

    def __init__(self, dut: Any, stream: Stream) -> None:
        self.stream, self.user = stream, getattr(dut, f"{stream.port}_tuser")
        self.sink = Sink(Wires(dut, stream.port))
        self.frames: list[list[int]] = [[]]
        self.marks: list[bool] = []
        self.monitor = Monitor(self.sink.wires, self._take)

    def _take(self, beat: int) -> None:
        last = last_of(self.stream)
        self.frames[-1].append(beat & (last - 1))
        assert bool(beat & last) == (len(self.frames[-1]) == self.stream.beats), "tlast is wrong"
        if beat & last:
            self.marks.append(bool(number(self.user)))
            self.frames.append([])


class Ports:
    """Sources and sinks at all ports."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.sources = {stream.name: Source(Wires(dut, stream.port)) for stream in MANIFEST.inputs}
        self.exits = [Exit(dut, stream) for stream in MANIFEST.outputs]
        self.errors = 0
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            if self.dut.rst.value == 0:
                self.errors += number(self.dut.frame_error)

    async def reset(self) -> None:
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 3)
        for source in self.sources.values():
            source.flush()
        for exit in self.exits:
            exit.frames, exit.marks = [[]], []
        self.errors = 0
        self.dut.rst.value = 0

    async def finish(self, frames: int) -> None:
        """Wait until as many frames have come out everywhere, then a while for what should not come."""
        for _ in range(40 * (MANIFEST.frame_interval * frames + MANIFEST.latency) + 1000):
            await RisingEdge(self.dut.clk)
            if all(len(exit.marks) >= frames for exit in self.exits):
                break
        await ClockCycles(self.dut.clk, 20)
        for exit in self.exits:
            assert len(exit.marks) == frames and exit.frames[-1] == [], exit.stream.port


def sent(rng: Random, stream: Stream, frame: int, wrong: str) -> list[int]:
    """One frame as beats, right or ``wrong``: "short" or "long"."""
    beats = beats_of(CODES[stream.name][frame], stream)
    if wrong == "short":
        beats = beats[: rng.randint(1, stream.beats - 1)]
    elif wrong == "long":
        beats += beats[: rng.randint(1, stream.beats)]
    return [*beats[:-1], beats[-1] | last_of(stream)]


async def run(ports: Ports, rng: Random, share: float) -> None:
    """Send all frames, a ``share`` of them wrong at each input; check marks, and the results of good ones."""
    good = np.ones(FRAMES, bool)
    for stream in MANIFEST.inputs:
        for frame in range(FRAMES):
            wrong = rng.choice(("short", "long")) if rng.random() < share else ""
            good[frame] &= not wrong
            ports.sources[stream.name].send(*sent(rng, stream, frame, wrong))
    await ports.finish(FRAMES)
    for exit, expected in zip(ports.exits, run_outputs(GRAPH, CODES), strict=True):
        assert exit.marks == (~good).tolist(), f"{exit.stream.port}: {exit.marks}, good: {good.tolist()}"
        for frame in np.flatnonzero(good):
            assert exit.frames[frame] == beats_of(expected[frame], exit.stream), exit.stream.port
    assert bool(ports.errors) == (not good.all())


@test(timeout_time=20)
async def keeps_frames_matched(dut: Any) -> None:
    """Wrong frames at some inputs, pauses at all ports, a reset in between."""
    start_clock(dut)
    ports = Ports(dut)
    for share in (0.0, 0.4, 0.7):
        for of_source, of_sink in PARAMETERS["pauses"]:
            rng = random_for(f"{share} {of_source}/{of_sink}")
            await ports.reset()
            for source in ports.sources.values():
                source.pause = PAUSES[of_source](rng)
            for exit in ports.exits:
                exit.sink.pause = PAUSES[of_sink](rng)
            await run(ports, rng, share)


@test()
async def one_input_may_come_first(dut: Any) -> None:
    """An input that runs ahead waits for the others, and loses nothing."""
    start_clock(dut)
    ports = Ports(dut)
    await ports.reset()
    for exit in ports.exits:
        exit.sink.pause = never()
    first, *others = MANIFEST.inputs
    rng = random_for("first")
    for frame in range(FRAMES):
        ports.sources[first.name].send(*sent(rng, first, frame, ""))
    await ClockCycles(dut.clk, 4 * MANIFEST.latency)
    for stream in others:
        for frame in range(FRAMES):
            ports.sources[stream.name].send(*sent(rng, stream, frame, ""))
    await ports.finish(FRAMES)
    for exit, expected in zip(ports.exits, run_outputs(GRAPH, CODES), strict=True):
        assert [beats_of(one, exit.stream) for one in expected] == exit.frames[:-1]
