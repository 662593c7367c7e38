# SPDX-License-Identifier: Apache-2.0
"""Exact integer matrix products at the speed of floating-point BLAS.

Proof. binary32 holds every integer of magnitude up to 2**24 and binary64 up to 2**53. Let
B = max over columns of sum |w| * max |x| + |bias|. Every product, every partial sum in whatever order BLAS
takes them, fused or not, and the sum with the bias is an integer of magnitude at most B. So if B stays below
the bound every operation of the float product is exact, and so is the result. Above 2**53 the product runs in
int64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.formats import Format, IntArray
from kerilog.integer.scratch import scratch

Numbers = npt.NDArray[Any]


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


def fold_zero_point(kernel: IntArray, bias: IntArray, zero: int) -> IntArray:
    """Bias b' with ``x @ kernel + b' == (x - zero) @ kernel + bias`` for every x."""
    folded: IntArray = bias - zero * kernel.sum(axis=0)
    return folded


class ExactMatrix:
    """``(x - zero) @ kernel + bias`` in integers, for codes x of one format.

    ``kernel`` (inputs, units) and ``bias`` (units,) are any int64; x is (..., inputs) and the result (...,
    units). All are kept in ``number``, a type that holds every partial sum exactly.
    """

    def __init__(self, kernel: IntArray, bias: IntArray, source: Format) -> None:
        folded = fold_zero_point(kernel, bias, source.zero_point)
        self.bound = accumulator_bound(kernel, folded, max(-source.minimum, source.maximum))
        if self.bound >= 1 << 63:
            raise KerilogError(f"accumulator: expected sums below 2**63, found up to {self.bound}")
        self.number = exact_type(self.bound)
        self.kernel: Numbers = np.ascontiguousarray(kernel, self.number)
        self.bias: Numbers = folded.astype(self.number)

    def product(self, x: Numbers) -> Numbers:
        """``x @ kernel``, to which ``bias`` is still to be added, in scratch memory."""
        number = x
        if x.dtype != self.number:
            number = scratch("factor", x.shape, self.number)
            np.copyto(number, x)
        total = scratch("product", (*x.shape[:-1], self.kernel.shape[1]), self.number)
        return np.matmul(number, self.kernel, out=total)

    def __call__(self, x: Numbers) -> Numbers:
        """The accumulators of ``x``."""
        return self.product(x) + self.bias
