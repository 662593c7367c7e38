# SPDX-License-Identifier: Apache-2.0
"""krl_frame_gate: frames at several inputs, each by itself; hold comes and goes at any time."""

from random import Random
from typing import Any

from cocotb.triggers import RisingEdge, Timer

from common.bench import PARAMETERS, random_for, start_clock, test
from common.stream import SETTLE_NS, number

INPUTS = PARAMETERS["INPUTS"]
AHEAD = 3
"""Frames that an input is ahead of another, at the most."""


class Input:
    """Frames at an input: a beat on offer stays until it is taken."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.begun = self.left = 0  # frames that have begun, beats to come of the last one
        self.offers = False

    def draw(self, may_begin: bool, hurry: float) -> None:
        """Perhaps put a beat on offer."""
        if not self.offers and (self.left or may_begin):
            self.offers = self.rng.random() < hurry

    def take(self) -> tuple[bool, bool]:
        """The beat on offer is taken: whether it is the first of a frame, and the last."""
        first = self.left == 0
        self.left = self.rng.choice((0, 0, 1, 3)) if first else self.left - 1
        self.begun += first
        self.offers = False
        return first, self.left == 0


def bits(values: list[bool]) -> int:
    """The values as a number, the first in the low place."""
    return sum(value << place for place, value in enumerate(values))


@test()
async def frames_are_held_between(dut: Any) -> None:
    """No frame is cut, all inputs stop behind the same one, and nothing stops for good."""
    start_clock(dut)
    rng = random_for("gate")
    inputs = [Input(rng) for _ in range(INPUTS)]
    given = held_times = 0
    hold, was_open, was_valid = False, [False] * INPUTS, [False] * INPUTS
    shut, wide = [False] * INPUTS, [False] * INPUTS  # what must be closed now, what must be open
    waits = 0
    for cycle in range(6000):
        rst, restart = cycle < 2 or rng.random() < 0.002, rng.random() < 0.003
        hold = rng.random() < 0.03 if not hold else rng.random() > 0.01
        leading = max(one.begun for one in inputs)
        for one in inputs:
            slowest = min(other.begun for other in inputs)
            one.draw(one.begun < slowest + AHEAD, (0.2, 0.6, 1.0)[cycle // 2000])
        dut.rst.value, dut.restart.value, dut.hold.value = int(rst), int(restart), int(hold)
        dut.tvalid.value = bits([one.offers for one in inputs])
        behind = [one.begun < leading for one in inputs]
        under_way = leading > given
        dut.behind.value, dut.under_way.value = bits(behind), int(under_way)
        await Timer(SETTLE_NS, "ns")
        opened = [bool(number(dut.open) >> place & 1) for place in range(INPUTS)]
        takes = [
            opened[place] and one.offers and not (rst or restart) and rng.random() < 0.7
            for place, one in enumerate(inputs)
        ]
        middle = [one.left > 0 for one in inputs]
        marks = [one.take() if taken else (False, False) for one, taken in zip(inputs, takes, strict=True)]
        dut.first.value = bits([first for first, _ in marks])
        dut.last.value = bits([last for _, last in marks])
        await Timer(SETTLE_NS, "ns")
        if cycle >= 2:
            for place, valid in enumerate(was_valid):
                # a beat that was on offer inside stays there, and a frame that has begun goes on
                assert opened[place] or not (was_open[place] and valid), f"{cycle}: a beat is taken back"
                assert opened[place] or not middle[place], f"{cycle}: a frame is cut"
                assert not (opened[place] and shut[place]), f"{cycle}: a frame begins in spite of hold"
                assert opened[place] or not wide[place], f"{cycle}: a frame is not brought by all"
            idle = not under_way and not any(behind) and not any(middle)
            offered = any(valid and is_open for valid, is_open in zip(takes_offers(dut), opened, strict=True))
            assert bool(number(dut.held)) == (idle and not any(opened)), cycle
            assert bool(number(dut.quiet)) == (idle and not offered), cycle
            if number(dut.held) and hold:
                held_times += 1
            waits = waits + 1 if hold and not number(dut.held) else 0
            assert waits < 600, f"{cycle}: hold is for nothing"
        was_open = opened
        was_valid = [bool(on) and not took for on, took in zip(takes_offers(dut), takes, strict=True)]
        shut = [
            hold and not late and (last or not is_open)
            for late, (_, last), is_open in zip(behind, marks, opened, strict=True)
        ]
        wide = [late or not hold for late in behind]
        if rst or restart:
            was_valid, shut, wide = [False] * INPUTS, [True] * INPUTS, [False] * INPUTS
        begun = min(one.begun for one in inputs)
        done = given < begun and all(one.left == 0 or one.begun > given + 1 for one in inputs)
        await RisingEdge(dut.clk)
        await Timer(SETTLE_NS, "ns")
        if done and rng.random() < 0.5:
            given += 1
        if rst or restart:
            inputs, given = [Input(rng) for _ in range(INPUTS)], 0
            if not hold:
                waits = 0
    assert held_times > 20


def takes_offers(dut: Any) -> list[bool]:
    """Which inputs have a beat on offer in this cycle."""
    return [bool(number(dut.tvalid) >> place & 1) for place in range(INPUTS)]
