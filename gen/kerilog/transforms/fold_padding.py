# SPDX-License-Identifier: Apache-2.0
"""Turn a ZeroPadding2D that pads a convolution as ``padding="same"`` would into just that."""

from __future__ import annotations

import dataclasses

from kerilog.graph import Conv2D, DepthwiseConv2D, Graph, Node, Op, ZeroPadding2D, padding_of
from kerilog.transforms.rewrite import absorb_into_user


def fold_padding(graph: Graph) -> Graph:
    """``graph`` with zero padding inside the convolutions that can do it; pools do not pad with 0."""
    return absorb_into_user(graph, _padded)


def _padded(source: Node, user: Node) -> Op | None:
    pad, op = source.op, user.op
    if not isinstance(pad, ZeroPadding2D) or not isinstance(op, Conv2D | DepthwiseConv2D):
        return None
    height, width = (size - sum(cells) for size, cells in zip(source.shape[:2], pad.padding, strict=True))
    kernel = (op.kernel.shape[0], op.kernel.shape[1])
    same = padding_of((height, width), kernel, op.strides, "same", op.dilation_rate)
    covered = (-(-height // op.strides[0]), -(-width // op.strides[1]))
    if op.padding != "valid" or pad.padding != same or user.shape[:2] != covered:
        return None
    return dataclasses.replace(op, padding="same")
