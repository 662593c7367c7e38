# SPDX-License-Identifier: Apache-2.0
"""Dense."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator

from kerilog.errors import UnreachedError
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, code_range, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.window import VectorSlicing
from kerilog.hardware.modules.window_reader import WindowReader
from kerilog.hardware.pace import fold
from kerilog.hardware.reading import Held, Reading, folding_to_read
from kerilog.hardware.sums import WeightedStage, multiplier, weighted
from kerilog.hardware.windowed import Geometry, ReaderStage
from kerilog.qgraph import QDense, QGraph, QNode


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
        if before.at_end and not forced:
            in_turns = self._output_by_output(node, before, wiring)
            if in_turns:
                return self._read(node, before, wiring, in_turns)
        folding = fold(job, None, before.lanes, wiring.pace(job), layer, forced)
        flow = wiring.buffered(before, wiring.cut(before, folding.lanes, layer), layer)
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        channels = flow.tensor.elements
        whole = VectorSlicing(1, 1, 1, 1, 1, channels, channels)
        sums = weighted(node, op, folding, whole, flow, frame, job.macs, forced)
        stage = wiring.append(DenseStage(**vars(frame), **vars(sums)), code_range(node))
        return dataclasses.replace(stage, at_end=folding.steps > 1)

    def _output_by_output(self, node: QNode, before: Flow, wiring: Wiring) -> Folding | None:
        """The folding of a vector that is read group by group; None where that takes more of an FPGA."""
        op, job = _op(node), self.job(node)
        try:
            streamed = fold(job, None, before.lanes, wiring.pace(job), title(node))
        except UnreachedError:
            return None
        unit_of = functools.partial(multiplier, job, bits=(before.tensor.bits, op.kernel_format.bits))
        reading = Reading(job, job.inputs, functools.partial(_reader, before.tensor), unit_of)
        held = Held((unit_of(streamed),), streamed.products)
        return folding_to_read(reading, held, wiring, cycles=wiring.pace(job), turns=2, dearer=wiring.overlap)

    def _read(self, node: QNode, before: Flow, wiring: Wiring, folding: Folding) -> Flow:
        flow = wiring.cut(before, folding.lanes, title(node))
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        sums = weighted(node, _op(node), folding, None, flow, frame, self.job(node).macs, forced=False)
        stage = ReadDenseStage(**vars(frame), **vars(sums), reader=_reader(flow.tensor, folding))
        return wiring.append(stage, code_range(node))


def _op(node: QNode) -> QDense:
    assert isinstance(node.op, QDense)
    return node.op


def _reader(vector: Tensor, folding: Folding) -> WindowReader:
    """What reads the ``vector``, an image of one pixel with a window of one."""
    pixel = dataclasses.replace(vector, shape=(1, 1, vector.elements))
    whole = Geometry((1, 1), (1, 1), ((0, 0), (0, 0)), 0, vector.elements)
    return whole.reader(pixel, (1, 1, folding.outputs), folding)


KIND = Dense()
