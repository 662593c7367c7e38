# SPDX-License-Identifier: Apache-2.0
"""Drivers and monitors of a valid/ready stream: they are the contract being verified, so they are our own.

All of them sample the wires at the rising clock edge, before the registers change, and drive just after it.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import cocotb
from cocotb.handle import LogicArrayObject
from cocotb.triggers import FallingEdge, RisingEdge, Timer
from cocotb.types import LogicArray
from cocotb.utils import get_sim_time

PERIOD_NS = 10
# how long a mid-cycle probe lets combinational logic settle
SETTLE_NS = 1


def never() -> Iterator[bool]:
    """Never pause."""
    return itertools.repeat(False)


def always() -> Iterator[bool]:
    """Always pause."""
    return itertools.repeat(True)


def randomly(rng: random.Random, share: float) -> Iterator[bool]:
    """Pause in this share of the cycles, independently of each other."""
    while True:
        yield rng.random() < share


def in_bursts(rng: random.Random, longest: int) -> Iterator[bool]:
    """Alternate between running and pausing, for up to `longest` cycles each."""
    while True:
        for paused in (False, True):
            yield from itertools.repeat(paused, rng.randint(1, longest))


class Wires:
    """The wires of one stream of a module, with the module's clock and reset.

    Where there is a tlast it is the bit of a beat above the data.
    """

    def __init__(self, dut: Any, prefix: str, ready: str = "tready") -> None:
        self.name = prefix
        self.clk, self.rst = dut.clk, dut.rst
        self.data: LogicArrayObject = getattr(dut, f"{prefix}_tdata")
        self.valid = getattr(dut, f"{prefix}_tvalid")
        self.ready = getattr(dut, f"{prefix}_{ready}")
        self.last = getattr(dut, f"{prefix}_tlast", None)
        self.width = len(self.data)

    def drive(self, beat: int | None) -> None:
        """Put a beat on the wires; None is no beat, whose data are unknown because nobody may use them."""
        self.valid.value = beat is not None
        if beat is None:
            self.data.value = LogicArray("X" * self.width)
        else:
            self.data.value = beat & ((1 << self.width) - 1)
        if self.last is not None:
            self.last.value = LogicArray("X") if beat is None else beat >> self.width

    def beat(self) -> int:
        """Read the beat on the wires."""
        value = number(self.data)
        return value if self.last is None else value | number(self.last) << self.width


def number(signal: Any) -> int:
    """Read a signal that must not be X or Z."""
    value = signal.value
    if not value.is_resolvable:
        raise AssertionError(f"{signal._name} is {value} at {get_sim_time('ns')} ns")
    return int(value)


def cycle() -> int:
    """Return the number of clock periods so far."""
    return int(get_sim_time("ns")) // PERIOD_NS


class Source:
    """Sends the beats of a queue; a beat once offered stays until it is accepted, as the contract demands."""

    def __init__(self, wires: Wires, pause: Iterator[bool] | None = None) -> None:
        self.wires = wires
        self.pause = pause or never()
        self.queue: deque[int] = deque()
        self._offered = False
        wires.drive(None)
        cocotb.start_soon(self._run())

    def send(self, *beats: int) -> None:
        """Queue beats."""
        self.queue.extend(beats)

    def flush(self) -> None:
        """Forget what was not accepted."""
        self.queue.clear()
        self._offered = False
        self.wires.drive(None)

    @property
    def idle(self) -> bool:
        """Whether everything was accepted."""
        return not self.queue

    async def _run(self) -> None:
        wires = self.wires
        while True:
            await RisingEdge(wires.clk)
            if wires.rst.value == 1:
                continue
            if self._offered and wires.ready.value == 1:
                self.queue.popleft()
                self._offered = False
            paused = next(self.pause)
            if not self._offered:
                self._offered = bool(self.queue) and not paused
                wires.drive(self.queue[0] if self._offered else None)


class Sink:
    """Is ready except while paused, whatever the module does."""

    def __init__(self, wires: Wires, pause: Iterator[bool] | None = None) -> None:
        self.wires = wires
        self.pause = pause or never()
        wires.ready.value = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        while True:
            await RisingEdge(self.wires.clk)
            self.wires.ready.value = not next(self.pause)


class Monitor:
    """Watches a stream: no X, and no change while a beat waits; every transfer goes to `hand_on`."""

    def __init__(self, wires: Wires, hand_on: Callable[[int], None]) -> None:
        self.wires = wires
        self.hand_on = hand_on
        self.times: list[int] = []
        self._waiting: int | None = None
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        while True:
            await RisingEdge(self.wires.clk)
            if self.wires.rst.value == 0:
                self._sample()
            else:
                self._waiting = None

    def _sample(self) -> None:
        wires = self.wires
        ready, valid = number(wires.ready), number(wires.valid)
        if not valid:
            assert self._waiting is None, f"{wires.name}_tvalid fell before the beat was accepted"
            return
        beat = wires.beat()
        assert self._waiting in (None, beat), f"{wires.name}_tdata changed while it waited"
        self._waiting = None if ready else beat
        if ready:
            self.times.append(cycle())
            self.hand_on(beat)


async def assert_no_path(clk: Any, driven: Any, watched: Any, cycles: int) -> None:
    """Flip `driven` in the middle of each cycle and assert that `watched` does not change at once."""
    for _ in range(cycles):
        await FallingEdge(clk)
        level, seen = number(driven), number(watched)
        driven.value = 1 - level
        await Timer(SETTLE_NS, "ns")
        assert number(watched) == seen, f"{watched._name} follows {driven._name} within a cycle"
        driven.value = level
        await Timer(SETTLE_NS, "ns")
