# SPDX-License-Identifier: Apache-2.0
"""Dense."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator

from kerilog.errors import UnreachedError
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import MatrixJob, word_by_word
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, code_range, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.window import VectorSlicing
from kerilog.hardware.modules.window_reader import WindowReader
from kerilog.hardware.pace import fold, folding_in_turns
from kerilog.hardware.reading import Held, Reading, folding_to_read
from kerilog.hardware.sums import WeightedStage, multiplier, weighted
from kerilog.hardware.windowed import Geometry, ReaderStage
from kerilog.qgraph import QDense, QGraph, QNode

RESULT = 3
"""Products per cycle that a lane of results is worth: its requantizer takes one or two DSPs."""

SERIAL = 5
"""Cycles that most requantizers out of adders take for a result: digits of 6 bits of 25 to 30."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class DenseStage(WeightedStage, LayerStage):
    """One vector per frame, which comes in as many beats as it takes."""

    template = "stages/dense.v.j2"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ReadDenseStage(ReaderStage, WeightedStage, LayerStage):
    """One vector per frame, kept in memory and read once for each group of outputs."""

    template = "stages/read_dense.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.reader, *super().modules)


class Dense(LayerKind):
    """A matrix that works input by input, while its input streams through and every sum grows; or output by
    output, where a vector that is kept is read again for each group of sums.

    Input by input the results come at the end, output by output they come while the layer works. So a layer
    whose input comes all at once works output by output: the one behind it works at the same time.
    """

    operations = (QDense,)
    supported = "a flat input, or an image of one pixel"

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        if math.prod(node.shape[:-1]) != 1:
            yield f"hardware supports a flat input for Dense, found an output of shape {node.shape}"

    def job(self, node: QNode) -> MatrixJob:
        inputs, outputs = _op(node).kernel.shape
        return MatrixJob(1, inputs, outputs, streams=True)

    def unrollable(self, node: QNode) -> bool:
        return True

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = _op(node)
        layer, job, before = title(node), self.job(node), wiring.take(node)
        forced = wiring.is_unrolled(node)
        comes_at_once = before.at_end or (before.uncut and wiring.reads_input)
        if comes_at_once and not forced:
            hurried = self._in_phase(node, before, wiring) if wiring.hurries else None
            in_turns = hurried or self._output_by_output(node, before, wiring)
            if in_turns:
                return self._read(node, before, wiring, in_turns)
        pace = wiring.pace(before.products + job.macs)
        leaving = wiring.pace(job.outputs * RESULT) if wiring.hurries else None
        patience = leaving if leaving and wiring.spares_dsps else 0
        beats = max(1, patience // SERIAL) if patience else leaving
        folding = fold(job, None, before.lanes, pace, layer, forced, beats)
        flow = wiring.buffered(before, wiring.cut(before, folding.lanes, layer), layer)
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        channels = flow.tensor.elements
        whole = VectorSlicing(1, 1, 1, 1, 1, channels, channels)
        sums = weighted(node, op, folding, whole, flow, frame, job.macs, forced, wiring.banks(node))
        stage = DenseStage(**vars(frame), **vars(sums), patience=patience)
        flow = wiring.append(stage, code_range(node))
        return dataclasses.replace(flow, at_end=folding.steps > 1)

    def _output_by_output(self, node: QNode, before: Flow, wiring: Wiring) -> Folding | None:
        """The folding of a vector that is read group by group; None where that takes more of an FPGA."""
        op, job = _op(node), self.job(node)
        try:
            streamed = fold(job, None, before.lanes, wiring.interval, title(node))
        except UnreachedError:
            return None
        unit_of = functools.partial(multiplier, job, x_bits=before.tensor.bits, weights=op.kernel_format)
        reading = Reading(job, job.inputs, functools.partial(_reader, before.tensor), unit_of)
        held = Held((unit_of(streamed),), streamed.products)
        return folding_to_read(reading, held, wiring, cycles=wiring.interval, turns=2, dearer=wiring.overlap)

    def _in_phase(self, node: QNode, before: Flow, wiring: Wiring) -> Folding | None:
        """The folding of a vector that is read group by group for the shortest latency; None if none is.

        A layer behind it that works input by input ends as much later as it takes for the results of a turn.
        In a phase of p multipliers that is worth p of them for all results of the layer, so that those of a
        turn, one of so many turns, are weighed against multipliers.
        """
        job = self.job(node)
        behind = [user.op.kernel.size for user in wiring.users(node) if isinstance(user.op, QDense)]
        products = job.macs + sum(behind)
        pace = wiring.pace(products)
        found = [folding_in_turns(job, choice) for choice in word_by_word(job, job.inputs, pace)]
        fitting = [
            folding
            for folding in found
            if folding.turns > 1 and _reader(before.tensor, folding).words <= wiring.interval
        ]

        def cost(folding: Folding) -> float:
            pairs = -(-folding.pe // 2) * folding.simd
            return 2 * pairs * pace / products + 1 / folding.turns

        return min(fitting, key=cost, default=None)

    def _read(self, node: QNode, before: Flow, wiring: Wiring, folding: Folding) -> Flow:
        flow = wiring.cut(before, folding.lanes, title(node))
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        macs, banks = self.job(node).macs, wiring.banks(node)
        sums = weighted(node, _op(node), folding, None, flow, frame, macs, forced=False, banks=banks)
        stage = ReadDenseStage(**vars(frame), **vars(sums), reader=_reader(flow.tensor, folding))
        return dataclasses.replace(wiring.append(stage, code_range(node)), products=self.job(node).macs)


def _op(node: QNode) -> QDense:
    assert isinstance(node.op, QDense)
    return node.op


def _reader(vector: Tensor, folding: Folding) -> WindowReader:
    """What reads the ``vector``, an image of one pixel with a window of one."""
    pixel = dataclasses.replace(vector, shape=(1, 1, vector.elements))
    whole = Geometry((1, 1), (1, 1), ((0, 0), (0, 0)), 0, vector.elements)
    return whole.reader(pixel, (1, 1, folding.outputs), folding)


KIND = Dense()
