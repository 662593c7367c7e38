# SPDX-License-Identifier: Apache-2.0
"""Networks made by hand whose layers leave out, repeat, spread or choose elements."""

from __future__ import annotations

import math

import numpy as np

from kerilog.bilinear import resize
from kerilog.graph import Pair, transposed
from kerilog.qgraph import (
    Padding,
    QConv2D,
    QGlobalMaxPooling2D,
    QPermute,
    QReshape,
    QSlice,
    QUpSampling2D,
    QZeroPadding2D,
)
from kerilog.scales import ROUNDINGS, Rounding
from support.branches import Branches

FORMS = ((False, True), (True, False), (False, False))
"""Of a resize: whether the corners keep their places, whether it is the centres of pixels that are mapped."""


class Moves(Branches):
    """A chain with the layers that make no new numbers."""

    def pad(self, padding: Padding, steps: Pair = (1, 1), code: int | None = None) -> Moves:
        """A rim, and space between the pixels."""
        *size, channels = self.here.shape
        height, width = (
            (extent - 1) * step + 1 + sum(cells)
            for extent, step, cells in zip(size, steps, padding, strict=True)
        )
        return self._move("zero_padding", QZeroPadding2D(padding, steps, code), (height, width, channels))

    def crop(self, begin: tuple[int, ...], end: tuple[int, ...]) -> Moves:
        """A part of each axis."""
        shape = tuple(last - first for first, last in zip(begin, end, strict=True))
        return self._move("cropping", QSlice(begin, end, (1,) * len(begin)), shape)

    def repeat(self, size: Pair) -> Moves:
        """Every row and every pixel several times."""
        height, width, channels = self.here.shape
        return self._move("up_sampling", QUpSampling2D(size), (height * size[0], width * size[1], channels))

    def resize(
        self, rows: int, columns: int, rounding: Rounding = "single", corners: bool = False, half: bool = True
    ) -> Moves:
        """Another size, between pixels."""
        *old, channels = self.here.shape
        op = resize((old[0], old[1]), (rows, columns), rounding, corners, half)
        return self._move("resize", op, (rows, columns, channels))

    def permute(self, *dims: int) -> Moves:
        """The axes in another order."""
        return self._move("permute", QPermute(dims), tuple(self.here.shape[axis] for axis in dims))

    def largest(self, clamp: bool = False) -> Moves:
        """The largest code of every channel."""
        format = self.here.format
        low, high = format.minimum, format.maximum
        ends = (low // 2, high // 2) if clamp else (low, high)
        return self._move("largest", QGlobalMaxPooling2D(ends), self.here.shape[-1:])

    def reshape(self, *shape: int) -> Moves:
        """The same elements in another shape."""
        assert math.prod(shape) == math.prod(self.here.shape)
        return self._move("reshape", QReshape(), shape)

    def transposed(self, filters: int, kernel: Pair, strides: Pair, padding: str = "same") -> Moves:
        """A transposed convolution: the pixels spread, and a convolution."""
        axes = zip(self.here.shape, kernel, strides, strict=False)
        rows, columns = (transposed(*axis, padding)[0] for axis in axes)
        self.pad((rows, columns), strides).conv(filters, kernel)
        assert isinstance(self.here.op, QConv2D)
        return self

    def _move(self, kind: str, op: object, shape: tuple[int, ...]) -> Moves:
        self._grow(kind, op, shape, self.here.format)
        return self


def random_move(net: Moves, rng: np.random.Generator) -> None:
    """Append one layer that leaves an image."""
    height, width, channels = net.here.shape
    choice = rng.integers(5)
    if choice == 0 and height * width < 60:
        cells = rng.integers(0, 3, (2, 2)).tolist()
        net.pad((tuple(cells[0]), tuple(cells[1])), (int(rng.integers(1, 3)), int(rng.integers(1, 3))))
    elif choice == 1 and height * width < 60:
        net.repeat((int(rng.integers(1, 3)), int(rng.integers(1, 4))))
    elif choice == 2:
        begin = [int(rng.integers(0, size)) for size in (height, width, channels)]
        ends = zip(begin, (height, width, channels), strict=True)
        net.crop(tuple(begin), tuple(int(rng.integers(first + 1, size + 1)) for first, size in ends))
    elif choice == 3:
        corners, half = FORMS[int(rng.integers(3))]
        rows, columns = (int(rng.integers(1, 9)) for _ in range(2))
        net.resize(rows, columns, ROUNDINGS[int(rng.integers(len(ROUNDINGS)))], corners, half)
    else:
        net.conv(int(rng.integers(1, 5)), (1, 1))
