# SPDX-License-Identifier: Apache-2.0
"""A core whose weights are loaded at run time: every element is that of the network that was loaded last.

Runs in the design's folder, where ``loads`` holds files of weights, each beside its integer model, and
``frames.npz`` codes of every input.
"""

from __future__ import annotations

import logging
import zlib
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from bench_control import REGISTERS, bit
from bench_reset import CODES, FRAMES, GRAPH, MANIFEST, Core, beats_of
from cocotb.triggers import ClockCycles, RisingEdge

from common.axi_lite import OKAY, SLVERR, Rules, bus_master, pause
from common.bench import PARAMETERS, PAUSES, random_for, test
from common.stream import number
from kerilog import storage
from kerilog.integer.model import run_outputs
from kerilog.qgraph import QGraph

FILES = sorted(Path("loads").glob("*.bin"))
assert MANIFEST.loadable
DOUBLE = MANIFEST.loadable.double_buffer
HELD = [GRAPH]
"""The network whose weights are used, by the last test's end too: nothing but a load changes them."""
WAIT = 40 * (MANIFEST.frame_interval + MANIFEST.latency) + 1000


def words_of(path: Path) -> list[int]:
    """The words of a file of weights."""
    return np.frombuffer(path.read_bytes(), "<u4").tolist()


def graph_of(path: Path) -> QGraph:
    """The network whose weights a file holds."""
    return storage.load(path.with_suffix(".npz"))


class Loaded(Core):
    """A core, a master at its bus, and what it must answer."""

    def __init__(self, dut: Any) -> None:
        super().__init__(dut)
        self.master = bus_master(dut, self.reset)
        self.seen: list[int] = []  # how many frames came out with the weights of each network

    async def start(self) -> None:
        await super().start()
        self.rules = Rules(self.dut)
        for side in (self.master.write_if, self.master.read_if):
            side.log.setLevel(logging.WARNING)
        self.pause("none", "none", None)
        await ClockCycles(self.dut.clk, 2)

    async def read(self, path: str) -> int:
        """Read a register."""
        done = await self.master.read(REGISTERS[path].absolute_address, 4)
        assert done.resp == OKAY, path
        return int.from_bytes(done.data, "little")

    async def write(self, path: str, value: int, resp: Any = OKAY) -> None:
        """Write a register."""
        done = await self.master.write(REGISTERS[path].absolute_address, value.to_bytes(4, "little"))
        assert done.resp == resp, f"{path}: {value:08x} is answered with {done.resp}"

    async def state(self, name: str) -> bool:
        """A field of the register ``load``."""
        return bool(await self.read("load") & bit("load", name))

    async def until(self, name: str) -> None:
        """Wait for a field of the register ``load``."""
        for _ in range(WAIT):
            if await self.state(name):
                return
        raise AssertionError(f"load.{name} never comes")

    async def load(self, words: list[int], resp: Any = OKAY) -> None:
        """Write words, of which the last one is answered with ``resp``."""
        for word in words[:-1]:
            await self.write("load_data", word)
        await self.write("load_data", words[-1], resp)

    async def take(self, path: Path) -> None:
        """Load a file, whose network is then the one that is used."""
        await self.load(words_of(path))
        HELD[:] = [graph_of(path)]

    async def cleared(self, *names: str) -> None:
        """These bits of status are set; they are no longer."""
        events = sum(bit("status", name) for name in names)
        found = await self.read("status") & ~bit("status", "frame_done")
        assert found == events, f"status {found:x}, not {events:x}"
        await self.write("status", 0x3F)

    async def answers(self) -> None:
        """All frames, as the network computes them whose weights are used."""
        for exit in self.exits:
            exit.forget()
        self.send()
        await self.finish(FRAMES)
        self.compare(HELD)

    def compare(self, graphs: list[QGraph]) -> None:
        """The frames that came out: some as the first one of ``graphs`` has them, the others as the next."""
        answers = [run_outputs(graph, CODES) for graph in graphs]
        for place, exit in enumerate(self.exits):
            seen = [0] * len(graphs)
            current = 0
            for number_, found in enumerate(exit.frames):
                wanted = [
                    beats_of(answer[place][number_ % FRAMES], exit.stream) for answer in answers[current:]
                ]
                assert found in wanted, f"{exit.stream.port}: frame {number_} is of no network"
                current += wanted.index(found)
                seen[current] += 1
            self.seen = seen
        assert not any(any(exit.marks) for exit in self.exits)

    async def stays_shut(self) -> None:
        """No frame begins."""
        self.forget()
        self.send()
        await ClockCycles(self.dut.clk, 2 * (MANIFEST.frame_interval + MANIFEST.latency))
        assert not any(exit.frames or exit.begun for exit in self.exits)
        for source in self.sources:
            assert number(source.wires.ready) == 0
            source.flush()
        await ClockCycles(self.dut.clk, 2)

    def forget(self) -> None:
        """Drop what came out."""
        for exit in self.exits:
            exit.forget()


def differ(first: QGraph, second: QGraph) -> bool:
    """Whether every frame has another answer."""
    pairs = zip(run_outputs(first, CODES), run_outputs(second, CODES), strict=True)
    return all(np.any(one[frame] != other[frame]) for one, other in pairs for frame in range(FRAMES))


@test(timeout_time=80)
async def every_network(dut: Any) -> None:
    """As built, and then with the weights of each file; pauses at the bus do no harm."""
    core = Loaded(dut)
    await core.start()
    assert await core.read("layout") == int(MANIFEST.loadable.layout, 16)
    assert await core.read("loaded") == 0
    await core.answers()
    for number_, path in enumerate(FILES):
        of_source, of_sink = PARAMETERS["pauses"][number_ % len(PARAMETERS["pauses"])]
        core.pause(of_source, of_sink, random_for(f"load {path.name}"))
        pause(core.master, PAUSES[of_sink], path.name)
        await core.take(path)
        for _ in range(2 if DOUBLE else 1):
            await core.read("load")
        await core.cleared("load_done")
        assert await core.read("loaded") == words_of(path)[-1]
        await core.answers()


@test(timeout_time=80)
async def bad_loads(dut: Any) -> None:
    """Files of others, damaged and cut off, words in part: refused, told, and never used."""
    core = Loaded(dut)
    await core.start()
    good, others = words_of(FILES[0]), words_of(FILES[1])
    for place in range(3):
        words = [*good[:place], good[place] ^ 1 << random_for(f"header {place}").randrange(32)]
        await core.load(words, SLVERR)
        assert not await core.state("loading") and not await core.state("incomplete")
        await core.cleared("write_error", "load_error")
    # a word of which some bytes are missing
    await core.load(good[:2])
    done = await core.master.write(REGISTERS["load_data"].absolute_address, good[2].to_bytes(4, "little")[:3])
    assert done.resp == SLVERR
    await core.cleared("write_error", "load_error")
    await core.answers()
    await core.write("status", 0x3F)

    for name in ("damaged", "mixed", "cut off", "longer"):
        words = list(good)
        if name == "damaged":
            words[random_for(name).randrange(3, len(words) - 1)] ^= 1 << random_for(name).randrange(32)
        if name == "mixed":
            words[3 : len(words) // 2] = others[3 : len(words) // 2]
        if name == "longer":
            words[-1:] = [0, zlib.crc32(np.array([*words[:-1], 0], "<u4").tobytes())]
        if name == "cut off":
            await core.load(words[: len(words) // 2])
            await core.write("load", bit("load", "abort"))
            await core.cleared("load_error")
        else:
            await core.load(words[: len(good)], SLVERR)
            await core.cleared("write_error", "load_error")
        assert await core.state("incomplete") == (not DOUBLE)
        assert not await core.state("loading")
        if DOUBLE:
            await core.answers()
        else:
            await core.stays_shut()
        await core.write("status", 0x3F)
    await core.take(FILES[0])
    await core.answers()


@test(timeout_time=80)
async def frames_go_on(dut: Any) -> None:
    """A source that never pauses: held between two frames, or changed there by two banks."""
    core = Loaded(dut)
    await core.start()
    assert differ(*map(graph_of, FILES[:2]))
    await core.take(FILES[1])
    await core.cleared("load_done")
    for attempt in range(PARAMETERS["rounds"] + 2):
        path, before = FILES[attempt % 2], HELD[0]
        rng = random_for(f"changes {attempt}")
        core.pause(*PARAMETERS["pauses"][attempt % len(PARAMETERS["pauses"])], rng)
        core.forget()
        core.send()
        await ClockCycles(dut.clk, rng.randint(5, 2 * MANIFEST.latency))
        feeding = [True]
        feeder = cocotb.start_soon(feed(core, feeding))
        if not DOUBLE:
            await core.load(words_of(path)[:1], SLVERR)
            await core.cleared("write_error", "load_error")
            await core.write("load", bit("load", "hold"))
            await core.until("held")
            held = [len(exit.frames) for exit in core.exits]
            assert not any(exit.begun for exit in core.exits) and min(held) == max(held)
        await core.take(path)
        if not DOUBLE:
            await core.write("load", 0)
        while await core.state("pending"):
            pass
        await ClockCycles(dut.clk, 3 * (MANIFEST.frame_interval + MANIFEST.latency))
        feeding.clear()
        rounds = await feeder
        await core.finish(rounds * FRAMES)
        core.compare([before, *HELD])
        assert min(core.seen) > 0, core.seen
        await core.write("status", 0x3F)


async def feed(core: Loaded, feeding: list[bool]) -> int:
    """Send all frames again and again as long as ``feeding`` is not empty; how often."""
    rounds = 1
    while feeding:
        if max(len(source.queue) for source in core.sources) < MANIFEST.inputs[0].frame_beats:
            core.send()
            rounds += 1
        await RisingEdge(core.dut.clk)
    return rounds


@test(timeout_time=80)
async def resets(dut: Any) -> None:
    """Of the core: a load goes on. Of all: it ends, and what the memories hold stays."""
    core = Loaded(dut)
    await core.start()
    good = words_of(FILES[0])
    half = len(good) // 2
    await core.load(good[:half])
    await core.write("control", bit("control", "soft_reset"))
    await core.load(good[half:])
    HELD[:] = [graph_of(FILES[0])]
    await core.answers()
    await core.reset_for(2, afresh=True)
    await ClockCycles(dut.clk, 2)
    assert await core.read("loaded") == good[-1]
    await core.answers()

    await core.load(words_of(FILES[1])[:half])
    await core.reset_for(1, afresh=True)
    await ClockCycles(dut.clk, 2)
    assert not await core.state("loading")
    assert await core.state("incomplete") == (not DOUBLE)
    core.forget()
    if DOUBLE:
        await core.answers()
    else:
        await core.stays_shut()
        await core.write("control", bit("control", "soft_reset"))
        await core.stays_shut()
    await core.take(FILES[1])
    await core.answers()
