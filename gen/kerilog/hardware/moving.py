# SPDX-License-Identifier: Apache-2.0
"""What the layers that move elements have in common: one library module, a share of a pixel per beat."""

from __future__ import annotations

import dataclasses
import math

from kerilog.errors import UnreachedError
from kerilog.graph import Shape
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import divisors
from kerilog.hardware.kind import Flow, Wiring, title
from kerilog.hardware.module import Module
from kerilog.qgraph import QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class MovingStage(LayerStage):
    """A single library module; ``equation`` is what it does, in the words of the layer."""

    instance: Module
    equation: str

    template = "stages/moving.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.instance,)


def in_shares(node: QNode, flow: Flow, wiring: Wiring, unit: int) -> Flow:
    """``flow`` in beats that hold as many elements of one pixel as keep up, a divisor of ``unit``.

    It comes in the lanes that it has where they keep up, behind a queue: what pads or repeats takes beats in
    bursts. Raises UnreachedError if the whole unit is not enough.
    """
    most = max(flow.tensor.elements, math.prod(node.shape))
    possible = [lanes for lanes in divisors(unit) if most <= lanes * wiring.interval]
    if not possible:
        raise UnreachedError(title(node), wiring.interval, -(-most // unit))
    return wiring.cut(flow, flow.lanes if flow.lanes in possible else possible[0], title(node))


def beats_of_pixels(node: QNode, source: Tensor, unit: int) -> int:
    """The fewest cycles per frame with ``unit`` elements per beat, of what comes in or of what goes out."""
    return -(-max(source.elements, math.prod(node.shape)) // unit)


def as_image(shape: Shape) -> tuple[int, int, int]:
    """A tensor of up to three axes as (rows, columns, channels)."""
    rows, columns, channels = (*(1,) * (3 - len(shape)), *shape)
    return rows, columns, channels
