# SPDX-License-Identifier: Apache-2.0
"""A generated network against its integer model: every element, tlast, tuser, frame_error, cycles, resets.

Runs in the design's folder, where ``frames.npy`` holds input codes.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from common.bench import (
    PARAMETERS,
    PAUSES,
    Bench,
    contract_of_handshake,
    pack,
    random_for,
    share,
    steps,
    test,
)
from common.scoreboard import Model
from common.stream import always, never, number, randomly
from kerilog import storage
from kerilog.integer.model import run
from kerilog.manifest import Manifest, Stream

MANIFEST = Manifest.read(Path.cwd())
GRAPH = storage.load(Path(storage.FILE_NAME))
CODES = np.load("frames.npy")
IN, OUT = MANIFEST.input, MANIFEST.output
LAST_IN, LAST_OUT = 1 << IN.tdata_bits, 1 << OUT.tdata_bits
USE_TLAST = PARAMETERS.get("use_tlast", 1)
PATIENCE = 20 * (MANIFEST.frame_interval * len(CODES) + MANIFEST.latency) + 1000
PAIRS = PARAMETERS["pauses"]


def beats_of(codes: np.ndarray, stream: Stream) -> list[int]:
    """Return a frame as beats, without tlast, with zeros above the elements."""
    flat = codes.reshape(-1).tolist()
    return [pack(flat[at : at + stream.lanes], stream.bits) for at in range(0, len(flat), stream.lanes)]


PAD_RNG = random_for("what nobody reads")


def padded(beat: int) -> int:
    """Put anything on the wires that the design must ignore: above the elements, and tlast where unused."""
    pad = PAD_RNG.getrandbits(IN.tdata_bits) >> IN.width << IN.width
    return beat | pad if USE_TLAST else (beat & (LAST_IN - 1)) | pad | PAD_RNG.choice((0, LAST_IN))


def with_last(beats: list[int], last: int) -> list[int]:
    """Mark the last beat."""
    return [*beats[:-1], beats[-1] | last]


def frame_in(index: int) -> list[int]:
    """Return a good frame."""
    return [padded(beat) for beat in with_last(beats_of(CODES[index % len(CODES)], IN), LAST_IN)]


def frames_in(count: int) -> list[int]:
    """Return good frames, one after the other."""
    return [beat for index in range(count) for beat in frame_in(index)]


def elements(beats: list[int]) -> np.ndarray:
    """Return the codes in the beats of one frame; beats that were never sent are zeros."""
    mask, sign = (1 << IN.bits) - 1, 1 << (IN.bits - 1)
    lanes = [(beat >> (IN.bits * lane)) & mask for beat in beats for lane in range(IN.lanes)]
    codes = np.zeros(int(np.prod(IN.shape)), np.int64)
    codes[: len(lanes)] = [(lane ^ sign) - sign for lane in lanes][: len(codes)]
    return codes.reshape(1, *IN.shape)


class Framing:
    """What the top module's header says about frames: short ones are filled with zeros, long ones are cut."""

    def __init__(self) -> None:
        self.beats: list[int] = []
        self.drops = False
        self.error = self.faulty = False

    def accept(self, beat: int) -> list[int] | None:
        """Accept a beat; return the beats of a frame if that is now complete."""
        full = len(self.beats) == IN.beats - 1
        last = bool(beat & LAST_IN) if USE_TLAST else full
        if self.drops:
            self.drops = not last
            return None
        if last != full:
            self.error = True
        elif not self.beats:
            self.error = False
        self.faulty = last != full
        self.beats.append(beat & (LAST_IN - 1))
        if not last and not full:
            return None
        self.drops = full and not last
        whole, self.beats = self.beats, []
        return whole


def make_model() -> Model:
    """Run the integer model, frame by frame."""
    framing = Framing()

    def model(beat: int) -> Iterator[int]:
        whole = framing.accept(beat)
        if whole is not None:
            yield from with_last(beats_of(run(GRAPH, elements(whole)), OUT), LAST_OUT)

    return model


class Network(Bench):
    """A bench that checks frame_error, tuser and ready in reset in every cycle.

    With register slices, what is known of a frame reaches the output later, but before its last beat.
    """

    def __init__(self, dut: Any) -> None:
        super().__init__(dut, make_model)
        self.scoreboard.causal = not PARAMETERS["early"]
        self.errors = self.marked = 0
        cocotb.start_soon(self._watch_error())
        cocotb.start_soon(self._watch_user())

    async def _watch_user(self) -> None:
        source, dut, exact = self.source.wires, self.dut, not MANIFEST.register_borders
        framing, faults, frame, waiting, seen = Framing(), [], 0, None, False
        while True:
            await RisingEdge(dut.clk)
            if dut.rst.value == 1:
                if exact and source.ready.value.is_resolvable:
                    assert number(source.ready) == 0, "ready in reset"
                framing, faults, frame, waiting, seen = Framing(), [], 0, None, False
                continue
            if number(dut.m_axis_tvalid):
                found, last = bool(number(dut.m_axis_tuser)), number(dut.m_axis_tlast)
                known = frame < len(faults)
                assert known or not last, f"the end of frame {frame} is offered before that of its input"
                expected = known and faults[frame] if waiting is None else waiting
                if exact or last or found:
                    assert found == expected, f"tuser is {found} in frame {frame}, expected {expected}"
                assert found or not seen, f"tuser falls in frame {frame}"
                waiting = None if number(dut.m_axis_tready) else found
                if waiting is None:
                    self.marked += found
                    frame, seen = frame + last, found and not last
            if number(source.valid) and number(source.ready) and framing.accept(source.beat()) is not None:
                faults.append(framing.faulty)

    async def _watch_error(self) -> None:
        wires, framing, error = self.source.wires, Framing(), False
        while True:
            await RisingEdge(self.dut.clk)
            if self.dut.rst.value == 1:
                framing, error = Framing(), False
                continue
            found = bool(number(self.dut.frame_error))
            if not MANIFEST.register_borders:
                assert found == error, f"frame_error is {found}, expected {error}"
            self.errors += found
            if number(wires.valid) and number(wires.ready):
                framing.accept(wires.beat())
                error = framing.error


async def network_of(dut: Any) -> Network:
    """Return a network that was reset."""
    network = Network(dut)
    await network.start()
    return network


async def send(network: Network, beats: list[int]) -> None:
    """Send beats and check everything that comes out."""
    network.source.send(*beats)
    await network.finish(PATIENCE)


async def watch_queues(dut: Any, peaks: dict[str, int]) -> None:
    """Record the highest level of every queue, from now on."""
    levels = {name: getattr(dut, f"u_{name}").level for name in peaks}
    while True:
        await RisingEdge(dut.clk)
        for name, level in levels.items():
            peaks[name] = max(peaks[name], number(level))


@test()
async def keeps_its_cycles_back_to_back(dut: Any) -> None:
    """Latency, first output, interval and queue peaks equal the manifest's; no frame waits for another."""
    network = await network_of(dut)
    queues = {layer.name: layer.peak for layer in MANIFEST.layers if layer.kind == "Fifo"}
    peaks = dict.fromkeys(queues, 0)
    cocotb.start_soon(watch_queues(dut, peaks))
    await send(network, frames_in(len(CODES)))
    assert peaks == queues
    first, times = network.inputs.times[0], network.outputs.times
    lasts = times[OUT.beats - 1 :: OUT.beats]
    assert len(lasts) == len(CODES)
    assert times[0] - first == MANIFEST.first_output
    assert lasts[0] - first == MANIFEST.latency
    gaps = steps(lasts)
    assert max(gaps[len(gaps) // 2 :]) == MANIFEST.frame_interval
    assert network.errors == 0


@test()
async def keeps_data_under_stalls(dut: Any) -> None:
    """Random pauses on both sides."""
    network = await network_of(dut)
    for of_source, of_sink in PAIRS:
        rng = random_for(f"{of_source}/{of_sink}")
        network.pause(PAUSES[of_source], PAUSES[of_sink], rng)
        await send(network, frames_in(PARAMETERS["stalled"]))
    assert network.errors == 0


@test()
async def fills_up_and_drains(dut: Any) -> None:
    """A sink that is not ready for a long time loses nothing."""
    network = await network_of(dut)
    network.sink.pause = always()
    network.source.send(*frames_in(PARAMETERS["stalled"]))
    await network.cycles(2 * MANIFEST.frame_interval + MANIFEST.latency)
    assert not network.outputs.times
    network.sink.pause = never()
    await network.finish(PATIENCE)


async def leaving(network: Network) -> None:
    """Wait until some beats of a frame have left, but not all."""
    for _ in range(MANIFEST.latency + 2 * MANIFEST.frame_interval):
        if len(network.outputs.times) % OUT.beats:
            return
        await network.cycles(1)


@test()
async def recovers_from_reset(dut: Any) -> None:
    """After a reset at any moment what was inside is gone, and the next frame is whole and on time."""
    network = await network_of(dut)
    rng = random_for("reset")
    for number_of_reset in range(PARAMETERS["resets"]):
        network.sink.pause = randomly(rng, 0.3)
        network.source.send(*frames_in(2))
        await network.cycles(rng.randint(1, MANIFEST.latency + MANIFEST.frame_interval))
        if number_of_reset % 2:
            await leaving(network)
        await network.reset()
        network.sink.pause = never()
        await send(network, frame_in(rng.randrange(len(CODES))))
        assert network.outputs.times[-1] - network.inputs.times[0] == MANIFEST.latency


def bad_frames(rng: Random) -> list[int]:
    """Return short and long frames, most followed by a good one, some side by side."""
    good, extra = frame_in(0), [*frame_in(1), *frame_in(2)]
    cuts = [1, rng.randint(1, IN.beats - 1), IN.beats - 1]
    short = [with_last([beat & (LAST_IN - 1) for beat in good[:cut]], LAST_IN) for cut in cuts]
    body = [beat & (LAST_IN - 1) for beat in good + extra]
    ends = [IN.beats + 1, IN.beats + rng.randint(2, IN.beats), 2 * IN.beats]
    long = [with_last(body[:end], LAST_IN) for end in ends]
    frames = rng.sample(short + long, PARAMETERS["bad"])
    follow = [frame_in(rng.randrange(len(CODES))) if rng.random() < 0.7 else [] for _ in frames]
    return [beat for bad, ok in zip(frames, follow, strict=True) for beat in (*bad, *ok)] + frame_in(3)


@test()
async def keeps_frames_apart_when_some_are_bad(dut: Any) -> None:
    """frame_error and tuser tell each bad frame; the good ones around it are right to the last element."""
    if not USE_TLAST:
        return
    network = await network_of(dut)
    rng = random_for("bad")
    for pause in (0.0, 0.4)[: PARAMETERS["rounds"]]:
        network.pause(share(pause), share(pause), rng)
        await send(network, bad_frames(rng))
    assert network.errors > 0 and network.marked > 0
    await send(network, frame_in(0))
    assert number(dut.frame_error) == 0


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """No path from m_axis_tready to s_axis_tready, none between valid and ready."""
    if PARAMETERS["contract"]:
        await contract_of_handshake(Network(dut), lambda _: frames_in(1), cuts_ready=True)
