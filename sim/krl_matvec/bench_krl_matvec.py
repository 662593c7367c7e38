# SPDX-License-Identifier: Apache-2.0
"""krl_matvec: matrix times vector against NumPy, the bench plays weight ROM and result buffer."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from common.bench import (
    PARAMETERS,
    PAUSES,
    Bench,
    extremes,
    pack,
    random_for,
    reset_midway,
    steps,
    test,
    unpack,
)
from common.result_buffer import ResultBuffer
from common.scoreboard import Model, Scoreboard
from common.stream import Monitor, Source, Wires, always, assert_no_path, never, number, randomly

PE, SIMD, LANES = PARAMETERS["PE"], PARAMETERS["SIMD"], PARAMETERS["LANES"]
BEATS = PARAMETERS["BEATS_PER_VECTOR"]
GROUPS, CREDITS = PARAMETERS["GROUPS"], PARAMETERS["CREDITS"]
# with a vector for all, the module need not know that an output is missing
OUTPUTS = PARAMETERS.get("OUTPUTS", GROUPS * PE - int(PE > 1))
# vectors side by side in a beat, each for so many neighbouring outputs
OUTPUTS_PER_VECTOR = PARAMETERS.get("OUTPUTS_PER_VECTOR", OUTPUTS)
VECTORS = OUTPUTS // OUTPUTS_PER_VECTOR
INPUT_LANES = VECTORS * LANES
X_BITS, W_BITS, ACC_BITS = PARAMETERS["X_BITS"], PARAMETERS["W_BITS"], PARAMETERS["ACC_BITS"]
FOLDS = -(-LANES // SIMD)
LATENCY = 6 + (SIMD - 1).bit_length()
# a result gives its credit back two cycles after it is there, and every FOLDS-th cycle may spend one
AMPLE = CREDITS * FOLDS >= LATENCY + 2 + FOLDS


def draw_weights() -> np.ndarray:
    """Draw the matrix; outputs that do not exist have weights 0."""
    rng = random_for("weights")
    rows = [[extremes(rng, W_BITS) for _ in range(BEATS * LANES)] for _ in range(GROUPS * PE)]
    weights = np.array(rows, dtype=np.int64)
    weights[OUTPUTS:] = 0
    return weights


WEIGHTS = draw_weights()


def weight_word(address: int) -> int:
    """Lay out one word of the weight ROM, products past the beat's lanes with weight 0."""
    beat, rest = divmod(address, GROUPS * FOLDS)
    group, fold = divmod(rest, FOLDS)
    lanes = [fold * SIMD + product for product in range(SIMD)]
    outputs = range(group * PE, group * PE + PE)
    return pack(
        [int(WEIGHTS[u, beat * LANES + s]) if s < LANES else 0 for u in outputs for s in lanes], W_BITS
    )


WORDS = [weight_word(address) for address in range(BEATS * GROUPS * FOLDS)]


def vectors(rng: Random) -> list[int]:
    """Draw the beats of some vectors."""
    beats = BEATS * max(3, 40 // BEATS)
    return [pack([extremes(rng, X_BITS) for _ in range(INPUT_LANES)], X_BITS) for _ in range(beats)]


def make_model() -> Model:
    """Give the words of all groups with the last beat of a vector."""
    beats: list[list[int]] = []

    def model(beat: int) -> Iterator[int]:
        beats.append(unpack(beat, X_BITS, INPUT_LANES))
        if len(beats) == BEATS:
            own = np.array(beats, dtype=np.int64).reshape(BEATS, VECTORS, LANES).swapaxes(0, 1)
            beats.clear()
            results = np.zeros(GROUPS * PE, np.int64)
            of_each = own.reshape(VECTORS, -1).repeat(OUTPUTS_PER_VECTOR, 0)
            results[:OUTPUTS] = (WEIGHTS[:OUTPUTS] * of_each).sum(1)
            for group in results.reshape(GROUPS, PE):
                yield pack([int(result) for result in group], ACC_BITS)

    return model


class OfferMonitor(Monitor):
    """Tells of a beat when it is first offered: its first results may leave before it is accepted."""

    def __init__(self, wires: Wires, offered: Callable[[int], None]) -> None:
        super().__init__(wires, lambda beat: None)
        self.offered = offered

    def _sample(self) -> None:
        if self._waiting is None and number(self.wires.valid):
            self.offered(self.wires.beat())
        super()._sample()


class MatvecBench(Bench):
    """A bench whose sink is the result buffer."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.source = Source(Wires(dut, "s_axis"))
        self.scoreboard = Scoreboard(make_model)
        self.inputs = OfferMonitor(self.source.wires, self.scoreboard.put_input)
        self.outputs = self.sink = ResultBuffer(dut, self.scoreboard, CREDITS)
        cocotb.start_soon(self._serve_weights())

    async def _serve_weights(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            if self.dut.rst.value == 0:
                self.dut.weight_data.value = WORDS[number(self.dut.weight_address)]

    def assert_latency(self) -> None:
        """Assert that a vector's last result follows its last beat by the promised cycles."""
        accepted = self.inputs.times[BEATS - 1 :: BEATS]
        assert self.outputs.times[GROUPS - 1 :: GROUPS] == [time + LATENCY for time in accepted]


async def bench_of(dut: Any) -> MatvecBench:
    """Give a bench."""
    bench = MatvecBench(dut)
    await bench.start()
    return bench


@test()
async def multiplies_under_stalls(dut: Any) -> None:
    """Random pauses of the source, results taken at random."""
    bench = await bench_of(dut)
    for of_source, of_sink in [("none", "most"), ("some", "none"), ("most", "some"), ("bursts", "bursts")]:
        rng = random_for(f"{of_source}/{of_sink}")
        bench.source.pause, bench.sink.pause = PAUSES[of_source](rng), PAUSES[of_sink](rng)
        await bench.transfer(vectors(rng))
        bench.assert_latency()


@test()
async def reaches_the_extremes_of_the_sum(dut: Any) -> None:
    """The inputs that make the sum of an output of each vector largest and smallest."""
    bench = await bench_of(dut)
    low, high = -(1 << (X_BITS - 1)), (1 << (X_BITS - 1)) - 1
    for output in range(min(3, OUTPUTS_PER_VECTOR)):
        for up, down in [(high, low), (low, high)]:
            rows = WEIGHTS[output:OUTPUTS:OUTPUTS_PER_VECTOR]
            own = [[up if weight > 0 else down for weight in row] for row in rows]
            for at in range(0, BEATS * LANES, LANES):
                beat = [element for vector in own for element in vector[at : at + LANES]]
                bench.source.send(pack(beat, X_BITS))
    await bench.finish()


@test()
async def issues_in_every_cycle(dut: Any) -> None:
    """With credits enough a vector takes BEATS * GROUPS * FOLDS cycles, the next follows without a gap."""
    bench = await bench_of(dut)
    await bench.transfer(vectors(random_for("rate")))
    bench.assert_latency()
    if AMPLE:
        assert set(steps(bench.inputs.times)) == {GROUPS * FOLDS}


@test()
async def fills_all_places_and_no_more(dut: Any) -> None:
    """Nothing is taken for a while: exactly CREDITS results come, and only a last product waits."""
    bench = await bench_of(dut)
    bench.sink.pause = always()
    beats = vectors(random_for("places"))
    bench.source.send(*beats)
    await bench.cycles(len(WORDS) * (CREDITS // GROUPS + 2) + LATENCY + 10)
    results = len(beats) // BEATS * GROUPS
    assert len(bench.outputs.times) == min(CREDITS, results)
    if results > CREDITS:
        # all of the next sum but its last product is under way
        step = number(dut.weight_address)
        assert step // (GROUPS * FOLDS) == BEATS - 1
        assert step % FOLDS == FOLDS - 1
    bench.sink.pause = never()
    await bench.finish()


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset puts it at the start of a vector, all places free."""
    await reset_midway(await bench_of(dut), vectors)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """Ready is blind to valid and to what is taken."""
    bench = await bench_of(dut)
    for driven in (dut.s_axis_tvalid, dut.result_taken):
        rng = random_for(f"path/{driven._name}")
        bench.source.pause, bench.sink.pause = randomly(rng, 0.4), randomly(rng, 0.4)
        bench.source.send(*vectors(rng))
        await assert_no_path(dut.clk, driven, dut.s_axis_tready, 120)
        await bench.finish()
