# SPDX-License-Identifier: Apache-2.0
"""The requantizer of a layer whose weights are loaded at run time: widths in which other constants fit, too.

Sums are as wide as any weights of the format can make them. The constants of a requantizer follow from
scales, which have no bound; so there is room for scales ``2**HEADROOM`` times as large and as small as those
that a design was built with, and what does not fit is refused.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.exact.intervals import Interval, signed_bits
from kerilog.exact.multiplier import LARGEST_SHIFT, ExactMultiplier, exact_multiplier, two_roundings
from kerilog.formats import Fixed, Format, IntArray
from kerilog.hardware.memories import Field
from kerilog.qgraph import Clamp, Multiplier, QConv2D, QDense, Rescale

HEADROOM = 2
"""Binary places by which scales may be larger or smaller."""
MULTIPLIER_BITS = 31
"""Of a multiplier: what is beyond those that a layer needs makes more scales exact."""
OFFSET_PLACES = 5
"""Binary places by which the bias may exceed the codes that come out."""
TOTAL_PLACES = 8
"""The same of the sums, with their bias."""

Integers = npt.NDArray[np.object_]


def any_reach(inputs: int, outputs: int, weights: Format, codes: Clamp) -> Interval:
    """The sums of ``inputs`` products of any ``weights`` with any ``codes``, of each output; and 0."""
    corners = [weight * code for weight in (weights.minimum, weights.maximum) for code in codes]
    low, high = inputs * min(0, *corners), inputs * max(0, *corners)
    return Interval(np.full(outputs, low), np.full(outputs, high))


def form_of(rescale: Rescale, bias: IntArray, reach: Interval, clamp: Clamp, layer: str) -> ExactMultiplier:
    """What equals ``rescale(acc + bias)`` within ``clamp``, its zero point left out, as hardware computes it.

    Which of two forms it is does not depend on weights: where two roundings may be on both signs, it is
    always theirs. Raises KerilogError naming ``layer`` if there is none.
    """
    twice = isinstance(rescale, Multiplier) and rescale.rounding == "double" and clamp[0] < 0 < clamp[1]
    if twice and isinstance(rescale, Multiplier):
        return two_roundings(rescale, bias, reach, *clamp, layer)
    return exact_multiplier(rescale, bias, reach, *clamp, layer)


@dataclasses.dataclass(frozen=True)
class AffineRoom:
    """Of ``krl_requantize_affine``: its shift, and the bits of its constants and of its totals."""

    shift: int
    multiplier_bits: int
    offset_bits: int
    negative_correction_bits: int
    total_bits: int

    @classmethod
    def around(cls, form: ExactMultiplier, reach: Interval, acc_bits: int, bits: int) -> AffineRoom:
        """Room for ``form`` on ``reach``, and for its like; sums have ``acc_bits``, codes ``bits``."""
        needed = max(1, int(form.multiplier.max()).bit_length())
        spare = HEADROOM if form.corrects_negatives else MULTIPLIER_BITS - HEADROOM - needed
        up = max(0, min(spare, LARGEST_SHIFT - form.shift))
        shift, multiplier_bits = form.shift + up, needed + up + HEADROOM
        # gemmlowp's correction is less than a quarter of what is shifted out
        corrections = shift - 1 if form.corrects_negatives else 0
        moved = _Moved.of(form, shift, bool(corrections))
        least, most = moved.ends(reach)
        offsets = signed_bits(int(moved.offset.min()), int(moved.offset.max()))
        offset_bits = max(offsets, shift + bits + OFFSET_PLACES)
        total_bits = max(signed_bits(least, most), offset_bits + 1, shift + bits + TOTAL_PLACES)
        whole = max(acc_bits + multiplier_bits, offset_bits) + 2  # what no constants can exceed
        return cls(shift, multiplier_bits, offset_bits, corrections, min(total_bits, whole))

    def fields(self, form: ExactMultiplier, reach: Interval, layer: str) -> list[Field]:
        """The constants of ``form`` in this room. KerilogError naming ``layer`` for those that do not fit."""
        if form.corrects_negatives and not self.negative_correction_bits:
            raise KerilogError(
                f"layer '{layer}': expected scales that are exact with one rounding, the design's, found "
                "some that need two"
            )
        if form.shift > self.shift:
            raise KerilogError(
                f"layer '{layer}': expected scales that are exact with a shift of {self.shift} places, the "
                f"design's, found some that need {form.shift}"
            )
        moved = _Moved.of(form, self.shift, bool(self.negative_correction_bits))
        least, most = moved.ends(reach)
        for what, bits, room in (
            ("multipliers", int(moved.multiplier.max()).bit_length(), self.multiplier_bits),
            ("offsets", signed_bits(int(moved.offset.min()), int(moved.offset.max())), self.offset_bits),
            ("corrections", int(moved.correction.max()).bit_length(), self.negative_correction_bits),
            ("totals", signed_bits(least, most), self.total_bits),
        ):
            if bits > room:
                raise KerilogError(
                    f"layer '{layer}': expected {what} of the requantizer in the design's {room} bits, found "
                    f"{bits}: its scales or biases are too large for it"
                )
        fields: list[Field] = [
            ("multiplier", moved.multiplier, self.multiplier_bits),
            ("offset", moved.offset, self.offset_bits),
        ]
        if self.negative_correction_bits:
            fields.append(("negative_correction", moved.correction, self.negative_correction_bits))
        return fields


@dataclasses.dataclass(frozen=True, eq=False)
class _Moved:
    """The constants of a form, brought to a longer ``shift``; with a ``half`` that hardware adds to each
    total taken out of the offsets that do not expect it.
    """

    shift: int
    half: int
    multiplier: Integers
    offset: Integers
    correction: Integers

    @classmethod
    def of(cls, form: ExactMultiplier, shift: int, corrects: bool) -> _Moved:
        up = shift - form.shift
        half = 1 << (shift - 1) if corrects else 0
        taken = 0 if form.corrects_negatives else half
        times = 1 << up
        multiplier, correction = form.multiplier.astype(object), form.negative_correction.astype(object)
        return cls(shift, half, multiplier * times, form.offset * times - taken, correction * times)

    def ends(self, reach: Interval) -> tuple[int, int]:
        """Bounds of the products and of all totals, rounded or not, over ``reach``."""
        low, high = reach.low.astype(object), reach.high.astype(object)
        products = [low * self.multiplier, high * self.multiplier]
        totals: list[Any] = [*products, *(product + self.offset for product in products)]
        room = self.half + int(self.correction.max(initial=0))
        return min(int(one.min()) for one in totals) - room, max(int(one.max()) for one in totals) + room


@dataclasses.dataclass(frozen=True)
class FixedRoom:
    """Of ``krl_requantize_fixed``: the bits of a bias, and how far its binary point lies above the sums'."""

    bias_bits: int
    bias_shift: int

    @classmethod
    def of(cls, op: QConv2D | QDense, source: Format) -> FixedRoom:
        """Room for every bias in the format of ``op``, whose input is in ``source``."""
        assert isinstance(source, Fixed) and isinstance(op.kernel_format, Fixed)
        assert isinstance(op.bias_format, Fixed)
        sums = source.frac + np.asarray(op.kernel_format.frac)
        places = np.atleast_1d(sums - np.asarray(op.bias_format.frac))
        shift = int(places.min())
        return cls(op.bias_format.bits + int(places.max()) - shift, shift)

    @property
    def reach(self) -> tuple[int, int]:
        """The least and the greatest bias, in steps of the sums."""
        largest = 1 << (self.bias_bits - 1 + self.bias_shift)
        return -largest, largest - (1 << self.bias_shift)

    def fields(self, bias: IntArray, layer: str) -> list[Field]:
        """The constants of ``bias`` in this room. KerilogError naming ``layer`` for those that do not fit."""
        low, high = self.reach
        if np.any(bias & ((1 << self.bias_shift) - 1)) or bias.min() < low or bias.max() > high:
            raise KerilogError(
                f"layer '{layer}': expected biases of {low} to {high} in steps of {1 << self.bias_shift}, "
                f"found {int(bias.min())} to {int(bias.max())}"
            )
        return [("bias", bias >> self.bias_shift, self.bias_bits)]
