# SPDX-License-Identifier: Apache-2.0
"""Give the cells of a ZeroPadding2D to the convolution that takes them."""

from __future__ import annotations

import dataclasses

from kerilog.graph import Conv2D, DepthwiseConv2D, Graph, Node, Op, ZeroPadding2D, windows_meet_image
from kerilog.transforms.rewrite import absorb_into_user


def fold_padding(graph: Graph) -> Graph:
    """``graph`` with zero padding inside the ``padding="valid"`` convolutions that alone take it.

    Formats do not stand in the way: a padded tensor always has its input's, and the code of 0 is what an
    integer convolution pads with. Left as they are: padding of which some window sees nothing else, which
    hardware does not take, and padding before pools, which do not pad with 0.
    """
    return absorb_into_user(graph, _padded)


def _padded(source: Node, user: Node) -> Op | None:
    pad, op = source.op, user.op
    if not isinstance(pad, ZeroPadding2D) or not isinstance(op, Conv2D | DepthwiseConv2D):
        return None
    if op.padding != "valid" or pad.steps != (1, 1):
        return None
    if not all(_windows_meet_image(pad, op, source, user, axis) for axis in (0, 1)):
        return None
    return dataclasses.replace(op, padding=pad.padding)


def _windows_meet_image(
    pad: ZeroPadding2D, op: Conv2D | DepthwiseConv2D, source: Node, user: Node, axis: int
) -> bool:
    size = source.shape[axis] - sum(pad.padding[axis])
    span = (op.kernel.shape[axis] - 1) * op.dilation_rate[axis] + 1
    return windows_meet_image(size, user.shape[axis], span, op.strides[axis], pad.padding[axis][0])
