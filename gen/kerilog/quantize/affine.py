# SPDX-License-Identifier: Apache-2.0
"""TFLite's scheme: int8 codes with a scale and a zero point, weights symmetric per output channel, int32 bias.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR
2018; scales are float32 and rescaling is TFLite's own, reference or single rounding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np

from kerilog.calibrate import Observation
from kerilog.formats import Affine, Format, round_half_away
from kerilog.frontend.tflite_scales import Rounding, Scales, matrix_factor, requantize_factor
from kerilog.graph import Dense, Node
from kerilog.qgraph import Clamp, QConv2D, QDense, QNode, QOp, QRequantize
from kerilog.quantize.rewrite import MatrixOp, clamp_of, flat_kernel, geometry

BITS = 8
BIAS_BITS = 32
_WEIGHT_MAX = 127  # -128 is not used, so that weights are symmetric


@dataclasses.dataclass(frozen=True)
class AffineScheme:
    """``observations`` give the range of every tensor."""

    observations: Mapping[str, Observation]
    rounding: Rounding = "reference"
    name: Literal["affine"] = "affine"

    def activation_format(self, node: Node) -> Format:
        seen = self.observations[node.name]
        return affine_format(seen.minimum, seen.maximum)

    def matrix(self, node: Node, op: MatrixOp, source: QNode, target: Format) -> QOp:
        kernel = flat_kernel(op)
        weight_scales = weight_scales_of(kernel)
        codes = round_half_away(kernel / weight_scales).astype(np.int64)
        bias_scales = np.float32(source.format.scales) * weight_scales
        bias = np.clip(round_half_away(op.bias / bias_scales.astype(np.float64)), -(2**31), 2**31 - 1)
        kind = "FULLY_CONNECTED" if isinstance(op, Dense) else "CONV_2D"
        factor = matrix_factor(
            np.float32(source.format.scales), weight_scales, np.float32(target.scales), kind, self.rounding
        )
        fields = {
            "kernel": codes,
            "bias": bias.astype(np.int64),
            "kernel_format": Affine(BITS, tuple(float(scale) for scale in weight_scales)),
            "bias_format": Affine(BIAS_BITS, tuple(float(scale) for scale in bias_scales)),
            "rescale": factor,
            "clamp": clamp_of(op.activation, target),
        }
        return QDense(**fields) if isinstance(op, Dense) else QConv2D(**fields, **geometry(op, source))

    def rescale(self, node: Node, source: QNode, target: Format, clamp: Clamp) -> QOp:
        factor = requantize_factor(np.float32(source.format.scales), np.float32(target.scales), self.rounding)
        return QRequantize(factor, clamp)


def affine_format(minimum: float, maximum: float) -> Affine:
    """The int8 format that covers [minimum, maximum] and 0, with 0 a code of its own."""
    low, high = min(minimum, 0.0), max(maximum, 0.0)
    codes = 2**BITS - 1
    scale = np.float32((high - low) / codes) if high > low else np.float32(1)
    scale = max(scale, np.finfo(np.float32).tiny)
    lowest = -(2 ** (BITS - 1))
    zero = int(np.clip(round_half_away(np.float64(lowest - low / float(scale))), lowest, lowest + codes))
    return Affine(BITS, float(scale), zero)


def weight_scales_of(kernel: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Scales:
    """One float32 scale per output channel (the last axis) that lets its largest weight just fit."""
    largest = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(axis=0)
    return np.where(largest > 0, largest / _WEIGHT_MAX, 1.0).astype(np.float32)
