# SPDX-License-Identifier: Apache-2.0
"""Binary fixed point: every tensor has a binary point of its own, and rescaling is a shift.

The binary point of a tensor is the one with the least mean squared error over what was observed: one bit more for
the range halves the resolution of everything, so a rare large value may be better saturated.
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
from kerilog.graph import Dense, Node
from kerilog.qgraph import Clamp, QConv2D, QDense, QNode, QOp, QRequantize, Shift
from kerilog.quantize.rewrite import MatrixOp, clamp_of, flat_kernel, geometry

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
    """``observations`` give the values of every tensor. ``frac``, if given, is every tensor's binary point."""

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
        shift = accumulator_frac - frac_of(target)
        if abs(shift) > LONGEST_SHIFT:
            raise KerilogError(
                f"layer '{node.name}': its output lies {abs(shift)} binary places from its sums, "
                f"at most {LONGEST_SHIFT} are possible"
            )
        fields = {
            "kernel": weights.quantize(kernel),
            "bias": bias.quantize(op.bias) << (accumulator_frac - frac_of(bias)),
            "kernel_format": weights,
            "bias_format": bias,
            "rescale": Shift(np.array([shift])),
            "clamp": clamp_of(op.activation, target),
        }
        return QDense(**fields) if isinstance(op, Dense) else QConv2D(**fields, **geometry(op, source))

    def rescale(self, node: Node, source: QNode, target: Format, clamp: Clamp) -> QOp:
        return QRequantize(Shift(np.array([frac_of(source.format) - frac_of(target)])), clamp)

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
