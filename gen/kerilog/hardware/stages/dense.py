# SPDX-License-Identifier: Apache-2.0
"""Dense."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from kerilog.hardware.design import LayerStage
from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, code_range, title
from kerilog.hardware.modules.window import VectorSlicing
from kerilog.hardware.pace import fold
from kerilog.hardware.sums import WeightedStage, weighted
from kerilog.qgraph import QDense, QGraph, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class DenseStage(WeightedStage, LayerStage):
    """One vector per frame, which comes in as many beats as it takes."""

    template = "stages/dense.v.j2"


class Dense(LayerKind):
    """A matrix whose input streams through."""

    operations = (QDense,)
    supported = "a flat input"

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        if math.prod(node.shape[:-1]) != 1:
            yield f"hardware supports a flat input for Dense, found an output of shape {node.shape}"

    def job(self, node: QNode) -> MatrixJob:
        op = node.op
        assert isinstance(op, QDense)
        return MatrixJob(1, op.kernel.shape[0], op.kernel.shape[1], streams=True)

    def unrollable(self, node: QNode) -> bool:
        return True

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = node.op
        assert isinstance(op, QDense)
        layer, job, before = title(node), self.job(node), wiring.take(node)
        forced = wiring.is_unrolled(node)
        folding = fold(job, None, before.lanes, wiring.interval, layer, forced)
        flow = wiring.buffered(before, wiring.cut(before, folding.lanes, layer), layer)
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        channels = flow.tensor.elements
        whole = VectorSlicing(1, 1, 1, 1, 1, channels, channels)
        sums = weighted(node, op, folding, whole, flow, frame, job.macs, forced)
        return wiring.append(DenseStage(**vars(frame), **vars(sums)), code_range(node))


KIND = Dense()
