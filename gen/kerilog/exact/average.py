# SPDX-License-Identifier: Apache-2.0
"""Averages as integers: the sums that cells reach, and the multiplication that divides them.

Within one format the mean is of the codes themselves, by the count of cells inside the image, which differs
along the rim of a padded image; over a whole image the rescaling holds the division. Either is a step
function of the sum, of which ``kerilog.exact.multiplier`` finds the smallest exact form.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.exact.intervals import Interval
from kerilog.exact.multiplier import ExactMultiplier, Mean, exact_multiplier
from kerilog.formats import IntArray
from kerilog.graph import Shape
from kerilog.qgraph import Clamp, QAveragePooling2D, QGlobalAveragePooling2D


@dataclasses.dataclass(frozen=True, eq=False)
class Division:
    """The exact form of each channel of all beats of a frame, or of one beat that all are like, and the sums
    that it is for; both have shape (channels,).
    """

    exact: ExactMultiplier
    reach: Interval


def cells_inside(op: QAveragePooling2D, image: Shape, out: Shape) -> IntArray:
    """How many cells of each window lie inside the image, (out height, out width)."""
    down, across = (
        _inside(image[axis], out[axis], op.pool_size[axis], op.strides[axis], op.padding[axis][0])
        for axis in (0, 1)
    )
    return down[:, None] * across[None, :]


def _inside(size: int, count: int, side: int, step: int, before: int) -> IntArray:
    first = np.arange(count) * step - before
    return np.minimum(first + side, size) - np.maximum(first, 0)


def sums(cells: int, codes: Clamp) -> Interval:
    """The sums of 0 to ``cells`` codes."""
    return Interval(np.array([min(codes[0] * cells, 0)]), np.array([max(codes[1] * cells, 0)]))


def pooling_division(
    op: QAveragePooling2D, image: Shape, out: Shape, codes: Clamp, lanes: int, layer: str
) -> Division:
    """What turns sums of the ``codes`` of a window into their means, ``lanes`` channels per beat.

    There is one beat for all windows, or, where they hold different counts of cells, every one of a frame.
    """
    counts = cells_inside(op, image, out)
    distinct, index = np.unique(counts, return_inverse=True)
    reach = Interval(np.minimum(codes[0] * distinct, 0), np.maximum(codes[1] * distinct, 0))
    exact = exact_multiplier(Mean(distinct), np.zeros_like(distinct), reach, *op.clamp, layer)
    places = np.zeros(lanes, int) if distinct.size == 1 else np.repeat(index.reshape(-1), out[-1])
    return _at(places, exact, reach)


def image_division(
    op: QGlobalAveragePooling2D,
    cells: int,
    zero_points: tuple[int, int],
    codes: Clamp,
    lanes: int,
    layer: str,
) -> Division:
    """What turns sums of the ``codes`` of ``cells`` pixels into results, ``lanes`` channels per beat.

    ``zero_points`` are those of the input and of the output.
    """
    reach = sums(cells, codes)
    bias = np.array([-cells * zero_points[0]])
    lowest, highest = op.clamp[0] - zero_points[1], op.clamp[1] - zero_points[1]
    exact = exact_multiplier(op.rescale, bias, reach, lowest, highest, layer)
    return _at(np.zeros(lanes, int), exact, reach)


def _at(places: IntArray, exact: ExactMultiplier, reach: Interval) -> Division:
    """The form and the reach number ``places`` (channels,)."""
    spread = ExactMultiplier(
        exact.shift, exact.multiplier[places], exact.offset[places], exact.negative_correction[places]
    )
    return Division(spread, Interval(reach.low[places], reach.high[places]))
