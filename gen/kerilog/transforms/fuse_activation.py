# SPDX-License-Identifier: Apache-2.0
"""Let the layer before a ReLU do it: in integers it is no more than a bound of the requantizer."""

from __future__ import annotations

import dataclasses

from kerilog.graph import (
    Activation,
    Add,
    Average,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Graph,
    Maximum,
    Minimum,
    Multiply,
    Node,
    Op,
    Subtract,
)
from kerilog.transforms.rewrite import absorb_into_source

FUSED = (Conv2D, DepthwiseConv2D, Dense, Add, Subtract, Multiply, Average, Maximum, Minimum)


def fuse_activation(graph: Graph) -> Graph:
    """``graph`` with relu and relu6 inside the operations that have an ``activation``."""
    return absorb_into_source(graph, _activated)


def _activated(source: Node, user: Node) -> Op | None:
    op, activation = source.op, user.op
    if not isinstance(activation, Activation) or not isinstance(op, FUSED) or op.activation != "linear":
        return None
    if activation.function == "relu":
        return dataclasses.replace(op, activation="relu")
    return dataclasses.replace(op, activation="relu6") if activation.function == "relu6" else None
