# SPDX-License-Identifier: Apache-2.0
"""The requantizer of a layer: its parameters and the ROM of its constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kerilog.errors import Unsupported
from kerilog.formats import IntArray
from kerilog.plan.design import AffineRequantizer, FixedRequantizer, Memory, Serializer
from kerilog.plan.intervals import Interval, signed_bits
from kerilog.plan.memories import Field, requantizer_rom
from kerilog.plan.multiplier import ExactMultiplier, exact_multiplier
from kerilog.qgraph import QConv2D, QDense, QNode, Shift


def requantizer_of(
    node: QNode, op: QConv2D | QDense, serializer: Serializer, reach: Interval, bias: IntArray, file: str
) -> tuple[AffineRequantizer | FixedRequantizer, Memory]:
    """The requantizer of a layer and the ROM of its constants."""
    zero = node.format.zero_point
    shared: dict[str, Any] = {
        "lanes": serializer.lanes,
        # of windows side by side, as many beats as bring the first channel back to lane 0
        "beats": math.lcm(bias.size, serializer.lanes) // serializer.lanes,
        "bits": node.format.bits,
        "clamp_min": op.clamp[0],
        "clamp_max": op.clamp[1],
    }
    if isinstance(op.rescale, Shift):
        return _fixed(op, op.rescale, reach, bias, file, shared, node.name)
    lowest, highest = op.clamp[0] - zero, op.clamp[1] - zero
    exact = exact_multiplier(op.rescale, bias, reach, lowest, highest, node.name)
    return affine(exact, reach, file, shared, zero)


def _fixed(
    op: QConv2D | QDense,
    rescale: Shift,
    reach: Interval,
    bias: IntArray,
    file: str,
    shared: dict[str, Any],
    layer: str,
) -> tuple[FixedRequantizer, Memory]:
    bias_shift = _trailing_zeros(bias)
    codes = bias >> bias_shift
    bias_bits = max(op.bias_format.bits, signed_bits(int(codes.min()), int(codes.max())))
    requantizer = FixedRequantizer(
        **shared,
        acc_bits=reach.bits,
        bias_bits=bias_bits,
        biased_bits=max((reach + bias).bits, reach.bits, shared["bits"] + 1, bias_bits),
        shift=_one_shift(rescale, layer),
        bias_shift=bias_shift,
    )
    return requantizer, requantizer_rom(file, shared["lanes"], [("bias", codes, bias_bits)])


def affine(
    exact: ExactMultiplier, reach: Interval, file: str, shared: dict[str, Any], zero_point: int
) -> tuple[AffineRequantizer, Memory]:
    """The requantizer that computes ``exact`` on ``reach``, and the ROM of its constants, one a channel.

    ``shared`` holds the fields of ``Requantizer`` but ``acc_bits`` and ``shift``.
    """
    multiplier_bits = max(1, int(exact.multiplier.max()).bit_length())
    offset_bits = signed_bits(int(exact.offset.min()), int(exact.offset.max()))
    tilt_bits = int(exact.negative_correction.max()).bit_length()
    requantizer = AffineRequantizer(
        **shared,
        acc_bits=reach.bits,
        multiplier_bits=multiplier_bits,
        offset_bits=offset_bits,
        tilt_bits=tilt_bits,
        total_bits=max(
            _total_bits(exact, reach), offset_bits, tilt_bits + 1, exact.shift + 1, shared["bits"] + 2
        ),
        shift=exact.shift,
        zero_point=zero_point,
    )
    fields: list[Field] = [
        ("multiplier", exact.multiplier, multiplier_bits),
        ("offset", exact.offset, offset_bits),
    ]
    if tilt_bits:
        fields.append(("tilt", exact.negative_correction, tilt_bits))
    return requantizer, requantizer_rom(file, shared["lanes"], fields)


def _total_bits(exact: ExactMultiplier, reach: Interval) -> int:
    """Bits for the product and for every total: both are monotonic, so their ends decide."""
    ends = [*exact.total(reach.low), *exact.total(reach.high)]
    without_offset = [*(exact.total(reach.low) - exact.offset), *(exact.total(reach.high) - exact.offset)]
    room = (1 << (exact.shift - 1)) + int(exact.negative_correction.max()) if exact.corrects_negatives else 0
    return signed_bits(int(min(*ends, *without_offset)) - room, int(max(*ends, *without_offset)) + room)


def _trailing_zeros(bias: IntArray) -> int:
    """Binary places that are zero in every bias: its binary point lies so far above the accumulator's."""
    shift = 0
    while np.any(bias) and not np.any(bias & ((2 << shift) - 1)):
        shift += 1
    return shift


def _one_shift(shift: Shift, layer: str) -> int:
    """The layer's one binary point shift."""
    values = np.unique(shift.shift)
    if values.size != 1:
        raise Unsupported(
            f"layer '{layer}': hardware does not take a binary point of its own per channel yet"
        )
    return int(values[0])
