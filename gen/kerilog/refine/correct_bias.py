# SPDX-License-Identifier: Apache-2.0
"""Bias correction: rounding moves the mean of a channel's sums, and its bias can move it back.

Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, section
4.2, with the means taken over samples, as in its appendix D.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.quantize.matrix import MatrixOp
from kerilog.refine.layers import Layer, Tell


def correct_bias(layer: Layer, _: np.random.Generator, tell: Tell) -> MatrixOp:
    """The layer with the bias that gives each channel of the integer layer the float network's mean."""
    tell(0)
    missing = layer.wanted - layer.sums(layer.steps * layer.codes)
    means = missing.mean(axis=1, dtype=np.float64)
    return dataclasses.replace(layer.op, bias=means.reshape(layer.op.bias.shape).astype(np.float32))
