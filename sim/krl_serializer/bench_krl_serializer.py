# SPDX-License-Identifier: Apache-2.0
"""krl_serializer: words in, slices out in channel order, the lanes past the last output left out."""

from collections.abc import Iterator
from random import Random
from typing import Any

from cocotb.triggers import RisingEdge
from cocotb.types import LogicArray

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, steps, test
from common.scoreboard import Model, Scoreboard
from common.stream import Source, Wires, cycle, number

PE, LANES, OUTPUTS = PARAMETERS["PE"], PARAMETERS["LANES"], PARAMETERS["OUTPUTS"]
DEPTH, BITS = PARAMETERS["DEPTH"], PARAMETERS["BITS"]
GROUPS = -(-OUTPUTS // PE)
SLICE = LANES * BITS
# used lanes of each word of a vector
USED = [PE] * (GROUPS - 1) + [OUTPUTS - (GROUPS - 1) * PE]


def words(rng: Random) -> list[int]:
    """Draw the words of some vectors."""
    return drawn_beats(PE * BITS, GROUPS * max(2, 60 // (GROUPS * PE)))(rng)


def make_model() -> Model:
    """Cut words into slices."""
    count = 0

    def model(word: int) -> Iterator[int]:
        nonlocal count
        for start in range(USED[count % GROUPS] // LANES):
            yield word >> (start * SLICE) & ((1 << SLICE) - 1)
        count += 1

    return model


class CreditedSource(Source):
    """Sends words while it knows of a free place; the lanes past the last output are unknown."""

    def __init__(self, dut: Any, scoreboard: Scoreboard) -> None:
        self.scoreboard = scoreboard
        self.times: list[int] = []
        self.free, self.sent = DEPTH, 0
        super().__init__(Wires(dut, "result", ready="taken"))

    def flush(self) -> None:
        """Forget what was not sent, and that places were taken."""
        super().flush()
        self.free, self.sent = DEPTH, 0

    async def _run(self) -> None:
        wires = self.wires
        while True:
            await RisingEdge(wires.clk)
            if wires.rst.value == 1:
                continue
            self.free += number(wires.ready)
            assert self.free <= DEPTH, "more places were freed than words sent"
            paused = next(self.pause)
            if self.queue and self.free > 0 and not paused:
                self._send(self.queue.popleft())
            else:
                wires.drive(None)

    def _send(self, word: int) -> None:
        used = USED[self.sent % GROUPS] * BITS
        digits = f"{word & ((1 << used) - 1):0{used}b}"
        self.wires.valid.value = 1
        self.wires.data.value = LogicArray("X" * (PE * BITS - used) + digits)
        self.free -= 1
        self.sent += 1
        # the module takes it at the next edge
        self.times.append(cycle() + 1)
        self.scoreboard.put_input(word)


class SerializerBench(Bench):
    """A bench whose source counts free places."""

    def input_side(self) -> tuple[Any, Any]:
        source = CreditedSource(self.dut, self.scoreboard)
        return source, source

    async def finish(self, limit: int = 20000, extra: int = 20) -> None:
        await super().finish(limit, extra)
        assert self.source.free == DEPTH, "a place was never freed"


def bench_of(dut: Any) -> SerializerBench:
    """Make a bench."""
    return SerializerBench(dut, make_model)


stream = standing_tests(bench_of, words, cuts_ready=False)


@test()
async def gives_a_beat_a_cycle(dut: Any) -> None:
    """A latency of two cycles, and then no gap as long as there is a second place."""
    bench = await bench_of(dut).start()
    await bench.transfer(words(random_for("rate")))
    assert bench.outputs.times[0] == bench.inputs.times[0] + 2
    slices = [used // LANES for used in USED]
    # a place is free a cycle after its last beat: two places hide this only if words have two beats or more
    if DEPTH > 3 or (DEPTH > 1 and min(slices) > 1):
        assert set(steps(bench.outputs.times)) <= {1}
