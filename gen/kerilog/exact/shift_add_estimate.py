# SPDX-License-Identifier: Apache-2.0
"""What an adder graph will take, from the signed digits of its matrix alone: no sum is searched for.

The adders are those of all digits, unshared, times the part that sharing leaves. That part, the bits of an
adder and the registers behind it were fitted to the graphs that ``shift_add_search`` finds for 800 matrices
of 2 to 500 inputs and 1 to 128 units: uniform, normal, sparse, of windows side by side, of 1 to 16 bits.
"""

from __future__ import annotations

import dataclasses
from math import exp, log

import numpy as np

from kerilog.exact.intervals import dot_interval
from kerilog.exact.shift_add import digit_count, fewest_bits, unshared_adders
from kerilog.formats import IntArray

TOLERANCE = 1.4
"""The factor by which adders and LUTs may be too few or too many, from 30 adders on."""
TOLERANCE_OF_POWERS = 2.5
"""The same where all weights are 0 or powers of two: the search then depends most on which they are."""
TOLERANCE_OF_REGISTERS = 2.5
"""That of flip-flops, but for powers of two, whose sums may wait for each other much longer."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Estimated ``adders``, ``luts`` and ``flip_flops``; no graph has more LUTs than ``most_luts``, whatever
    its budget, nor fewer cycles of depth than ``least_depth``.
    """

    adders: float
    luts: float
    flip_flops: float
    most_luts: int
    least_depth: int


@dataclasses.dataclass(frozen=True)
class _Digits:
    """Counts of a matrix whose columns differ in more than sign and place."""

    inputs: int  # that have a weight
    units: int
    weights: int  # other than 0
    digits: int
    places: int  # of the largest weight
    unshared: int

    @classmethod
    def of(cls, matrix: IntArray) -> _Digits:
        columns = _distinct(matrix)
        used = columns != 0
        return cls(
            inputs=int(used.any(axis=1).sum()),
            units=columns.shape[1],
            weights=int(used.sum()),
            digits=int(digit_count(columns).sum()),
            places=int(np.abs(columns).max(initial=1)).bit_length(),
            unshared=unshared_adders(columns),
        )

    @property
    def a_unit(self) -> float:
        return self.digits / self.units

    @property
    def density(self) -> float:
        return self.weights / (self.inputs * self.units)

    @property
    def left(self) -> float:
        """The part of the adders that remains when they are shared."""
        if self.digits == self.weights:  # powers of two
            slope = 0.058 * log(self.units) - 0.061 * log(self.a_unit) - 0.115 - 0.225 / self.places
            return exp(min(0.0, slope * self.density * log(self.units)))
        # in how many units a digit of one input, place and sign is met
        met = self.digits / (2 * self.inputs * self.places)
        return exp(-0.146 * log(1 + met) - 0.08 * log(self.a_unit) - 0.092 * self.density)


def estimate(matrix: IntArray, low: int, high: int) -> Estimate:
    """What the graph of ``matrix`` (inputs, units) takes, for inputs in [low, high]."""
    bits = dot_interval(matrix, low, high).bits
    used = int((matrix != 0).any(axis=0).sum())
    # every unit may be negated; no adder is wider than the widest output
    most = (unshared_adders(matrix) + used) * bits
    longest = int(digit_count(matrix).sum(axis=0).max(initial=1))
    depth = max(1, (longest - 1).bit_length())
    digits = _Digits.of(matrix)
    if not digits.unshared:
        return Estimate(0, 0, 0, most, depth)
    adders = digits.unshared * digits.left
    x_bits = fewest_bits(low, high)
    luts = adders * (0.84 + 0.92 * x_bits + 0.127 * bits + 0.18 * log(digits.units))
    registers = 0.37 - 0.261 * log(x_bits) + 0.407 * log(bits) - 0.123 * log(digits.a_unit)
    registers -= 0.038 * log(digits.units) + 0.048 * log(digits.places)
    return Estimate(adders, min(luts, most), luts * exp(registers), most, depth)


def _distinct(matrix: IntArray) -> IntArray:
    """One column for all that differ in sign and place alone; none for those of zeros."""
    union = np.bitwise_or.reduce(np.abs(matrix), axis=0)
    columns = matrix[:, union > 0] // (union & -union)[union > 0]
    first = (columns != 0).argmax(axis=0)
    columns = columns * np.sign(columns[first, np.arange(columns.shape[1])])
    return np.unique(columns, axis=1)
