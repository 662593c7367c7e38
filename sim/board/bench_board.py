# SPDX-License-Identifier: Apache-2.0
"""The top module of a board, seen from its serial line: a model of a UART speaks the host's own protocol.

Runs in the board's folder: ``host.py`` there makes requests and reads answers, and ``vectors.npz`` has the
codes of the integer model.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, First, Timer

from common.bench import PARAMETERS, random_for

sys.path.insert(0, str(Path.cwd()))
import host  # the script that is handed on

PERIOD = 10  # ns
BIT = PARAMETERS["BIT_CLOCKS"] * PERIOD
IDLE = (PARAMETERS["IDLE_CLOCKS"] + 20) * PERIOD
SKEW = PARAMETERS["SKEW"]  # of the host's clock
PRESSED = PARAMETERS["PRESSED"]
VECTORS = np.load("vectors.npz")
INPUTS, OUTPUTS = VECTORS["inputs"], VECTORS["outputs"]
FRAMES = len(INPUTS)
BYTE_NS = 10 * BIT
ANSWER_NS = host.answer_size() * BYTE_NS + PARAMETERS["CORE_CLOCKS"] * PERIOD


class Line:
    """Both ends of the line at the host."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.received: list[int] = []
        self.bad = 0

    async def start(self) -> Line:
        self.dut.uart_rx.value = 1
        self.dut.button.value = 1 - PRESSED
        cocotb.start_soon(Clock(self.dut.clk, PERIOD, unit="ns").start())
        await Timer(5 * PERIOD + PERIOD // 2, unit="ns")
        await Timer(PARAMETERS["START_CLOCKS"] * PERIOD + IDLE, unit="ns")
        cocotb.start_soon(self._listen())
        return self

    async def _listen(self) -> None:
        while True:
            await FallingEdge(self.dut.uart_tx)
            await Timer(BIT // 2, unit="ns")
            value = 0
            for place in range(8):
                await Timer(BIT, unit="ns")
                value |= int(self.dut.uart_tx.value) << place
            await Timer(BIT, unit="ns")
            self.bad += int(self.dut.uart_tx.value) != 1
            self.received.append(value)

    async def send(self, content: bytes, broken: int | None = None) -> None:
        """Send bytes without a pause; number `broken` has no stop bit, and the line then rises late."""
        for place, value in enumerate(content):
            stop = 0 if place == broken else 1
            for bit in [0, *((value >> shift) & 1 for shift in range(8)), stop]:
                self.dut.uart_rx.value = bit
                await Timer(round(BIT * SKEW), unit="ns")
            self.dut.uart_rx.value = 1
            if not stop:
                await Timer(BIT, unit="ns")

    async def answers(self, count: int) -> list[bytes]:
        """The next `count` answers; fewer if the line is silent for long."""
        size = host.answer_size()
        wanted = count * size
        last = -1
        while len(self.received) < wanted and len(self.received) != last:
            last = len(self.received)
            await Timer(ANSWER_NS + 20 * BYTE_NS, unit="ns")
        content, self.received = bytes(self.received), []
        assert not self.bad, "a stop bit is missing"
        assert len(content) % size == 0, f"{len(content)} bytes are no answers of {size}"
        return [content[start : start + size] for start in range(0, len(content), size)]

    async def silence(self) -> None:
        await Timer(IDLE + 4 * BYTE_NS, unit="ns")

    async def works(self, frames: range | None = None) -> None:
        """Frames one after the other, each answered as the integer model says."""
        for frame in frames or range(min(2, FRAMES)):
            await self.send(host.request(frame, INPUTS[frame]))
            found = await self.answers(1)
            assert len(found) == 1, f"frame {frame}: {len(found)} answers"
            assert_is(found[0], frame, frame)

    def error_led(self) -> bool:
        return int(self.dut.error_led.value) == PARAMETERS["LIT"]


def assert_is(content: bytes, number: int, frame: int) -> None:
    codes = host.answer(content, number)
    assert codes is not None, f"frame {frame}: {content.hex()} is no good answer"
    assert np.array_equal(codes, OUTPUTS[frame]), f"frame {frame}: {codes} is not {OUTPUTS[frame]}"


def assert_honest(answers: list[bytes], broken: set[int]) -> None:
    """What is said to be good is right, and nothing is said to be good that was broken."""
    for content in answers:
        number = content[1]
        assert host.checksum(content[1:-2]) == content[-2:], content.hex()
        if content[-3] == 0:
            assert number not in broken, f"the broken frame {number} has a good answer"
            assert_is(content, number, number % FRAMES)


@cocotb.test()
async def frames_one_by_one(dut: Any) -> None:
    """Every frame of the vectors; the LEDs show the low bits of the last element group."""
    line = await Line(dut).start()
    await line.works(range(FRAMES))
    assert not line.error_led()
    low = int(OUTPUTS[FRAMES - 1].reshape(-1)[-PARAMETERS["LANES"]]) & 15
    level = int(dut.code_led.value)
    assert (level if PARAMETERS["LIT_CODE"] else 15 - level) == low


@cocotb.test()
async def frames_back_to_back(dut: Any) -> None:
    """Up to 4 frames in a row, while earlier ones are computed and answered."""
    line = await Line(dut).start()
    count = min(4, FRAMES)
    for number in (0, 254):
        frames = range(count)
        numbers = [(number + frame) % 256 for frame in frames]
        pairs = zip(numbers, frames, strict=True)
        await line.send(b"".join(host.request(one, INPUTS[frame]) for one, frame in pairs))
        found = await line.answers(count)
        assert len(found) == count
        for content, one, frame in zip(found, numbers, frames, strict=True):
            assert_is(content, one, frame)


def _damaged(content: bytes, kind: str, rng: Any) -> tuple[bytes, int | None]:
    """A request that was damaged on the line, and the place of a byte without stop bit."""
    place = rng.randrange(1, len(content))
    if kind == "lost":
        return content[:place] + content[place + 1 :], None
    if kind == "changed":
        return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[
            place + 1 :
        ], None
    if kind == "doubled":
        return content[:place] + content[place - 1 :], None
    if kind == "framing":
        return content, place
    return content[:place], None  # cut


@cocotb.test()
@cocotb.parametrize(kind=["lost", "changed", "doubled", "framing", "cut"])
async def damage(dut: Any, kind: str) -> None:
    """A damaged frame has no good answer, the one behind a right one or none; silence heals all."""
    line = await Line(dut).start()
    rng = random_for(kind)
    for _ in range(PARAMETERS["DAMAGES"]):
        content, broken = _damaged(host.request(0, INPUTS[0]), kind, rng)
        await line.send(content, broken)
        if rng.randrange(2):
            await line.send(host.request(1 % FRAMES, INPUTS[1 % FRAMES]))
        await line.silence()
        assert line.error_led(), "the fault is not shown"
        assert_honest(await line.answers(2), {0})
        await line.works()
        assert not line.error_led()


@cocotb.test()
async def damage_at_the_ends(dut: Any) -> None:
    """A wrong sum, a wrong head, a frame that ends in its number, one whose last byte never comes."""
    line = await Line(dut).start()
    content = host.request(0, INPUTS[0])
    for damaged in (
        content[:-1] + bytes([content[-1] ^ 1]),
        content[:-2] + bytes([content[-2] ^ 128, content[-1]]),
        b"\xa4" + content[1:],
        content[:2],
        content[:-1],
        content[1:],
    ):
        await line.send(damaged)
        await line.silence()
        assert_honest(await line.answers(1), {0})
        await line.works()


@cocotb.test()
async def no_byte_of_a_broken_frame_is_a_head(dut: Any) -> None:
    """A whole request inside of a broken one is not taken."""
    line = await Line(dut).start()
    await line.send(b"\x00" + host.request(0, INPUTS[0]))
    await line.silence()
    assert await line.answers(1) == []
    await line.works()


@cocotb.test()
async def more_frames_than_numbers(dut: Any) -> None:
    """Six frames without a pause: all answers are right; nothing stays behind."""
    line = await Line(dut).start()
    await line.send(b"".join(host.request(number, INPUTS[number % FRAMES]) for number in range(6)))
    await line.silence()
    assert_honest(await line.answers(6), set())
    await line.silence()
    await line.works()


@cocotb.test()
async def glitches_are_no_bytes(dut: Any) -> None:
    """A start bit shorter than half a bit is none."""
    line = await Line(dut).start()
    for _ in range(3):
        dut.uart_rx.value = 0
        await Timer(PERIOD, unit="ns")
        dut.uart_rx.value = 1
        await Timer(2 * BIT, unit="ns")
    await line.works()


@cocotb.test()
async def reset_at_any_time(dut: Any) -> None:
    """The button in the middle of a frame, of the computation and of an answer."""
    line = await Line(dut).start()
    content = host.request(0, INPUTS[0])
    rng = random_for("reset")
    for part in (len(content) // 2, len(content), len(content)):
        await line.send(content[:part])
        await Timer(rng.randrange(1, ANSWER_NS), unit="ns")
        dut.button.value = PRESSED
        await Timer(20 * PERIOD, unit="ns")
        dut.button.value = 1 - PRESSED
        await First(Timer(12 * BYTE_NS + IDLE, unit="ns"))
        line.received.clear()
        line.bad = 0
        await line.works()
