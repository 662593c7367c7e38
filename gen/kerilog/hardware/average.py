# SPDX-License-Identifier: Apache-2.0
"""Averages in hardware: ``krl_matvec`` adds the cells, all weights one, and a requantizer divides."""

from __future__ import annotations

import numpy as np

from kerilog.exact.average import Division, image_division, pooling_division
from kerilog.exact.intervals import Interval
from kerilog.graph import Shape
from kerilog.hardware.modules.requantize import AffineRequantizer
from kerilog.hardware.requantizer import Results, affine
from kerilog.qgraph import Clamp, QAveragePooling2D, QGlobalAveragePooling2D, QNode


def repeated(reach: Interval, outputs: int) -> Interval:
    """The same interval for each of ``outputs``."""
    return Interval(np.repeat(reach.low, outputs), np.repeat(reach.high, outputs))


def pooling_requantizer(
    node: QNode, op: QAveragePooling2D, image: Shape, codes: Clamp, lanes: int, file: str
) -> AffineRequantizer:
    """What turns sums of the ``codes`` of a window into their means, ``lanes`` channels per beat."""
    division = pooling_division(op, image, node.shape, codes, lanes, node.name)
    return _requantizer(node, op.clamp, division, lanes, 0, file)


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
    division = image_division(op, cells, (source_zero, zero), codes, lanes, node.name)
    return _requantizer(node, op.clamp, division, lanes, zero, file)


def _requantizer(
    node: QNode, clamp: Clamp, division: Division, lanes: int, zero_point: int, file: str
) -> AffineRequantizer:
    period = division.exact.multiplier.size // lanes
    results = Results(lanes, period, node.format.bits, clamp, file)
    return affine(division.exact, division.reach, results, zero_point)
