# SPDX-License-Identifier: Apache-2.0
"""Networks whose outputs are their inputs, but for a function: what they answer is seen at once."""

from __future__ import annotations

import numpy as np

from kerilog.graph import Activation, Array, Conv2D, Dense, Graph, Input, Node, Shape
from kerilog.qgraph import QGraph
from kerilog.quantize import calibrate, quantize


def identity(units: int, function: str = "linear") -> Graph:
    """An input "x" (units,) and a dense layer "y" that hands it on to ``function``."""
    dense = Dense(np.eye(units, dtype=np.float32), np.zeros(units, np.float32))
    nodes = [Node("x", Input(), (), (units,)), Node("y", dense, ("x",), (units,))]
    if function != "linear":
        nodes.append(Node(f"y/{function}", Activation(function), ("y",), (units,)))  # type: ignore[arg-type]
    return Graph("identity", tuple(nodes), (nodes[-1].name,))


def pixels(shape: Shape) -> Graph:
    """An input "x" (height, width, channels) and a convolution "y" of 1x1 that hands it on: logits."""
    kernel = np.eye(shape[-1], dtype=np.float32)[np.newaxis, np.newaxis]
    op = Conv2D(kernel, np.zeros(shape[-1], np.float32))
    return Graph("pixels", (Node("x", Input(), (), shape), Node("y", op, ("x",), shape)), ("y",))


def integers(graph: Graph, x: Array, scheme: str = "fixed") -> QGraph:
    """``graph`` in integers, calibrated on ``x``."""
    return quantize(calibrate(graph, x), scheme)
