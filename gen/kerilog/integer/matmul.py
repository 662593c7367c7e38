# SPDX-License-Identifier: Apache-2.0
"""Exact integer matrix products at the speed of floating-point BLAS.

Proof. binary32 holds every integer of magnitude up to 2**24 and binary64 up to 2**53. Let
B = max over columns of sum |w| * max |x| + |bias|. Every product, every partial sum in whatever order BLAS
takes them, fused or not, and the sum with the bias is an integer of magnitude at most B. So if B stays below
the bound every operation of the float product is exact, and so is the result. Above 2**53 the product runs in
int64.

Where B is too much for binary32, the same holds for the products of a few of the inputs at a time, which are
then added in binary64: two products in binary32 take half the time of one in binary64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.formats import Format, IntArray
from kerilog.integer.scratch import scratch

Numbers = npt.NDArray[Any]

_FEWEST_INPUTS = 128  # of a part of a product; with fewer, to add the parts costs what they save


class Matrix(Protocol):
    """``x @ kernel`` and what is to be added to it; ``ExactMatrix`` says what each part is."""

    number: type[Any]
    factor: type[Any]
    bias: Numbers

    def prepare(self, x: Numbers) -> Numbers:
        """Codes in the type that is best gathered from."""

    def product(self, x: Numbers) -> Numbers:
        """``x @ kernel`` for prepared codes (..., inputs)."""


MakeMatrix = Callable[[IntArray, IntArray, Format], Matrix]
"""What makes a ``Matrix`` of kernel, bias and the format of its codes."""


def exact_type(bound: int) -> type[np.float32] | type[np.float64] | type[np.int64]:
    """The fastest type in which integers of magnitude up to ``bound`` are added exactly."""
    if bound < 1 << 24:
        return np.float32
    return np.float64 if bound < 1 << 53 else np.int64


def accumulator_bound(kernel: IntArray, bias: IntArray, largest: int) -> int:
    """Largest magnitude of any partial sum of ``x @ kernel + bias`` with |x| <= ``largest``.

    The weights' magnitudes are summed in int64, which takes 2**31 weights of 32 bits.
    """
    totals = zip(np.abs(kernel).sum(axis=0).tolist(), np.abs(bias).tolist(), strict=True)
    return max((total * largest + offset for total, offset in totals), default=0)


def fold_steps(kernel: IntArray, bias: IntArray, source: Format) -> tuple[IntArray, IntArray]:
    """``(k', b')`` with ``x @ k' + b' == steps(x) @ kernel + bias`` for all codes x of ``source``."""
    factor, offset = source.line
    return kernel * factor, bias + offset * kernel.sum(axis=0)


def parts_in_float32(kernel: IntArray, largest: int) -> list[slice]:
    """Inputs in as few parts of one size as have every partial sum of ``x @ kernel`` exact in float32.

    Empty where no parts of a sensible size do.
    """
    inputs = len(kernel)
    for count in range(1, inputs // _FEWEST_INPUTS + 1):
        size = -(-inputs // count)
        parts = [slice(start, start + size) for start in range(0, inputs, size)]
        none = np.zeros(kernel.shape[1], np.int64)
        if all(exact_type(accumulator_bound(kernel[part], none, largest)) is np.float32 for part in parts):
            return parts
    return []


class ExactMatrix:
    """``steps(x) @ kernel + bias`` in integers, for codes x of one format.

    ``kernel`` (inputs, units) and ``bias`` (units,) are any int64; x is (..., inputs) and the result (...,
    units). Results are kept in ``number``, a type that holds every partial sum exactly; x is best given in
    ``factor``, the type in which products are made.
    """

    def __init__(self, kernel: IntArray, bias: IntArray, source: Format) -> None:
        kernel, folded = fold_steps(kernel, bias, source)
        largest = max(-source.minimum, source.maximum)
        self.bound = accumulator_bound(kernel, folded, largest)
        if self.bound >= 1 << 63:
            raise KerilogError(f"accumulator: expected sums below 2**63, found up to {self.bound}")
        self.number = exact_type(self.bound)
        self._parts = parts_in_float32(kernel, largest) if self.number is np.float64 else []
        self.factor: type[Any] = np.float32 if self._parts else self.number
        self.kernel: Numbers = np.ascontiguousarray(kernel, self.factor)
        self.bias: Numbers = folded.astype(self.number)

    def prepare(self, x: Numbers) -> Numbers:
        """The codes as they are."""
        return x

    def product(self, x: Numbers) -> Numbers:
        """``x @ kernel``, to which ``bias`` is still to be added, in scratch memory."""
        number = x
        if x.dtype != self.factor:
            number = scratch("factor", x.shape, self.factor)
            np.copyto(number, x)
        shape = (*x.shape[:-1], self.kernel.shape[1])
        product = scratch("product", shape, self.factor)
        if not self._parts:
            return np.matmul(number, self.kernel, out=product)
        total = scratch("total", shape, self.number)
        for place, part in enumerate(self._parts):
            np.matmul(number[..., part], self.kernel[part], out=product)
            if place:
                total += product
            else:
                np.copyto(total, product)
        return total

    def __call__(self, x: Numbers) -> Numbers:
        """The accumulators of ``x``."""
        return self.product(x) + self.bias
