# SPDX-License-Identifier: Apache-2.0
"""Fold a batch normalization that follows an activation into the layer after it."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.graph import BatchNormalization, Conv2D, Dense, Graph, Node, Op
from kerilog.transforms.rewrite import absorb_into_user


def fold_batch_norm_forward(graph: Graph) -> Graph:
    """``graph`` with ``W (scale x + offset) + b`` as ``(W scale) x + (W offset + b)``.

    Not where a convolution pads: the zeros at the border come after the normalization, so an offset would
    have to be left out there. Nor where the weights have a format: scaled, they would leave its grid.
    """
    return absorb_into_user(graph, _weighted)


def _weighted(source: Node, user: Node) -> Op | None:
    norm, op = source.op, user.op
    if not isinstance(norm, BatchNormalization) or not isinstance(op, Conv2D | Dense):
        return None
    if op.kernel_format is not None:
        return None
    if isinstance(op, Conv2D) and (op.groups != 1 or (op.padding != "valid" and norm.offset.any())):
        return None
    # The inputs are the last but one axis of both kernels.
    wide = op.kernel.astype(np.float64)
    kernel = (wide * norm.scale[:, np.newaxis]).astype(np.float32)
    shift = (wide * norm.offset[:, np.newaxis]).reshape(-1, wide.shape[-1]).sum(axis=0)
    return dataclasses.replace(op, kernel=kernel, bias=(op.bias + shift).astype(np.float32))
