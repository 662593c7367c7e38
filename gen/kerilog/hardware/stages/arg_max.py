# SPDX-License-Identifier: Apache-2.0
"""The number of the class with the largest score."""

from __future__ import annotations

import math

from kerilog.errors import UnreachedError
from kerilog.hardware.design import Tensor
from kerilog.hardware.folding import divisors
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, code_range, title
from kerilog.hardware.modules.argmax import ArgMax as ArgMaxModule
from kerilog.hardware.moving import MovingStage
from kerilog.qgraph import QArgMax, QNode


class ArgMax(LayerKind):
    """The largest so far and its number; what comes side by side is compared by a tree."""

    operations = (QArgMax,)
    supported = "over the channels, the lowest of equal ones; a vector per cycle"

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        return math.prod(source.shape[:-1])

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        source = wiring.take(node)
        shape, elements = source.tensor.shape, source.tensor.elements
        possible = [lanes for lanes in divisors(shape[-1]) if elements <= lanes * wiring.interval]
        if not possible:
            raise UnreachedError(title(node), wiring.interval, math.prod(shape[:-1]))
        flow = source if source.lanes in possible else wiring.cut(source, possible[0], title(node))
        lanes, format = flow.tensor.lanes, flow.tensor.format
        instance = ArgMaxModule(lanes, shape[-1] // lanes, format.bits, format.minimum < 0)
        frame = Frame.of(node, wiring, (flow,), 1)
        equation = "y = the number of the largest channel, the lowest of equal ones"
        return wiring.append(
            MovingStage(**vars(frame), instance=instance, equation=equation), code_range(node)
        )


KIND = ArgMax()
