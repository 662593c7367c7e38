# SPDX-License-Identifier: Apache-2.0
"""krl_frame_watch: frames that overlap, at streams that are ahead of each other; each one's cycles."""

from random import Random
from typing import Any

from cocotb.triggers import RisingEdge, Timer

from common.bench import PARAMETERS, random_for, start_clock, test
from common.stream import SETTLE_NS, number

INPUTS, OUTPUTS, DEPTH = (PARAMETERS[name] for name in ("INPUTS", "OUTPUTS", "DEPTH"))


class Frames:
    """Frames under way: how many each input has begun, each output has given, and when each began."""

    def __init__(self) -> None:
        self.cycles = self.now = 0
        self.forget()

    def forget(self) -> None:
        """Drop what is under way."""
        self.begun, self.given = [0] * INPUTS, [0] * OUTPUTS
        self.began: list[int] = []

    def draw(self, rng: Random, hurry: float) -> tuple[int, int]:
        """Draw which inputs begin a frame, and which outputs end one, without more than may be under way.

        An output may end a frame in the cycle in which its last input begins it.
        """
        done = min(self.given)
        first = [rng.random() < hurry and begun < done + DEPTH for begun in self.begun]
        reached = min(begun + new for begun, new in zip(self.begun, first, strict=True))
        last = [rng.random() < 1 - hurry and given < reached for given in self.given]
        return number_of(first), number_of(last)

    def clock(self, first: int, last: int) -> bool:
        """An edge of the clock; returns whether a frame is done there."""
        leading, done = max(self.begun), min(self.given)
        self.begun = [begun + (first >> place & 1) for place, begun in enumerate(self.begun)]
        self.given = [given + (last >> place & 1) for place, given in enumerate(self.given)]
        if max(self.begun) > leading:
            self.began.append(self.now)
        is_done = min(self.given) > done
        if is_done:
            self.cycles = self.now - self.began[done]
        self.now += 1
        return is_done


def number_of(bits: list[bool]) -> int:
    """The bits as a number, the first in the low place."""
    return sum(bit << place for place, bit in enumerate(bits))


@test()
async def every_cycle(dut: Any) -> None:
    """Full, empty and in between, restarts and resets with frames under way."""
    start_clock(dut)
    rng, frames, deepest = random_for("cycles"), Frames(), 0
    for cycle in range(4000):
        first, last = (0, 0) if cycle < 2 else frames.draw(rng, (0.2, 0.5, 0.8, 0.95)[cycle // 1000])
        rst, restart = cycle < 2 or rng.random() < 0.002, rng.random() < 0.01
        dut.first.value, dut.last.value = first, last
        dut.rst.value, dut.restart.value = int(rst), int(restart)
        await Timer(SETTLE_NS, "ns")
        expected_cycles, expected_now = frames.cycles, frames.now
        behind = number_of([begun < max(frames.begun) for begun in frames.begun])
        under_way = max(frames.begun) > min(frames.given)
        done = frames.clock(first, last)
        deepest = max(deepest, max(frames.begun) - min(frames.given))
        if cycle >= 2:
            assert number(dut.done) == done, cycle
            assert number(dut.behind) == behind, cycle
            assert number(dut.under_way) == under_way, cycle
            assert number(dut.cycles) == expected_cycles, cycle
            assert number(dut.now) == expected_now, cycle
        await RisingEdge(dut.clk)
        await Timer(SETTLE_NS, "ns")
        if rst:
            frames = Frames()
        elif restart:
            frames.forget()
    assert deepest == DEPTH, "never full"
