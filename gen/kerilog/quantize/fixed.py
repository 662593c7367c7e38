# SPDX-License-Identifier: Apache-2.0
"""Binary fixed point: every tensor has a binary point of its own, and rescaling is a shift.

The binary point of a tensor is by default the one with the least mean squared error over what was observed:
one bit more for the range halves the resolution of everything, so a rare large value may be better saturated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from kerilog.calibrate import Observation
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Binary, FewLevels, Fixed, Format, IntArray, Sign
from kerilog.graph import Activation, BinaryPadding, Dense, Node, Shape, padding_of
from kerilog.qgraph import (
    Clamp,
    Multiplier,
    QAdd,
    QGlobalAveragePooling2D,
    QLookup,
    QMultiply,
    QNode,
    QOp,
    QRequantize,
    Rescale,
    Shift,
    Threshold,
)
from kerilog.quantize.few_levels import few_levels
from kerilog.quantize.given import check_given
from kerilog.quantize.matrix import MatrixOp, Numbers, Weights, flat_kernel, matrix_op
from kerilog.quantize.one_bit import sign_format, thresholds
from kerilog.quantize.ranges import DEFAULT_PERCENTILE, best_fixed, fixed_format
from kerilog.quantize.rewrite import clamp_of, full_range
from kerilog.quantize.settings import (
    ACCUMULATOR,
    DEFAULT_RANGE,
    MIN_BITS,
    TERNARY,
    LayerSettings,
    Settings,
)
from kerilog.scales import Rounding, double_multiplier
from kerilog.tables import fixed_table

DEFAULT_BITS = 8
LONGEST_SHIFT = 31
_MAX_BIAS_BITS = 32
_LARGEST_SUM = 1 << 31  # that a factor of its own for each channel takes


@dataclasses.dataclass(frozen=True)
class FixedScheme:
    """``observations`` give the values of every tensor; ``scores`` names the inputs of softmaxes left out.

    ``signs`` names the tensors that have one bit where that is the default; others have it if it is chosen.
    ``results``: those that leave the network, which keep 8 bits where fewer are the default.
    ``rounding`` is for what is resized: ties away from zero, as everywhere here.
    """

    observations: Mapping[str, Observation]
    settings: Settings = Settings()  # noqa: RUF009 - frozen
    scores: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()
    results: frozenset[str] = frozenset()
    rounding: Rounding = "reference"
    name: Literal["fixed"] = "fixed"

    def activation_format(self, node: Node) -> Format:
        chosen = self.settings.of(node.name)
        bits = self._bits(node, chosen)
        if bits == 1:
            self._check_sign(node)
            return sign_format(self.observations[node.name], chosen.frac)
        if chosen.frac is not None:
            return Fixed(bits, chosen.frac)
        choice = chosen.range or DEFAULT_RANGE["fixed"]
        percentile = chosen.percentile or DEFAULT_PERCENTILE
        scores = node.name in self.scores
        return fixed_format(self.observations[node.name], bits, choice, percentile, scores)

    def _bits(self, node: Node, chosen: LayerSettings) -> int:
        """Those of the tensor of ``node``: of what few bits as the default are not for, 8."""
        bits = chosen.activation_bits or DEFAULT_BITS
        own = self.settings.layers.get(node.name)
        if own is not None and own.activation_bits is not None:
            return bits
        if bits == 1 and node.name not in self.signs:
            return DEFAULT_BITS
        # With few bits the largest of several scores is often not one alone.
        return max(bits, DEFAULT_BITS) if node.name in self.results else bits

    def _check_sign(self, node: Node) -> None:
        """Raises KerilogError for what is chosen for ``node`` alone and is without effect on signs."""
        own = self.settings.layers.get(node.name)
        for key, _ in own.chosen() if own else ():
            if key in ("range", "percentile"):
                raise KerilogError(f"layer '{node.name}': {key}: a result of 1 bit has no range")

    def takes_signs(self, node: Node, op: MatrixOp, shape: Shape) -> bool:
        """With weights of one bit, unless there are zeros around the image."""
        bits = self.settings.of(node.name).weight_bits
        binary = bits == 1 if op.kernel_format is None else isinstance(op.kernel_format, Binary)
        if not binary or isinstance(op, Dense):
            return binary
        size = op.kernel.shape[0], op.kernel.shape[1]
        padding = padding_of(shape, size, op.strides, op.padding, op.dilation_rate)
        return not np.any(padding) or self.binary_padding(node, op, Sign()) != "none"

    def binary_padding(self, node: Node, op: MatrixOp, source: Format) -> BinaryPadding:
        own = self.settings.layers.get(node.name)
        chosen = own.binary_padding if own is not None else None
        found: BinaryPadding = "none" if isinstance(op, Dense) else op.binary_padding
        asked = chosen or found
        if isinstance(source, Sign):
            default = self.settings.default.binary_padding or "none"
            return default if chosen is None and found == "none" else asked
        if asked != "none":
            raise KerilogError(
                f"layer '{node.name}': binary_padding: expected an input of 1 bit, found {source}"
            )
        return "none"

    def matrix(self, node: Node, op: MatrixOp, source: QNode, target: Format) -> QOp:
        chosen = self.settings.of(node.name)
        kernel = flat_kernel(op)
        weights = _given(node, op.kernel_format) or _weight_format(kernel, op.bias, source.format, chosen)
        clamp = clamp_of(op.activation, target)
        codes = weights.quantize(kernel)
        if isinstance(target, Sign):
            own = self.settings.layers.get(node.name)
            return matrix_op(op, source, _signed(node, op, codes, weights, source.format, own))
        if isinstance(weights, FewLevels) and weights.frac is None:
            numbers = _scaled(node, op, codes, weights, (source.format, target), clamp, chosen)
            return matrix_op(op, source, numbers)
        accumulator = frac_of(source.format) + fracs_of(weights)
        bias, bias_format = _bias(node, op, op.bias.astype(np.float64), accumulator, chosen)
        shift = accumulator - frac_of(target)
        _checked(node, int(shift[np.argmax(np.abs(shift))]))
        return matrix_op(op, source, Numbers(codes, bias, weights, bias_format, Shift(shift), clamp))

    def requantize(self, node: Node, source: Format, target: Format) -> QOp:
        return self.relu(node, source, target, full_range(target))

    def relu(self, node: Node, source: Format, target: Format, clamp: Clamp) -> QOp:
        return QRequantize(_rescale(node, frac_of(source), target), clamp)

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
        """Both operands are shifted left to the finer binary point, added exactly, and rounded once."""
        finer = max(frac_of(left), frac_of(right))
        return kind(
            _shift(node, frac_of(left), finer),
            _shift(node, frac_of(right), finer),
            _rescale(node, finer, target, terms),
            clamp,
        )

    def multiply(self, node: Node, left: Format, right: Format, target: Format, clamp: Clamp) -> QOp:
        return QMultiply(_rescale(node, frac_of(left) + frac_of(right), target), clamp)

    def mean(self, node: Node, cells: int, source: Format, target: Format) -> QOp:
        return QGlobalAveragePooling2D(_rescale(node, frac_of(source), target, cells), full_range(target))

    def function(self, node: Node, op: Activation, source: Format, target: Format) -> QOp:
        return QLookup(fixed_table(op.function, op.parameters, source, target))


def _given(node: Node, format: Format | None) -> Format | None:
    """The format that the model brings with it for its weights or its bias."""
    return None if format is None else check_given(node, format, "fixed")


def _scaled(
    node: Node,
    op: MatrixOp,
    codes: IntArray,
    weights: FewLevels,
    formats: tuple[Format, Format],
    clamp: Clamp,
    chosen: LayerSettings,
) -> Numbers:
    """The integers of a layer whose sums, bias included, are multiplied by a scale for each channel.

    ``formats``: of its input and of its output.
    """
    source, target = formats
    scales = weights.scales
    accumulator = np.array([frac_of(source)])
    bias, own = _bias(node, op, op.bias / scales, accumulator, chosen, ACCUMULATOR)
    shift = _checked(node, frac_of(source) - frac_of(target))
    weighed = np.abs(codes).reshape(-1, codes.shape[-1]).sum(axis=0)
    bound = int((weighed * max(-source.minimum, source.maximum) + np.abs(bias)).max())
    if bound >= _LARGEST_SUM:
        raise KerilogError(
            f"layer '{node.name}': expected sums below 2**31 before their scales, found up to {bound}"
        )
    factor = double_multiplier(np.ldexp(scales, -shift))
    bias_format = Affine(own.bits, tuple((scales * own.scales).tolist()))
    return Numbers(codes, bias, weights, bias_format, factor, clamp)


def _signed(
    node: Node, op: MatrixOp, codes: IntArray, weights: Format, source: Format, own: LayerSettings | None
) -> Numbers:
    """The integers of a layer of which only the signs are kept: its bias and its normalization in whole steps
    of the sums, which lose nothing. ``own``: what is chosen for this layer alone.
    """
    for key, _ in own.chosen() if own else ():
        if key in ("bias_bits", "bias_frac"):
            raise KerilogError(f"layer '{node.name}': {key}: a result of 1 bit needs no rounded bias")
    bias = op.bias.astype(np.float64)
    whole, threshold = thresholds(codes, bias, weights.scales, source, op.normalization)
    steps = np.atleast_1d(float(source.scales) * weights.scales)
    bias_format = Affine(_bits_of(whole), float(steps[0]) if steps.size == 1 else tuple(steps.tolist()))
    return Numbers(codes, whole, weights, bias_format, threshold, full_range(Sign()))


def _bits_of(values: IntArray) -> int:
    """Two's complement bits that hold all of ``values``."""
    return int(np.abs(values).max(initial=0)).bit_length() + 1


def _bias(
    node: Node,
    op: MatrixOp,
    values: Weights,
    accumulator: IntArray,
    chosen: LayerSettings,
    default: int | Literal["accumulator"] = DEFAULT_BITS,
) -> tuple[IntArray, Fixed]:
    """``values`` (channels,) in steps of the sums, whose binary points are ``accumulator``, and their format.

    Without a choice it has the bits of ``default``.
    """
    given = _given(node, op.bias_format)
    assert given is None or isinstance(given, Fixed)
    format = given or _bias_format(values, accumulator, chosen, default)
    if np.any(fracs_of(format) > accumulator):
        raise KerilogError(
            f"layer '{node.name}': expected a bias no finer than the sums that it joins, which have "
            f"{int(accumulator.min())} fractional bits, found {format}"
        )
    return format.quantize(values) << (accumulator - fracs_of(format)), format


def _weight_format(
    kernel: Weights, bias: npt.NDArray[np.floating], source: Format, chosen: LayerSettings
) -> Format:
    """The format of ``kernel`` (..., channels), with a tuple of binary points if each channel has its own."""
    bits = chosen.weight_bits or DEFAULT_BITS
    if bits == 1 or bits == TERNARY:
        return few_levels(kernel, bias, source, bits, chosen)
    if chosen.weight_frac is not None:
        return Fixed(bits, chosen.weight_frac)
    if not chosen.per_channel:
        return best_fixed(kernel, bits)
    return Fixed(bits, tuple(frac_of(best_fixed(channel, bits)) for channel in np.moveaxis(kernel, -1, 0)))


def _bias_format(
    bias: Weights, accumulator: IntArray, chosen: LayerSettings, default: int | Literal["accumulator"]
) -> Fixed:
    """A bias need not be finer than the sum that it joins, whose binary points are ``accumulator``."""
    bits = chosen.bias_bits or default
    if bits == ACCUMULATOR:
        return _fixed(_bits_for(bias, accumulator), accumulator)
    frac = frac_of(best_fixed(bias, bits)) if chosen.bias_frac is None else chosen.bias_frac
    return _fixed(bits, np.minimum(frac, accumulator))


def _bits_for(bias: Weights, accumulator: IntArray) -> int:
    """Enough bits that no bias saturates at the accumulator's precision; at most 32."""
    largest = float(np.max(np.abs(bias) * np.exp2(accumulator.astype(np.float64))))
    return int(min(max(np.ceil(np.log2(largest + 1)) + 1, MIN_BITS), _MAX_BIAS_BITS))


def _fixed(bits: int, fracs: IntArray) -> Fixed:
    """A format with one binary point if ``fracs`` (channels,) or (1,) has but one entry."""
    return Fixed(bits, int(fracs[0]) if fracs.size == 1 else tuple(fracs.tolist()))


def fracs_of(format: Format) -> IntArray:
    """The binary points of weights or of a bias, (1,) or (channels,)."""
    assert isinstance(format, Fixed | FewLevels) and format.frac is not None
    return np.atleast_1d(np.asarray(format.frac, np.int64))


def frac_of(format: Format) -> int:
    """The binary point of a fixed-point tensor."""
    assert isinstance(format, Fixed | Sign) and isinstance(format.frac, int)
    return format.frac


def _rescale(node: Node, source: int, target: Format, terms: int = 1) -> Rescale:
    """What brings sums with the binary point ``source``, divided by ``terms``, to codes of ``target``."""
    if isinstance(target, Sign):
        return Threshold(np.ones(1, np.int64))
    shift = _checked(node, source - frac_of(target))
    return _quotient(node, terms, shift) if terms > 1 else Shift(np.array([shift]))


def _shift(node: Node, source: int, target: int) -> Shift:
    """From binary point ``source`` to ``target``."""
    return Shift(np.array([_checked(node, source - target)]))


def _checked(node: Node, shift: int) -> int:
    if abs(shift) > LONGEST_SHIFT:
        raise KerilogError(
            f"layer '{node.name}': expected binary points at most {LONGEST_SHIFT} places apart, "
            f"found {abs(shift)}"
        )
    return shift


def _quotient(node: Node, cells: int, shift: int) -> Rescale:
    """Times ``2**-shift / cells``: a shift alone where ``cells`` is a power of two, else a multiplier.

    The multiplier m is 2**e / cells rounded up, 2**30 < m < 2**31, so x * m / 2**e lies beyond x / cells,
    away from zero, by less than |x| / 2**e. For |x| < 2**29 and an output within 16 bits that is less than
    the distance of the quotient from any rounding boundary it does not lie on; where it lies on one, a tie,
    "single" rounds it away from zero. So the result is exactly the quotient, ties away from zero.
    """
    _checked(node, shift + cells.bit_length())
    exponent = cells.bit_length() - 1
    if cells == 1 << exponent:
        return Shift(np.array([_checked(node, shift + exponent)]))
    mantissa = -(-(1 << (31 + exponent)) // cells)
    return Multiplier(np.array([mantissa]), np.array([-shift - exponent]), "single")
