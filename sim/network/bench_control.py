# SPDX-License-Identifier: Apache-2.0
"""A network with a control block: its registers against counts of the bench's own, while frames go through.

Runs in the design's folder, where ``frames.npz`` holds codes of every input. Addresses and bits are those of
the description in the folder, compiled here once more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cocotb
from bench_reset import CODES, FRAMES, IN_RESET, MANIFEST, Core, beats_of
from cocotb.triggers import ClockCycles, RisingEdge, Timer
from systemrdl import RDLCompiler
from systemrdl.node import RegNode

from common.axi_lite import OKAY, SLVERR, Rules, bus_master, pause
from common.bench import PARAMETERS, PAUSES, random_for, test
from common.stream import SETTLE_NS, number
from kerilog.manifest import Stream


def registers_of(node: Any) -> dict[str, RegNode]:
    """All registers below a node by their paths."""
    found = {}
    for child in node.children(unroll=True):
        if isinstance(child, RegNode):
            found[child.get_rel_path(child.owning_addrmap)] = child
        else:
            found |= registers_of(child)
    return found


COMPILER = RDLCompiler()
COMPILER.compile_file(str(Path("control") / f"{MANIFEST.name}.rdl"))
REGISTERS = registers_of(COMPILER.elaborate().top)
UNMAPPED = sorted(set(range(0, 4096, 4)) - {node.absolute_address for node in REGISTERS.values()})
COUNTERS = [path for path, node in REGISTERS.items() if any(field.is_hw_writable for field in node.fields())]
COUNTERS = [path for path in COUNTERS if path != "status"]


class Counts:
    """What the bench itself counts, in every cycle, since the last reset of the control block."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.reset = dut, getattr(dut, MANIFEST.reset_port)
        self.values: dict[str, int] = {}
        self.snapshot: dict[str, int] = {}
        self.frame_cycles: list[int] = []
        self.forget()
        cocotb.start_soon(self._run())

    def forget(self) -> None:
        """A reset of the block."""
        self.values = dict.fromkeys(COUNTERS, 0)
        self.restart()

    def restart(self) -> None:
        """A reset of the core."""
        self.begun = {stream.port: False for stream in MANIFEST.inputs}
        self.times = {stream.port: list[int]() for stream in (*MANIFEST.inputs, *MANIFEST.outputs)}
        self.done = 0

    async def _run(self) -> None:
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            if number(self.reset) == IN_RESET:
                self.forget()
                continue
            if number(dut.s_axi_arvalid) and number(dut.s_axi_arready):
                self.snapshot = dict(self.values)
            for stream in MANIFEST.inputs:
                self._look(stream, waits="tvalid", first=True)
            for stream in MANIFEST.outputs:
                self._look(stream, waits="tready", first=False)
            self._finish()
            self.values["cycles"] += 1
            if number(dut.soft_reset):
                self.restart()

    def _look(self, stream: Stream, waits: str, first: bool) -> None:
        """One port; ``waits``: the wire that is low while the other side waits."""
        port = stream.port
        valid, ready = (number(getattr(self.dut, f"{port}_{name}")) for name in ("tvalid", "tready"))
        other = ready if waits == "tvalid" else valid
        self.values[f"{port}.stalls"] += int(bool(other) and not (valid and ready))
        if not (valid and ready):
            return
        last = number(getattr(self.dut, f"{port}_tlast"))
        self.values[f"{port}.frames"] += last
        if (first and not self.begun[port]) or (not first and last):
            self.times[port].append(self.values["cycles"])
        if first:
            self.begun[port] = not last

    def _finish(self) -> None:
        """Whether a frame is done in this cycle."""
        if all(len(self.times[stream.port]) > self.done for stream in MANIFEST.outputs):
            began = min(
                self.times[stream.port][self.done]
                for stream in MANIFEST.inputs
                if len(self.times[stream.port]) > self.done
            )
            self.values["last_frame"] = self.values["cycles"] - began
            self.frame_cycles.append(self.values["last_frame"])
            self.done += 1


class Controlled(Core):
    """A core with its control block and a master at the bus."""

    def __init__(self, dut: Any) -> None:
        super().__init__(dut)
        self.counts = Counts(dut)
        self.master = bus_master(dut, self.reset, bool(IN_RESET))

    def in_reset(self) -> bool:
        """Whether the core is in reset, by the pin or by the register."""
        return number(self.reset) == IN_RESET or bool(number(self.dut.soft_reset))

    async def start(self) -> None:
        await super().start()
        self.rules = Rules(self.dut)
        await ClockCycles(self.dut.clk, 2)

    async def read(self, path: str) -> int:
        """Read a register; a counter must be what the bench counted up to the same cycle."""
        done = await self.master.read(REGISTERS[path].absolute_address, 4)
        assert done.resp == OKAY, path
        value = int.from_bytes(done.data, "little")
        if path in COUNTERS:
            assert value == self.counts.snapshot[path], f"{path}: {value}, not {self.counts.snapshot[path]}"
        return value

    async def write(self, path: str, value: int, resp: Any = OKAY) -> None:
        """Write a register."""
        done = await self.master.write(REGISTERS[path].absolute_address, value.to_bytes(4, "little"))
        assert done.resp == resp, path

    async def soft_reset(self) -> None:
        """Reset the core through the bus; sources drop what they were sending, sinks what they got."""
        cocotb.start_soon(self.write("control", bit("control", "soft_reset")))
        while not number(self.dut.soft_reset):
            await RisingEdge(self.dut.clk)
            await Timer(SETTLE_NS, "ns")
        for source in self.sources:
            source.flush()
        await RisingEdge(self.dut.clk)
        await Timer(SETTLE_NS, "ns")
        assert not number(self.dut.soft_reset), "longer than a cycle"


def bit(path: str, name: str) -> int:
    """The mask of a field."""
    return 1 << next(field.low for field in REGISTERS[path].fields() if field.inst_name == name)


async def read_on(core: Controlled, rng: Any, until: list[bool]) -> None:
    """Read counters, one behind the other, until something is in ``until``."""
    while not until:
        await core.read(rng.choice(COUNTERS))


@test(timeout_time=20)
async def constants(dut: Any) -> None:
    """What the design is, as the manifest says it."""
    core = Controlled(dut)
    await core.start()
    assert await core.read("identity") == int.from_bytes(b"KRLG", "big")
    assert await core.read("interval") == MANIFEST.frame_interval
    assert await core.read("latency") == MANIFEST.latency
    digits = [await core.read(f"model_hash_{place}") for place in (0, 1)]
    assert "".join(f"{word:08x}" for word in digits) == MANIFEST.integer_sha256[:16]
    streams = await core.read("streams")
    assert (streams & 255, streams >> 8) == (len(MANIFEST.inputs), len(MANIFEST.outputs))
    for stream in (*MANIFEST.inputs, *MANIFEST.outputs):
        assert await core.read(f"{stream.port}.beats") == stream.frame_beats
    version = await core.read("version")
    found = ".".join(str(version >> shift & 255) for shift in (16, 8, 0))
    assert found == MANIFEST.kerilog and version >> 24 == 1


@test(timeout_time=20)
async def latency_of_a_frame_alone(dut: Any) -> None:
    """Without a pause the first frame takes what the plan says."""
    core = Controlled(dut)
    await core.start()
    await ClockCycles(dut.clk, 5)
    core.pause("none", "none", None)
    core.send()
    await core.finish(FRAMES)
    assert core.counts.frame_cycles[0] == MANIFEST.latency
    assert await core.read("last_frame") == core.counts.frame_cycles[-1]


@test(timeout_time=40)
async def counters(dut: Any) -> None:
    """Every counter equals the bench's own at any time, with pauses everywhere; results stay right."""
    core = Controlled(dut)
    await core.start()
    frames = 0
    for of_source, of_sink in PARAMETERS["pauses"]:
        rng = random_for(f"counters {of_source}/{of_sink}")
        core.pause(of_source, of_sink, rng)
        pause(core.master, PAUSES[of_sink], of_sink)
        for exit in core.exits:
            exit.forget()
        ended: list[bool] = []
        reader = cocotb.start_soon(read_on(core, rng, ended))
        core.send()
        await core.finish(FRAMES)
        core.check(0, 0)
        ended.append(True)
        await reader
        frames += FRAMES
        for path in COUNTERS:
            await core.read(path)
        for stream in (*MANIFEST.inputs, *MANIFEST.outputs):
            assert await core.read(f"{stream.port}.frames") == frames
        assert len(core.counts.frame_cycles) == frames
    assert len(set(core.counts.frame_cycles)) > 2, "all frames took the same"


@test(timeout_time=40)
async def soft_reset_in_mid_frame(dut: Any) -> None:
    """One write resets the core, anywhere in a frame; the next frames are right, and the counters go on."""
    core = Controlled(dut)
    await core.start()
    for of_source, of_sink in PARAMETERS["pauses"]:
        rng = random_for(f"soft {of_source}/{of_sink}")
        core.pause(of_source, of_sink, rng)
        core.send()
        await ClockCycles(dut.clk, rng.randint(1, 2 * (MANIFEST.latency + MANIFEST.frame_interval)))
        await core.soft_reset()
        core.send()
        await core.finish(FRAMES)
        core.check(0, 0)
        for path in COUNTERS:
            await core.read(path)
    assert await core.read("control") == 0
    assert await core.read(f"{MANIFEST.outputs[0].port}.frames") >= len(PARAMETERS["pauses"]) * FRAMES


@test(timeout_time=20)
async def errors_and_interrupt(dut: Any) -> None:
    """Every event sets its bit of status, and irq where it is enabled; only a 1 clears it."""
    core = Controlled(dut)
    await core.start()
    core.pause("none", "none", None)
    bits = {name: bit("status", name) for name in ("frame_done", "frame_error", "write_error", "read_error")}
    assert await core.read("status") == 0

    # what cannot be accessed
    for address in random_for("unmapped").sample(UNMAPPED, 10):
        assert (await core.master.read(address, 4)).resp == SLVERR
        assert await core.read("status") == bits["read_error"]
        await core.write("status", bits["read_error"])
        assert (await core.master.write(address, b"\xff" * 4)).resp == SLVERR
        assert await core.read("status") == bits["write_error"]
        await core.write("status", bits["write_error"])
        assert await core.read("status") == 0
    for path in ("identity", "cycles", f"{MANIFEST.inputs[0].port}.frames"):
        before = await core.read("identity")
        await core.write(path, 0, SLVERR)
        assert await core.read("identity") == before
        assert await core.read("status") == bits["write_error"]
        await core.write("status", bits["write_error"])

    # bytes without their enable stay
    await core.write("enable", 0xF)
    await core.master.write(REGISTERS["enable"].absolute_address + 1, b"\0\0\0")
    assert await core.read("enable") == 0xF
    await core.write("enable", 0xFFFFFFF0)
    assert await core.read("enable") == 0

    # frames that are done, and one that is too short
    for name, length in (("frame_done", None), ("frame_error", 1 if short_is_possible() else None)):
        if name == "frame_error" and length is None:
            continue
        await core.write("status", 0xF)
        await core.write("enable", bits[name])
        assert number(dut.irq) == 0
        send_frames(core, length)
        await core.finish(len(core.exits[0].frames) + 1)
        expected = bits["frame_done"] | (bits["frame_error"] if length else 0)
        assert await core.read("status") == expected
        assert number(dut.irq) == 1
        await core.write("status", expected & ~bits[name])
        assert number(dut.irq) == 1, "cleared by a 0"
        await core.write("enable", 0)
        await Timer(SETTLE_NS, "ns")
        assert number(dut.irq) == 0, "not enabled"
        await core.write("enable", bits[name])
        await core.write("status", bits[name])
        await Timer(SETTLE_NS, "ns")
        assert number(dut.irq) == 0, "cleared"
        assert await core.read("status") == 0


def short_is_possible() -> bool:
    """Whether every input has frames of more than a beat."""
    return all(stream.frame_beats > 1 for stream in MANIFEST.inputs)


def send_frames(core: Controlled, beats: int | None) -> None:
    """Queue the first frame at every input; ``beats``: only so many of it at the first input."""
    for place, (source, stream) in enumerate(zip(core.sources, MANIFEST.inputs, strict=True)):
        whole = beats_of(CODES[stream.name][0], stream)
        if beats is not None and place == 0:
            whole = [*whole[: beats - 1], whole[beats - 1] | 1 << stream.tdata_bits]
        source.send(*whole)


@test(timeout_time=20)
async def hard_reset(dut: Any) -> None:
    """The pin resets the block as well: counters, status and enable are 0, and no response comes."""
    core = Controlled(dut)
    await core.start()
    core.pause("none", "none", None)
    await core.write("enable", 0xF)
    core.send()
    await core.finish(FRAMES)
    assert number(dut.irq) == 1
    await core.reset_for(1, afresh=True)
    assert number(dut.irq) == 0
    await ClockCycles(dut.clk, 2)
    for path in (*COUNTERS, "status", "enable"):
        value = await core.read(path)
        assert path in COUNTERS or value == 0, path
    assert await core.read(f"{MANIFEST.inputs[0].port}.frames") == 0
    core.send()
    await core.finish(FRAMES)
    core.check(0, 0)
