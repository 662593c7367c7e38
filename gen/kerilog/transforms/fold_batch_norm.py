# SPDX-License-Identifier: Apache-2.0
"""Fold a batch normalization into the convolution or dense layer before it."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.graph import BatchNormalization, Conv2D, Dense, DepthwiseConv2D, Graph, Node, Op
from kerilog.transforms.rewrite import absorb_into_source


def fold_batch_norm(graph: Graph) -> Graph:
    """``graph`` with ``scale * (W x + b) + offset`` as ``(scale W) x + (scale b + offset)``.

    Not where the weights have a format: scaled, they would leave its grid.
    """
    return absorb_into_source(graph, _scaled)


def _scaled(source: Node, user: Node) -> Op | None:
    op, norm = source.op, user.op
    if not isinstance(norm, BatchNormalization) or not isinstance(op, Conv2D | DepthwiseConv2D | Dense):
        return None
    if op.activation != "linear" or op.kernel_format is not None:
        return None
    scale = norm.scale.astype(np.float64)
    # A depthwise kernel ends with (channels, multiplier), which together count the outputs.
    shaped = scale.reshape(op.kernel.shape[2:]) if isinstance(op, DepthwiseConv2D) else scale
    kernel = (op.kernel * shaped).astype(np.float32)
    bias = (op.bias * scale + norm.offset).astype(np.float32)
    return dataclasses.replace(op, kernel=kernel, bias=bias)
