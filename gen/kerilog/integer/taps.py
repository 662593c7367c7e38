# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolutions: sums over the taps of a window, each channel by itself."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.graph import Pair
from kerilog.integer.finish import Numbers
from kerilog.integer.matmul import accumulator_bound, exact_type, fold_steps
from kerilog.integer.scratch import scratch
from kerilog.integer.windows import windows


class Taps(Protocol):
    """``steps(x) * kernel`` over the windows of an image, and what is to be added to it; ``ExactTaps`` says
    what each part is.
    """

    number: type[Any]
    bias: Numbers

    def prepare(self, x: Numbers) -> Numbers:
        """Padded codes (frames, height, width, channels) in the type that is best read."""

    def sums(self, x: Numbers, rows: slice) -> Numbers:
        """The sums (frames, rows, columns, filters) of some rows of windows of prepared codes."""


class ExactTaps:
    """Sums for a ``kernel`` (height, width, channels, filters of each) of any int64, exact in ``number``.

    Filter f sees channel ``f // (filters of each)``. ``bias`` has what is still to be added to the sums; with
    it, too, they are below ``bound``.
    """

    def __init__(
        self, kernel: IntArray, bias: IntArray, source: Format, strides: Pair, dilation: Pair
    ) -> None:
        taps, folded = fold_steps(kernel.reshape(kernel.shape[0] * kernel.shape[1], -1), bias, source)
        self.bound = accumulator_bound(taps, folded, max(-source.minimum, source.maximum))
        self.number: type[Any] = exact_type(self.bound)
        self.bias: Numbers = folded.astype(self.number)
        self.taps: Numbers = taps.reshape(kernel.shape).astype(self.number)
        self.strides, self.dilation = strides, dilation

    def prepare(self, x: Numbers) -> Numbers:
        """The codes as ``number``."""
        return x.astype(self.number)

    def sums(self, x: Numbers, rows: slice) -> Numbers:
        """A tap after the other for all windows, in scratch memory."""
        size = self.taps.shape[:2]
        view = windows(x, size, self.strides, self.dilation)[:, rows]
        shape = (*view.shape[:3], *self.taps.shape[2:])
        total, product = scratch("total", shape, self.number), scratch("product", shape, self.number)
        for row, column in np.ndindex(size):
            first = row == column == 0
            seen = view[:, :, :, row, column, :, np.newaxis]
            np.multiply(seen, self.taps[row, column], out=total if first else product)
            if not first:
                total += product
        return total.reshape(*view.shape[:3], len(self.bias))
