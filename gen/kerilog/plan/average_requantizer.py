# SPDX-License-Identifier: Apache-2.0
"""Averages in hardware: ``krl_matvec`` adds the cells, all weights one, and a requantizer divides."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from kerilog.graph import Shape
from kerilog.plan.average import Division, image_division, pooling_division
from kerilog.plan.design import AffineRequantizer, MatVec, Memory, Serializer
from kerilog.plan.intervals import Interval
from kerilog.plan.requantizer import affine
from kerilog.qgraph import Clamp, QAveragePooling2D, QGlobalAveragePooling2D, QNode

WEIGHT_BITS = 2  # of a weight that is always 1


def parts(
    matvec: MatVec,
    serializer: Serializer,
    reach: Interval,
    requantizer: tuple[AffineRequantizer, Memory],
) -> dict[str, Any]:
    """The fields that SumStage adds to Stage, for sums in ``reach`` of each unit's own elements."""
    units = serializer.units
    return {
        "matvec": dataclasses.replace(matvec, w_bits=WEIGHT_BITS, acc_bits=reach.bits),
        "serializer": dataclasses.replace(serializer, bits=reach.bits),
        "requantizer": requantizer[0],
        "constants": requantizer[1],
        "accumulator": Interval(np.repeat(reach.low, units), np.repeat(reach.high, units)),
    }


def pooling_requantizer(
    node: QNode, op: QAveragePooling2D, image: Shape, codes: Clamp, lanes: int, file: str
) -> tuple[AffineRequantizer, Memory]:
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
) -> tuple[AffineRequantizer, Memory]:
    """What turns sums of the ``codes`` of ``cells`` pixels into results, ``lanes`` channels per beat."""
    zero = node.format.zero_point
    division = image_division(op, cells, (source_zero, zero), codes, lanes, node.name)
    return _requantizer(node, op.clamp, division, lanes, zero, file)


def _requantizer(
    node: QNode, clamp: Clamp, division: Division, lanes: int, zero_point: int, file: str
) -> tuple[AffineRequantizer, Memory]:
    """The requantizer whose ROM holds a word for each beat of ``division``."""
    shared: dict[str, Any] = {
        "lanes": lanes,
        "beats": division.exact.multiplier.size // lanes,
        "bits": node.format.bits,
        "clamp_min": clamp[0],
        "clamp_max": clamp[1],
    }
    return affine(division.exact, division.reach, file, shared, zero_point)
