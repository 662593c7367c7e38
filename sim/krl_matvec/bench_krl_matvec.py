# SPDX-License-Identifier: Apache-2.0
"""krl_matvec: matrix times vector against NumPy; the bench plays weight ROM and result buffer."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, extremes, pack, random_for, standing_tests, steps, test, unpack
from common.result_buffer import ResultBench
from common.scoreboard import Model
from common.stream import Monitor, Source, Wires, always, never, number

PE, SIMD, LANES = PARAMETERS["PE"], PARAMETERS["SIMD"], PARAMETERS["LANES"]
BEATS = PARAMETERS["BEATS_PER_VECTOR"]
GROUPS, CREDITS = PARAMETERS["GROUPS"], PARAMETERS["CREDITS"]
TURNS = PARAMETERS.get("TURNS", 1)
X_BITS, W_BITS, ACC_BITS = PARAMETERS["X_BITS"], PARAMETERS["W_BITS"], PARAMETERS["ACC_BITS"]
# weights of one bit are +1 and -1, those of two -1, 0 and +1
SIGNS = PARAMETERS.get("SIGNS", 0)
# with one vector for all outputs, the module need not know that one is missing, if weights can be 0
OUTPUTS = PARAMETERS.get("OUTPUTS", GROUPS * PE - int(PE > 1 and W_BITS > 1))
# vectors side by side in a beat, each for this many neighbouring outputs
OUTPUTS_PER_VECTOR = PARAMETERS.get("OUTPUTS_PER_VECTOR", OUTPUTS)
# elements that are signs are counted: code 0 is +1, and every place of a sum has 1 more than its product
XNOR = SIGNS != 0 and X_BITS == 1
VECTORS = OUTPUTS // OUTPUTS_PER_VECTOR
INPUT_LANES = VECTORS * LANES
FOLDS = -(-LANES // SIMD)
LATENCY = 6 + (SIMD - 1).bit_length()
# a result returns its credit two cycles after it appears, and every FOLDS-th cycle may spend one
AMPLE = CREDITS * FOLDS >= LATENCY + 2 + FOLDS


def draw_weights() -> np.ndarray:
    """Draw the matrices, one after the other; outputs that do not exist have weights 0."""
    rng = random_for("weights")
    levels = (-1, 1) if W_BITS == 1 else (-1, 0, 1)
    count = TURNS * GROUPS * PE * BEATS * LANES
    drawn = [rng.choice(levels) if SIGNS else extremes(rng, W_BITS) for _ in range(count)]
    weights = np.array(drawn, dtype=np.int64).reshape(TURNS, GROUPS * PE, BEATS * LANES)
    weights[:, OUTPUTS:] = 0
    return weights


WEIGHTS = draw_weights()


def weight_word(address: int) -> int:
    """Lay out one word of the weight ROM, products past the beat's lanes with weight 0."""
    turn, rest = divmod(address, BEATS * GROUPS * FOLDS)
    beat, rest = divmod(rest, GROUPS * FOLDS)
    group, fold = divmod(rest, FOLDS)
    lanes = [fold * SIMD + product for product in range(SIMD)]
    outputs = range(group * PE, group * PE + PE)
    weights = [int(WEIGHTS[turn, u, beat * LANES + s]) if s < LANES else 0 for u in outputs for s in lanes]
    return pack([int(weight < 0) for weight in weights] if W_BITS == 1 else weights, W_BITS)


WORDS = [weight_word(address) for address in range(TURNS * BEATS * GROUPS * FOLDS)]


def vectors(rng: Random) -> list[int]:
    """Draw the beats of some vectors."""
    beats = BEATS * max(3, 40 // BEATS)
    return [pack([extremes(rng, X_BITS) for _ in range(INPUT_LANES)], X_BITS) for _ in range(beats)]


def make_model() -> Model:
    """Output the words of all groups with the last beat of a vector."""
    beats: list[list[int]] = []
    turn = 0

    def model(beat: int) -> Iterator[int]:
        nonlocal turn
        beats.append(unpack(beat, X_BITS, INPUT_LANES))
        if len(beats) == BEATS:
            own = np.array(beats, dtype=np.int64).reshape(BEATS, VECTORS, LANES).swapaxes(0, 1)
            beats.clear()
            results = np.zeros(GROUPS * PE, np.int64)
            of_each = own.reshape(VECTORS, -1).repeat(OUTPUTS_PER_VECTOR, 0)
            numbers = 2 * of_each + 1 if XNOR else of_each
            results[:OUTPUTS] = (WEIGHTS[turn, :OUTPUTS] * numbers).sum(1)
            if XNOR:
                results[:OUTPUTS] += 2 * BEATS * FOLDS * SIMD - BEATS * LANES
            turn = (turn + 1) % TURNS
            for group in results.reshape(GROUPS, PE):
                yield pack([int(result) for result in group], ACC_BITS)

    return model


class OfferMonitor(Monitor):
    """Reports a beat when it is first offered: its first results may leave before it is accepted."""

    def __init__(self, wires: Wires, offered: Callable[[int], None]) -> None:
        super().__init__(wires, lambda beat: None)
        self.offered = offered

    def _sample(self) -> None:
        if self._waiting is None and number(self.wires.valid):
            self.offered(self.wires.beat())
        super()._sample()


class MatvecBench(ResultBench):
    """A bench with the ROM of weights beside the module."""

    def __init__(self, dut: Any) -> None:
        super().__init__(dut, make_model, CREDITS, LATENCY, BEATS, GROUPS)
        cocotb.start_soon(self._serve_weights())

    def input_side(self) -> tuple[Any, Any]:
        source = Source(Wires(self.dut, "s_axis"))
        return source, OfferMonitor(source.wires, self.scoreboard.put_input)

    async def _serve_weights(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            if self.dut.rst.value == 0:
                self.dut.weight_data.value = WORDS[number(self.dut.weight_address)]


# tready must not depend on result_taken either, which stands for the ready of the results
stream = standing_tests(MatvecBench, vectors, cuts_ready=True, output_waits=False)


@test()
async def reaches_the_extremes_of_the_sum(dut: Any) -> None:
    """The inputs that make the sum of an output of each vector largest and smallest."""
    bench = await MatvecBench(dut).start()
    low, high = -(1 << (X_BITS - 1)), (1 << (X_BITS - 1)) - 1
    for number_of_vector in range(TURNS * 2 * min(3, OUTPUTS_PER_VECTOR)):
        output, rest = divmod(number_of_vector, 2 * TURNS)
        up, down = ((high, low), (low, high))[rest // TURNS]
        rows = WEIGHTS[rest % TURNS, output:OUTPUTS:OUTPUTS_PER_VECTOR]
        own = [[up if weight > 0 else down for weight in row] for row in rows]
        for at in range(0, BEATS * LANES, LANES):
            beat = [element for vector in own for element in vector[at : at + LANES]]
            bench.source.send(pack(beat, X_BITS))
    await bench.finish()


@test()
async def issues_in_every_cycle(dut: Any) -> None:
    """With enough credits a vector takes BEATS * GROUPS * FOLDS cycles, and the next one follows at once."""
    bench = await MatvecBench(dut).start()
    await bench.transfer(vectors(random_for("rate")))
    if AMPLE:
        assert set(steps(bench.inputs.times)) == {GROUPS * FOLDS}


@test()
async def fills_all_places_and_no_more(dut: Any) -> None:
    """While no result is taken, exactly CREDITS results come, and only a last product waits."""
    bench = await MatvecBench(dut).start()
    bench.sink.pause = always()
    beats = vectors(random_for("places"))
    bench.source.send(*beats)
    await bench.cycles(len(WORDS) // TURNS * (CREDITS // GROUPS + 2) + LATENCY + 10)
    results = len(beats) // BEATS * GROUPS
    assert len(bench.outputs.times) == min(CREDITS, results)
    if results > CREDITS:
        # all of the next sum but its last product is under way
        step = number(dut.weight_address) % (BEATS * GROUPS * FOLDS)
        assert step // (GROUPS * FOLDS) == BEATS - 1
        assert step % FOLDS == FOLDS - 1
    bench.sink.pause = never()
    await bench.finish()
