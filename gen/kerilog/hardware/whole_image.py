# SPDX-License-Identifier: Apache-2.0
"""Pools over a whole image: running sums or maxima of its pixels, channel by channel, without any window."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from kerilog.errors import UnreachedError
from kerilog.exact.average import sums
from kerilog.hardware import average
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import MatrixJob, divisors, possible_lanes, ranked
from kerilog.hardware.kind import Flow, Frame, Wiring, clamped, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding, MatVec, Widths
from kerilog.hardware.modules.max import Max
from kerilog.hardware.modules.requantize import AffineRequantizer
from kerilog.hardware.modules.running_max import RunningMax
from kerilog.hardware.modules.window import VectorSlicing
from kerilog.hardware.pace import folding_of
from kerilog.hardware.sums import SlicedStage
from kerilog.hardware.weights import Ones
from kerilog.qgraph import Clamp, QNode

Divider = Callable[[Flow, int, str], AffineRequantizer]
"""What divides the sums of a flow, with so many channels per beat and its constants in a file."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class WholeImageStage(SlicedStage, LayerStage):
    """Sums of all pixels, channel by channel."""

    template = "stages/global_average_pooling2d.v.j2"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class WholeImageMaxStage(LayerStage):
    """The largest of all pixels, channel by channel; ``max``, if any, of those that come side by side."""

    max: Max | None
    running: RunningMax

    template = "stages/global_max_pooling2d.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.max, self.running) if self.max else (self.running,)


def place_max(node: QNode, before: Flow, wiring: Wiring, clamp: Clamp) -> Flow:
    """Put the maximum ``node`` of the flow ``before`` into the network, in as few lanes as keep up.

    What comes in lanes of its own that keep up stays as it is. Raises UnreachedError.
    """
    height, width, channels = before.tensor.shape
    possible = [
        lanes
        for lanes in possible_lanes(before.tensor.shape)
        if before.tensor.elements <= lanes * wiring.interval
    ]
    if not possible:
        raise UnreachedError(title(node), wiring.interval, height)
    flow = before if before.lanes in possible else wiring.cut(before, possible[0], title(node))
    side_by_side, share = max(1, flow.tensor.lanes // channels), min(flow.tensor.lanes, channels)
    bits, full = flow.tensor.bits, (node.format.minimum, node.format.maximum)
    stage = WholeImageMaxStage(
        **vars(Frame.of(node, wiring, (flow,), share)),
        max=Max(side_by_side, channels, bits, *full) if side_by_side > 1 else None,
        running=RunningMax(share, bits, channels // share, height * width // side_by_side, *clamp),
    )
    return wiring.append(stage, clamped(flow.codes, clamp))


def place(
    node: QNode, before: Flow, wiring: Wiring, divider: Divider, reached: Callable[[Clamp], Clamp]
) -> Flow:
    """Put the average ``node`` of the flow ``before`` into the network. Raises UnreachedError.

    ``reached``: the range of its results, given that of the codes.
    """
    height, width, channels = before.tensor.shape
    folding = _fold_pixels(before, wiring.interval, title(node))
    lanes = folding.vectors * folding.lanes
    flow = wiring.buffered(before, wiring.cut(before, lanes, title(node)), title(node))
    frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
    reach = average.repeated(sums(height * width, flow.codes), channels)
    stage = WholeImageStage(
        **vars(frame),
        matvec=MatVec.of(folding, Widths(flow.tensor.bits, Ones.BITS, reach.bits), Ones()),
        requantizer=divider(flow, folding.result_lanes, frame.memory("requantizer")),
        reach=reach,
        slicing=VectorSlicing(1, 1, folding.lanes, 1, folding.lanes, channels, 1),
    )
    return wiring.append(stage, reached(flow.codes))


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
