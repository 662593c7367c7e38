# SPDX-License-Identifier: Apache-2.0
"""Averages: ``krl_matvec`` adds the cells, all weights one, and a requantizer divides.

Within one format the mean is of the codes themselves, by the count of cells inside the image, which differs
along the rim of a padded image; over a whole image the rescaling holds the division. Either is a step
function of the sum, of which ``kerilog.exact.multiplier`` finds the smallest exact form.
"""

from __future__ import annotations

import numpy as np

from kerilog.exact.intervals import Interval
from kerilog.exact.multiplier import ExactMultiplier, Mean, exact_multiplier
from kerilog.formats import IntArray
from kerilog.graph import Shape
from kerilog.hardware.modules.requantize import AffineRequantizer
from kerilog.hardware.requantizer import Results, affine
from kerilog.qgraph import Clamp, QAveragePooling2D, QGlobalAveragePooling2D, QNode


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


def repeated(reach: Interval, outputs: int) -> Interval:
    """The same interval for each of ``outputs``."""
    return Interval(np.repeat(reach.low, outputs), np.repeat(reach.high, outputs))


def pooling_requantizer(
    node: QNode, op: QAveragePooling2D, image: Shape, codes: Clamp, lanes: int, file: str
) -> AffineRequantizer:
    """What turns sums of the ``codes`` of a window into their means, ``lanes`` channels per beat.

    The ROM has one word for all windows, or, where they hold different counts of cells, one for each beat of
    a frame.
    """
    counts = cells_inside(op, image, node.shape)
    distinct, index = np.unique(counts, return_inverse=True)
    reach = Interval(np.minimum(codes[0] * distinct, 0), np.maximum(codes[1] * distinct, 0))
    exact = exact_multiplier(Mean(distinct), np.zeros_like(distinct), reach, *op.clamp, node.name)
    beats = 1 if distinct.size == 1 else counts.size * node.shape[-1] // lanes
    places = np.repeat(index.reshape(-1), beats * lanes // index.size) if beats > 1 else np.zeros(lanes, int)
    results = Results(lanes, beats, node.format.bits, op.clamp, file)
    return _spread(exact, reach, places, results, 0)


def global_requantizer(
    node: QNode,
    op: QGlobalAveragePooling2D,
    cells: int,
    source_zero: int,
    codes: Clamp,
    lanes: int,
    file: str,
) -> AffineRequantizer:
    """What turns sums of the ``codes`` of ``cells`` pixels into results, ``lanes`` channels per beat."""
    zero = node.format.zero_point
    reach = sums(cells, codes)
    bias = np.array([-cells * source_zero])
    exact = exact_multiplier(op.rescale, bias, reach, op.clamp[0] - zero, op.clamp[1] - zero, node.name)
    results = Results(lanes, 1, node.format.bits, op.clamp, file)
    return _spread(exact, reach, np.zeros(lanes, int), results, zero)


def _spread(
    exact: ExactMultiplier, reach: Interval, places: IntArray, results: Results, zero_point: int
) -> AffineRequantizer:
    """The requantizer whose ROM holds constants number ``places`` (lanes of all beats,) of ``exact``."""
    spread = ExactMultiplier(
        exact.shift, exact.multiplier[places], exact.offset[places], exact.negative_correction[places]
    )
    return affine(spread, Interval(reach.low[places], reach.high[places]), results, zero_point)
