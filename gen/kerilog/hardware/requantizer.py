# SPDX-License-Identifier: Apache-2.0
"""The requantizer of a layer: its parameters and the ROM of its constants."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np

from kerilog.errors import Unsupported
from kerilog.exact.intervals import Interval, signed_bits
from kerilog.exact.multiplier import ExactMultiplier, exact_multiplier
from kerilog.formats import Format, IntArray
from kerilog.hardware import serial
from kerilog.hardware.memories import Field, requantizer_rom
from kerilog.hardware.modules.requantize import AffineRequantizer, FixedRequantizer, Thresholds
from kerilog.hardware.room import AffineRoom, FixedRoom, form_of
from kerilog.qgraph import Clamp, QConv2D, QDense, Shift, Threshold


@dataclasses.dataclass(frozen=True)
class Results:
    """What leaves a requantizer: codes of ``bits`` within ``clamp``, ``lanes`` per beat; the constants in
    the memory ``file`` repeat every ``period`` beats.
    """

    lanes: int
    period: int
    bits: int
    clamp: Clamp
    file: str


def requantizer_of(
    result: tuple[str, Format], op: QConv2D | QDense, lanes: int, reach: Interval, bias: IntArray, file: str
) -> AffineRequantizer | FixedRequantizer | Thresholds:
    """The requantizer of a layer whose sums lie in ``reach`` before its ``bias`` (outputs,) is added.

    ``result``: its name and the format of its codes.
    """
    layer, format = result
    # of windows side by side, as many beats as bring the first channel back to lane 0
    period = math.lcm(bias.size, lanes) // lanes
    results = Results(lanes, period, format.bits, op.clamp, file)
    if isinstance(op.rescale, Threshold):
        return _thresholds(op.rescale, reach, bias, results)
    if isinstance(op.rescale, Shift):
        return _fixed(op, op.rescale, reach, bias, results, layer)
    zero = format.zero_point
    exact = exact_multiplier(op.rescale, bias, reach, op.clamp[0] - zero, op.clamp[1] - zero, layer)
    return affine(exact, reach, results, zero)


def loaded_requantizer(
    result: tuple[str, Format],
    op: QConv2D | QDense,
    source: Format,
    lanes: int,
    reach: Interval,
    held: tuple[Interval, IntArray],
    file: str,
) -> AffineRequantizer | FixedRequantizer:
    """As ``requantizer_of``, with room for any weights of the format, with which sums are in ``reach``.

    ``held``: the sums and the bias that it begins with; ``source``: the format of the input.
    """
    layer, format = result
    actual, bias = held
    results = Results(lanes, math.lcm(bias.size, lanes) // lanes, format.bits, op.clamp, file)
    shared: dict[str, Any] = {
        "lanes": lanes,
        "period": results.period,
        "acc_bits": reach.bits,
        "bits": results.bits,
        "clamp_min": op.clamp[0],
        "clamp_max": op.clamp[1],
    }
    if isinstance(op.rescale, Shift):
        of_bias = FixedRoom.of(op, source)
        low, high = of_bias.reach
        return FixedRequantizer(
            rom=requantizer_rom(file, lanes, of_bias.fields(bias, layer)),
            shift=_one_shift(op.rescale, layer),
            bias_bits=of_bias.bias_bits,
            biased_bits=max(
                signed_bits(int(reach.low.min()) + low, int(reach.high.max()) + high),
                results.bits + 1,
                of_bias.bias_bits,
            ),
            bias_shift=of_bias.bias_shift,
            **shared,
        )
    zero = format.zero_point
    form = form_of(op.rescale, bias, actual, (op.clamp[0] - zero, op.clamp[1] - zero), layer)
    room = AffineRoom.around(form, actual, reach.bits, results.bits)
    return AffineRequantizer(
        rom=requantizer_rom(file, lanes, room.fields(form, actual, layer)),
        **dataclasses.asdict(room),
        zero_point=zero,
        **shared,
    )


def _thresholds(rescale: Threshold, reach: Interval, bias: IntArray, results: Results) -> Thresholds:
    """A sum with its bias is below 0 where the sum is below the threshold, above 0 where it is not."""
    turned = np.broadcast_to(rescale.direction < 0, bias.shape)
    values = np.where(turned, 1 - bias, -bias)
    bits = signed_bits(int(values.min()), int(values.max()))
    fields: list[Field] = [("threshold", values, bits), ("turned", turned.astype(np.int64), 1)]
    return Thresholds(
        rom=requantizer_rom(results.file, results.lanes, fields),
        lanes=results.lanes,
        period=results.period,
        acc_bits=reach.bits,
        threshold_bits=bits,
    )


def _fixed(
    op: QConv2D | QDense, rescale: Shift, reach: Interval, bias: IntArray, results: Results, layer: str
) -> FixedRequantizer:
    bias_shift = _trailing_zeros(bias)
    codes = bias >> bias_shift
    bias_bits = max(op.bias_format.bits, signed_bits(int(codes.min()), int(codes.max())))
    return FixedRequantizer(
        rom=requantizer_rom(results.file, results.lanes, [("bias", codes, bias_bits)]),
        lanes=results.lanes,
        period=results.period,
        acc_bits=reach.bits,
        bits=results.bits,
        clamp_min=results.clamp[0],
        clamp_max=results.clamp[1],
        shift=_one_shift(rescale, layer),
        bias_bits=bias_bits,
        biased_bits=max((reach + bias).bits, reach.bits, results.bits + 1, bias_bits),
        bias_shift=bias_shift,
    )


def affine(exact: ExactMultiplier, reach: Interval, results: Results, zero_point: int) -> AffineRequantizer:
    """The requantizer that computes ``exact`` on ``reach``, with one set of constants per channel."""
    multiplier_bits = max(1, int(exact.multiplier.max()).bit_length())
    offset_bits = signed_bits(int(exact.offset.min()), int(exact.offset.max()))
    correction_bits = int(exact.negative_correction.max()).bit_length()
    fields: list[Field] = [
        ("multiplier", exact.multiplier, multiplier_bits),
        ("offset", exact.offset, offset_bits),
    ]
    if correction_bits:
        fields.append(("negative_correction", exact.negative_correction, correction_bits))
    total = _total_bits(exact, reach)
    return AffineRequantizer(
        forms=functools.partial(serial.forms, exact, reach, results.file),
        rom=requantizer_rom(results.file, results.lanes, fields),
        lanes=results.lanes,
        period=results.period,
        acc_bits=reach.bits,
        bits=results.bits,
        clamp_min=results.clamp[0],
        clamp_max=results.clamp[1],
        shift=exact.shift,
        multiplier_bits=multiplier_bits,
        offset_bits=offset_bits,
        negative_correction_bits=correction_bits,
        total_bits=max(total, offset_bits, correction_bits + 1, exact.shift + 1, results.bits + 2),
        zero_point=zero_point,
    )


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
            f"layer '{layer}': hardware supports one binary point for all channels, found {values.size}"
        )
    return int(values[0])
