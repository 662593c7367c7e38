# SPDX-License-Identifier: Apache-2.0
"""GlobalAveragePooling2D: running sums of whole pixels, all weights 1."""

from __future__ import annotations

import dataclasses
import math

from kerilog.hardware import average
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import MatrixJob, divisors, ranked
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, title
from kerilog.hardware.modules.matvec import Folding, MatVec, Widths
from kerilog.hardware.modules.window import VectorSlicing
from kerilog.hardware.pace import folding_of
from kerilog.hardware.sums import SlicedStage
from kerilog.hardware.weights import Ones
from kerilog.qgraph import QGlobalAveragePooling2D, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class GlobalAveragePooling2DStage(SlicedStage, LayerStage):
    """Sums of all pixels, channel by channel."""

    template = "stages/global_average_pooling2d.v.j2"


class GlobalAveragePooling2D(LayerKind):
    """Each channel is a vector for an output of its own, which streams through."""

    operations = (QGlobalAveragePooling2D,)
    supported = "any image"

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = node.op
        assert isinstance(op, QGlobalAveragePooling2D)
        before = wiring.take(node)
        height, width, channels = before.tensor.shape
        cells = height * width
        folding = _fold_pixels(before, wiring.interval, title(node))
        lanes = folding.vectors * folding.lanes
        flow = wiring.buffered(before, wiring.cut(before, lanes, title(node)), title(node))
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        reach = average.repeated(average.sums(cells, flow.codes), channels)
        zero, file = flow.tensor.format.zero_point, frame.memory("requantizer")
        stage = GlobalAveragePooling2DStage(
            **vars(frame),
            matvec=MatVec.of(folding, Widths(flow.tensor.bits, Ones.BITS, reach.bits), Ones()),
            requantizer=average.global_requantizer(
                node, op, cells, zero, flow.codes, folding.result_lanes, file
            ),
            reach=reach,
            slicing=VectorSlicing(1, 1, folding.lanes, 1, folding.lanes, channels, 1),
        )
        return wiring.append(stage, op.clamp)


def _fold_pixels(flow: Flow, interval: int, layer: str) -> Folding:
    """The fewest adders that sum up all pixels in ``interval`` cycles, channel by channel.

    A beat holds the fewest pixels in which they all come in time. Raises UnreachedError.
    """
    tensor: Tensor = flow.tensor
    height, width, channels = tensor.shape
    cells = height * width
    beats = next((cells // n for n in divisors(cells) if cells // n <= interval), 1)
    job = MatrixJob(beats, cells // beats, channels, vectors=channels)
    choice = ranked(job, interval, flow.lanes, layer)[0]
    folding = dataclasses.replace(folding_of(job, choice), beats_per_vector=beats)
    leaving = divisors(math.gcd(choice.pe, channels))
    lanes = next(n for n in leaving if channels <= n * beats * folding.groups or n == leaving[-1])
    return dataclasses.replace(folding, result_lanes=lanes)


KIND = GlobalAveragePooling2D()
