# SPDX-License-Identifier: Apache-2.0
"""A matrix of constants as shifts and adds: the graph of two-operand sums that a fully parallel layer is.

Every element of the graph has its exact interval over all inputs of the code range, and with it the fewest
bits. Every sum is a register in hardware, so a sum of level l is there l cycles after its inputs. The search
for shared sums is in ``shift_add_search``.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from kerilog.exact.intervals import signed_bits
from kerilog.formats import IntArray


@dataclasses.dataclass(frozen=True)
class Element:
    """An input or a sum: its exact interval [low, high], its bits, the cycles from the inputs to it.

    Elements with ``low >= 0`` are unsigned. There are fewer bits than the interval takes where nothing uses
    the upper ones.
    """

    low: int
    high: int
    bits: int
    level: int

    @property
    def signed(self) -> bool:
        return self.low < 0


@dataclasses.dataclass(frozen=True)
class Sum(Element):
    """``left_sign * left + right_sign * (right << shift)``; left and right are elements by number.

    At least one sign is +1; only a negation has ``left_sign == 0``, and then ``right_sign == -1``.
    """

    left: int
    right: int
    shift: int
    left_sign: int
    right_sign: int

    @property
    def operands(self) -> tuple[int, ...]:
        """The elements that are added."""
        return (self.left, self.right) if self.left_sign else (self.right,)


@dataclasses.dataclass(frozen=True)
class Output:
    """``element << shift``; an ``element`` of None is the constant 0."""

    element: int | None
    shift: int


@dataclasses.dataclass(frozen=True, eq=False)
class AdderGraph:
    """``outputs[u] = sum over i of matrix[i, u] * x[i]`` in shifts and adds.

    Elements go by number: first the inputs, then ``sums``, each after its operands.
    """

    inputs: tuple[Element, ...]
    sums: tuple[Sum, ...]
    outputs: tuple[Output, ...]

    @functools.cached_property
    def elements(self) -> tuple[Element, ...]:
        return self.inputs + self.sums

    @functools.cached_property
    def depth(self) -> int:
        """Cycles from the inputs to all outputs; at least 1, for outputs are registers."""
        levels = [self.elements[o.element].level for o in self.outputs if o.element is not None]
        return max(1, *levels) if levels else 1

    @property
    def bits(self) -> int:
        """Two's complement bits that hold every output."""
        elements = [(self.elements[o.element], o.shift) for o in self.outputs if o.element is not None]
        return max([2, *(signed_bits(e.low << shift, e.high << shift) for e, shift in elements)])

    @property
    def luts(self) -> int:
        """Estimated look-up tables: the bits of all adders."""
        elements = self.elements
        return sum(self._luts(node, elements[node.left]) for node in self.sums)

    @staticmethod
    def _luts(node: Sum, left: Element) -> int:
        """Bits of one adder: those of the left operand below the right one pass by."""
        if node.left_sign != 1:
            return node.bits
        if node.right_sign == 1 and not left.signed and node.shift >= left.bits:
            return 0  # side by side
        return max(0, node.bits - node.shift)

    @functools.cached_property
    def delays(self) -> tuple[tuple[int, ...], ...]:
        """Of every element, the bits of the registers, one a cycle, in which it waits to be used."""
        delays: list[list[int]] = [[] for _ in self.elements]
        for node in self.sums:
            self._delay(delays, node.right, node.level - 1, node.bits - node.shift)
            if node.left_sign:
                self._delay(delays, node.left, node.level - 1, node.bits)
        for output in self.outputs:
            if output.element is not None:
                self._delay(delays, output.element, self.depth, self.elements[output.element].bits)
        return tuple(map(tuple, delays))

    def _delay(self, delays: list[list[int]], number: int, level: int, bits: int) -> None:
        """Have the low ``bits`` of an element wait until ``level``."""
        element, waiting = self.elements[number], delays[number]
        waiting += [0] * (level - element.level - len(waiting))
        for age in range(level - element.level):
            waiting[age] = max(waiting[age], min(bits, element.bits))

    @property
    def flip_flops(self) -> int:
        """Bits of all registers: the sums, and what waits for its partner."""
        return sum(map(sum, self.delays)) + sum(node.bits for node in self.sums)

    def evaluate(self, x: IntArray) -> IntArray:
        """The outputs (samples, units) for inputs ``x`` (samples, inputs).

        Raises OverflowError if an element leaves its interval.
        """
        values = [x[:, i].astype(np.int64) for i in range(len(self.inputs))]
        for node in self.sums:
            right = node.right_sign * (values[node.right] << node.shift)
            values.append(right + node.left_sign * values[node.left] if node.left_sign else right)
        for value, element in zip(values, self.elements, strict=True):
            if value.size and (value.min() < element.low or value.max() > element.high):
                raise OverflowError(f"a value leaves [{element.low}, {element.high}]")
        zero = np.zeros(len(x), np.int64)
        columns = [zero if o.element is None else values[o.element] << o.shift for o in self.outputs]
        return np.stack(columns, axis=1) if columns else np.zeros((len(x), 0), np.int64)


def fewest_bits(low: int, high: int) -> int:
    """Bits of an element: unsigned if it is never negative, else two's complement."""
    return max((~low).bit_length(), high.bit_length()) + 1 if low < 0 else max(1, high.bit_length())


def csd(number: int) -> list[tuple[int, int]]:
    """The canonical signed digits that are not 0, each as (place, +1 or -1), the lowest place first.

    No two neighbouring places are taken, so that the digits are as few as can be (Reitwiesner, 1960).
    """
    digits = []
    place = 0
    while number:
        if number & 1:
            digit = 2 - (number & 3)
            digits.append((place, digit))
            number -= digit
        number >>= 1
        place += 1
    return digits


def digit_count(matrix: IntArray) -> IntArray:
    """How many canonical signed digits each element has that are not 0: the ones of ``3n XOR n``."""
    magnitude = np.abs(matrix.astype(np.int64))
    count: IntArray = np.bitwise_count(magnitude ^ (3 * magnitude)).astype(np.int64)
    return count


def unshared_adders(matrix: IntArray) -> int:
    """Two-operand adders that ``matrix`` (inputs, units) takes digit by digit, with nothing shared."""
    digits = digit_count(matrix).sum(axis=0)
    return int(np.maximum(digits - 1, 0).sum())
