# SPDX-License-Identifier: Apache-2.0
"""Binary fixed point: every tensor has a binary point of its own, and rescaling is a shift.

The binary point of a tensor is the one with the least mean squared error over what was observed: one bit more
for the range halves the resolution of everything, so a rare large value may be better saturated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from kerilog.calibrate import Observation
from kerilog.errors import KerilogError
from kerilog.formats import Fixed, Format
from kerilog.graph import Node
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
)
from kerilog.quantize.matrix import MatrixOp, Numbers, flat_kernel, matrix_op
from kerilog.quantize.rewrite import clamp_of, full_range

LONGEST_SHIFT = 31
_CANDIDATES = 4  # binary points tried: the one that covers all, and so many that saturate more


@dataclasses.dataclass(frozen=True)
class Widths:
    """Bits of each kind of tensor."""

    activations: int = 8
    weights: int = 8
    bias: int = 8


@dataclasses.dataclass(frozen=True)
class FixedScheme:
    """``observations`` give the values of every tensor; ``frac``, if given, is the binary point of all."""

    observations: Mapping[str, Observation]
    widths: Widths = Widths()
    frac: int | None = None
    name: Literal["fixed"] = "fixed"

    def activation_format(self, node: Node) -> Format:
        if self.frac is not None:
            return Fixed(self.widths.activations, self.frac)
        seen = self.observations[node.name]
        return best_format(
            seen.centers, seen.histogram, self.widths.activations, (seen.minimum, seen.maximum)
        )

    def matrix(self, node: Node, op: MatrixOp, source: QNode, target: Format) -> QOp:
        kernel = flat_kernel(op)
        weights = self._weight_format(kernel, self.widths.weights)
        accumulator_frac = frac_of(source.format) + frac_of(weights)
        bias = self._bias_format(op.bias, accumulator_frac)
        numbers = Numbers(
            weights.quantize(kernel),
            bias.quantize(op.bias) << (accumulator_frac - frac_of(bias)),
            weights,
            bias,
            Shift(np.array([_checked(node, accumulator_frac - frac_of(target))])),
            clamp_of(op.activation, target),
        )
        return matrix_op(op, source, numbers)

    def requantize(self, node: Node, source: Format, target: Format) -> QOp:
        return self.relu(node, source, target, full_range(target))

    def relu(self, node: Node, source: Format, target: Format, clamp: Clamp) -> QOp:
        return QRequantize(_shift(node, frac_of(source), frac_of(target)), clamp)

    def add(
        self, node: Node, kind: type[QAdd], left: Format, right: Format, target: Format, clamp: Clamp
    ) -> QOp:
        """Both operands are shifted left to the finer binary point, added exactly, and rounded once."""
        finer = max(frac_of(left), frac_of(right))
        return kind(
            _shift(node, frac_of(left), finer),
            _shift(node, frac_of(right), finer),
            _shift(node, finer, frac_of(target)),
            clamp,
        )

    def multiply(self, node: Node, left: Format, right: Format, target: Format, clamp: Clamp) -> QOp:
        return QMultiply(_shift(node, frac_of(left) + frac_of(right), frac_of(target)), clamp)

    def mean(self, node: Node, cells: int, source: Format, target: Format) -> QOp:
        shift = _checked(node, frac_of(source) - frac_of(target))
        return QGlobalAveragePooling2D(_quotient(node, cells, shift), full_range(target))

    def sigmoid(self, node: Node, source: Format, target: Format) -> QOp:
        real = source.dequantize(np.arange(source.minimum, source.maximum + 1))
        return QLookup(target.quantize(0.5 + 0.5 * np.tanh(real / 2)))

    def _weight_format(self, values: npt.NDArray[np.floating], bits: int) -> Fixed:
        if self.frac is not None:
            return Fixed(bits, self.frac)
        flat = values.reshape(-1).astype(np.float64)
        return best_format(flat, np.ones(flat.size), bits, (float(flat.min()), float(flat.max())))

    def _bias_format(self, values: npt.NDArray[np.floating], accumulator_frac: int) -> Fixed:
        """A bias need not be finer than the sum that it joins."""
        chosen = self._weight_format(values, self.widths.bias)
        return dataclasses.replace(chosen, frac=min(frac_of(chosen), accumulator_frac))


def frac_of(format: Format) -> int:
    """The binary point of a fixed-point tensor."""
    assert isinstance(format, Fixed) and isinstance(format.frac, int)
    return format.frac


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


def covering_frac(bits: int, extremes: tuple[float, float]) -> int:
    """The largest ``frac`` at which both extremes fit after rounding; all zeros get ``bits - 1``."""
    if extremes[0] == 0 and extremes[1] == 0:
        return bits - 1
    frac = 62 - int(np.ceil(np.log2(max(abs(extremes[0]), abs(extremes[1])))))
    while not _fits(Fixed(bits, frac), extremes):
        frac -= 1
    return frac


def _fits(format: Fixed, extremes: tuple[float, float]) -> bool:
    steps = np.asarray(extremes) / format.scales
    return bool(steps[0] >= format.minimum - 0.5 and steps[1] < format.maximum + 0.5)


def best_format(
    values: npt.NDArray[np.float64], counts: npt.NDArray[np.number], bits: int, extremes: tuple[float, float]
) -> Fixed:
    """The binary point with the least squared error over ``values``, each seen ``counts`` times.

    ``extremes`` are the smallest and the largest value, which need not be among ``values`` exactly.
    """
    covering = covering_frac(bits, extremes)
    candidates = [Fixed(bits, covering + more) for more in range(_CANDIDATES)]
    present = counts > 0
    errors = [_squared_error(values[present], counts[present], candidate) for candidate in candidates]
    return candidates[int(np.argmin(errors))]


def _squared_error(values: npt.NDArray[np.float64], counts: npt.NDArray[np.number], format: Fixed) -> float:
    return float(np.sum(counts * (format.dequantize(format.quantize(values)) - values) ** 2))
