# SPDX-License-Identifier: Apache-2.0
"""Convolutions and dense layers: their kernels in one shape, their integer operations."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from kerilog.formats import Format, IntArray
from kerilog.graph import Conv2D, Dense, DepthwiseConv2D, padding_of
from kerilog.qgraph import Clamp, QConv2D, QDense, QNode, Rescale

MatrixOp = Conv2D | DepthwiseConv2D | Dense
Weights = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Numbers:
    """The integers of one layer, as in ``QConv2D``: ``kernel`` (..., channels), ``bias`` (channels,)."""

    kernel: IntArray
    bias: IntArray
    kernel_format: Format
    bias_format: Format
    rescale: Rescale
    clamp: Clamp


def matrix_op(op: MatrixOp, source: QNode, numbers: Numbers) -> QConv2D | QDense:
    """The integer operation of ``op`` with ``numbers``, its input being ``source``."""
    shared = (
        numbers.kernel,
        numbers.bias,
        numbers.kernel_format,
        numbers.bias_format,
        numbers.rescale,
        numbers.clamp,
    )
    if isinstance(op, Dense):
        return QDense(*shared)
    size = (op.kernel.shape[0], op.kernel.shape[1])
    return QConv2D(
        *shared,
        strides=op.strides,
        padding=padding_of(source.shape, size, op.strides, op.padding, op.dilation_rate),
        dilation_rate=op.dilation_rate,
        groups=source.shape[-1] if isinstance(op, DepthwiseConv2D) else op.groups,
    )


def flat_kernel(op: MatrixOp) -> Weights:
    """The kernel in float64, output channels last; that of a depthwise convolution (kh, kw, 1, channels)."""
    kernel = op.kernel.astype(np.float64)
    if isinstance(op, DepthwiseConv2D):
        return kernel.reshape(*kernel.shape[:2], 1, -1)
    return kernel
