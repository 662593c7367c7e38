# SPDX-License-Identifier: Apache-2.0
"""TFLite's scheme: int8 codes with scale and zero point, symmetric weights per output channel, int32 bias.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
CVPR 2018; scales are float32 and rescaling is TFLite's own, reference or single rounding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from kerilog.calibrate import Observation
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Format, round_half_away
from kerilog.graph import Activation, BinaryPadding, Dense, Node, Shape
from kerilog.qgraph import (
    Clamp,
    QAdd,
    QGlobalAveragePooling2D,
    QLookup,
    QMultiply,
    QNode,
    QOp,
    QRequantize,
    Rescale,
)
from kerilog.quantize.given import check_given
from kerilog.quantize.matrix import MatrixOp, Numbers, Weights, flat_kernel, matrix_op
from kerilog.quantize.ranges import DEFAULT_PERCENTILE, affine_range
from kerilog.quantize.rewrite import clamp_of, full_range
from kerilog.quantize.settings import DEFAULT_RANGE, Settings
from kerilog.scales import (
    Rounding,
    Scales,
    largest_factor,
    matrix_factor,
    mean_factor,
    product_factor,
    relu_factor,
    requantize_factor,
    sum_factors,
)
from kerilog.tables import PRESCRIBED, affine_table

BITS = 8
BIAS_BITS = 32
_WEIGHT_MAX = 127  # -128 is not used, so that weights are symmetric
_LARGEST_BIAS = 2**29  # leaves room for the products in sums that must stay below 2**31
_DEAD_STEPS = 256  # steps of the bias in one output step, for a channel without weights
_CODE_SPAN = 255  # largest |code - zero point|
_LARGEST_RATIO = 2**19  # of scales in a sum: above it TFLite's output factor exceeds 1
_TINY = 2 * float(np.finfo(np.float32).tiny)


@dataclasses.dataclass(frozen=True)
class AffineScheme:
    """``observations`` give the values of every tensor; ``scores`` names the inputs of softmaxes left out."""

    observations: Mapping[str, Observation]
    settings: Settings = Settings()  # noqa: RUF009 - frozen
    rounding: Rounding = "reference"
    scores: frozenset[str] = frozenset()
    name: Literal["affine"] = "affine"

    def activation_format(self, node: Node) -> Format:
        if isinstance(node.op, Activation) and node.op.function in PRESCRIBED:
            return PRESCRIBED[node.op.function]
        chosen = self.settings.of(node.name)
        choice = chosen.range or DEFAULT_RANGE["affine"]
        percentile = chosen.percentile or DEFAULT_PERCENTILE
        seen, scores = self.observations[node.name], node.name in self.scores
        return affine_format(*affine_range(seen, choice, percentile, affine_format, scores))

    def takes_signs(self, node: Node, op: MatrixOp, shape: Shape) -> bool:
        return False

    def binary_padding(self, node: Node, op: MatrixOp, source: Format) -> BinaryPadding:
        if getattr(op, "binary_padding", "none") != "none":
            raise KerilogError(f"layer '{node.name}': binary_padding: is for the scheme fixed")
        return "none"

    def matrix(self, node: Node, op: MatrixOp, source: QNode, target: Format) -> QOp:
        kernel = flat_kernel(op)
        source_scale, target_scale = _scale(source.format), _scale(target)
        if op.kernel_format is None:
            scales = weight_scales_of(kernel, op.bias.astype(np.float64), source_scale, target_scale)
        else:
            given = check_given(node, op.kernel_format, self.name)
            scales = np.broadcast_to(given.scales, op.bias.shape).astype(np.float32)
        codes = round_half_away(kernel / scales).astype(np.int64)
        bias_scales = source_scale * scales
        bias = round_half_away(op.bias / bias_scales.astype(np.float64)).astype(np.int64)
        kind = "FULLY_CONNECTED" if isinstance(op, Dense) else "CONV_2D"
        factor = matrix_factor(source_scale, scales, target_scale, kind, self.rounding)
        sums = np.abs(codes).reshape(-1, scales.size).sum(axis=0) * _CODE_SPAN + np.abs(bias)
        _check_range(node, factor, int(sums.max()))
        numbers = Numbers(
            codes,
            bias,
            Affine(BITS, tuple(scales.tolist())),
            Affine(BIAS_BITS, tuple(bias_scales.tolist())),
            factor,
            clamp_of(op.activation, target),
        )
        return matrix_op(op, source, numbers)

    def requantize(self, node: Node, source: Format, target: Format) -> QOp:
        factor = requantize_factor(_scale(source), _scale(target), self.rounding)
        _check_range(node, factor, _CODE_SPAN)
        return QRequantize(factor, full_range(target))

    def relu(self, node: Node, source: Format, target: Format, clamp: Clamp) -> QOp:
        factor = relu_factor(_scale(source), _scale(target))
        _check_range(node, factor, _CODE_SPAN)
        return QRequantize(factor, clamp)

    def add(
        self,
        node: Node,
        kind: type[QAdd],
        left: Format,
        right: Format,
        target: Format,
        clamp: Clamp,
        terms: int = 1,
    ) -> QOp:
        # a sum in steps of ``terms`` of the output's is the sum divided by them
        scales = _scale(left), _scale(right), _scale(target) * np.float32(terms)
        if max(scales[:2]) / scales[2] >= _LARGEST_RATIO:
            raise KerilogError(
                f"layer '{node.name}': expected an output step above {max(scales[:2]) / _LARGEST_RATIO:g}, "
                f"found {scales[2]:g}: its inputs are that much larger than their sum"
            )
        first, second, total, headroom = sum_factors(*scales, self.rounding)
        return kind(first, second, total, clamp, headroom)

    def multiply(self, node: Node, left: Format, right: Format, target: Format, clamp: Clamp) -> QOp:
        factor = product_factor(_scale(left), _scale(right), _scale(target), self.rounding)
        _check_range(node, factor, _CODE_SPAN**2)
        return QMultiply(factor, clamp)

    def mean(self, node: Node, cells: int, source: Format, target: Format) -> QOp:
        factor = mean_factor(_scale(source), _scale(target), cells, self.rounding)
        _check_range(node, factor, _CODE_SPAN * cells)
        return QGlobalAveragePooling2D(factor, full_range(target))

    def function(self, node: Node, op: Activation, source: Format, target: Format) -> QOp:
        prescribed = PRESCRIBED.get(op.function, target)
        if target != prescribed:
            raise KerilogError(
                f"layer '{node.name}': expected a converter to {prescribed} after a {op.function}, "
                f"found {target}"
            )
        if op.function == "leaky_relu":
            slope = np.float32(max((1.0, *op.parameters)))
            _check_range(node, relu_factor(_scale(source) * slope, _scale(target)), _CODE_SPAN)
        return QLookup(affine_table(op.function, op.parameters, source, target, self.rounding))


def affine_format(minimum: float, maximum: float) -> Affine:
    """The int8 format that covers [minimum, maximum] and 0, with 0 a code of its own."""
    low, high = min(minimum, 0.0), max(maximum, 0.0)
    codes = 2**BITS - 1
    scale = np.float32((high - low) / codes) if high > low else np.float32(1)
    scale = max(scale, np.finfo(np.float32).tiny)
    lowest = -(2 ** (BITS - 1))
    zero = int(np.clip(_rounded(lowest - low / float(scale)), lowest, lowest + codes))
    return Affine(BITS, float(scale), zero)


def weight_scales_of(
    kernel: Weights, bias: npt.NDArray[np.float64], source: np.float32, target: np.float32
) -> Scales:
    """One float32 scale per output channel (the last axis) that lets its largest weight just fit.

    ``bias`` (channels,) must fit too, in steps of ``source`` times the scale: where weights are tiny against
    it, the scale is raised. A channel without weights gets one that gives its bias steps much finer than
    ``target``, the step of the output.
    """
    largest = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(axis=0) / _WEIGHT_MAX
    dead = float(target) / (_DEAD_STEPS * float(source))
    needed = np.abs(bias) / (float(source) * _LARGEST_BIAS)
    # Neither the scale nor its product with ``source`` may leave the normal numbers of binary32.
    smallest = _TINY / min(float(source), 1.0)
    scales = np.maximum(np.where(largest >= _TINY, largest, dead), np.maximum(needed, smallest))
    return scales.astype(np.float32)


def _rounded(x: float) -> float:
    return float(round_half_away(np.asarray(x, np.float64)))


def _scale(format: Format) -> np.float32:
    """The one scale of an activation, as TFLite has it."""
    return np.float32(format.scales)


def _check_range(node: Node, factor: Rescale, bound: int) -> None:
    """Check that no sum up to ``bound``, nor its product with ``factor``, leaves 32 bits."""
    if bound >= 1 << 31:
        raise KerilogError(f"layer '{node.name}': expected sums below 2**31, found up to {bound}")
    if bound * largest_factor(factor) >= 1 << 30:
        raise KerilogError(
            f"layer '{node.name}': expected outputs below 2**30, found sums of {bound} times a factor of "
            f"{largest_factor(factor):g}: its output was seen to be far smaller than its inputs allow"
        )
