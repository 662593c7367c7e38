# SPDX-License-Identifier: Apache-2.0
"""From what a tensor was seen to hold to the range that its format covers.

The choices:

minmax: all of it.
percentile: all but the outermost values, so many on either side.
mse: the least mean squared error between the values and what their codes stand for.
entropy: the least Kullback-Leibler divergence of the values' distribution from that of their codes (Migacz,
    "8-bit Inference with TensorRT", GTC 2017).
msb: all places up to the highest most significant bit seen (``fixed`` only).

All work on the histogram of an ``Observation``, so that the samples need not be kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from kerilog.calibrate import HALF_BINS, LOWEST_MSB, Observation
from kerilog.formats import Affine, Fixed, Format

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]

DEFAULT_PERCENTILE = 99.99
FINEST = 30  # binary places that are chosen; smaller numbers underflow to 0
_BINARY_POINTS = 6  # tried: the one that covers all, and others that saturate more
_PARTS = 4  # a bin stands for so many values, spread evenly over it
_STEPS = 128  # ranges are tried in this many steps of the whole range
_SMALLEST = 13  # of these steps; below a tenth of the range a step of the format is no wider than a bin
_ROUNDS = 2  # of the search for one end of the range, then for the other
_CUT = 0.005  # part of the values that "entropy" may saturate
_FEW = 0.02  # part of the class scores that may saturate
_CHUNK = 1 << 15  # values that are worked on at a time, so that all steps find them in the cache
_NOTHING = 1e-10  # probability that stands for 0 where its logarithm is taken

MakeAffine = Callable[[float, float], Affine]


@dataclasses.dataclass(frozen=True, eq=False)
class Values:
    """Numbers in ascending order, each seen ``counts`` times; both (count,)."""

    values: Floats
    counts: Floats

    def error(self, format: Format) -> float:
        """The sum of the squared differences from what their codes in ``format`` stand for."""
        return squared_error(self.values, format, self.counts)

    def saturated(self, format: Format) -> float:
        """The part of the values that lies outside of ``format``; 0 of none."""
        low, high = format.dequantize(np.array([format.minimum, format.maximum]))
        outside = (self.values < low) | (self.values > high)
        return float(self.counts[outside].sum() / (self.counts.sum() or 1.0))

    def closest(self, formats: Sequence[Format]) -> int:
        """Index of the one of ``formats`` with the least divergence; the first lets nothing saturate.

        Those that let more than _CUT saturate are left out: where values come in spikes, as a constant
        background gives them, the divergence rewards a fine step at any price.
        """
        kept = [i for i, format in enumerate(formats) if i == 0 or self.saturated(format) <= _CUT]
        return min(kept, key=lambda i: divergence(self, formats[i]))


def squared_error(values: Floats, format: Format, counts: Floats | None = None) -> float:
    """The sum of the squared differences of ``values`` (count,) from what their codes in ``format``
    stand for, each taken ``counts`` times.
    """
    squares = np.empty(values.size)
    for start in range(0, values.size, _CHUNK):
        some = slice(start, start + _CHUNK)
        difference = format.dequantize(format.quantize(values[some])) - values[some]
        np.multiply(difference, difference, out=squares[some])
        if counts is not None:
            squares[some] *= counts[some]
    return float(np.sum(squares))


def values_of(seen: Observation, parts: int = _PARTS) -> Values:
    """What was seen but for the zeros, which every format holds: each bin as ``parts`` values."""
    counts = seen.histogram.astype(np.float64)
    counts[HALF_BINS] -= seen.zeros
    used = np.flatnonzero(counts)
    offsets = (np.arange(parts) + 0.5) / parts
    places = (used - HALF_BINS)[:, np.newaxis] + offsets
    values = np.clip(places * 2.0**seen.exponent, seen.minimum, seen.maximum)
    return Values(values.reshape(-1), np.repeat(counts[used] / parts, parts))


def affine_range(
    seen: Observation, choice: str, percentile: float, make: MakeAffine, scores: bool = False
) -> Range:
    """The range that ``choice`` gives; ``make`` turns a range into its format. Other choices: a bug.

    For ``scores`` see ``fixed_format``.
    """
    whole = (min(seen.minimum, 0.0), max(seen.maximum, 0.0))
    if choice == "minmax" or whole == (0.0, 0.0):
        return whole
    if choice == "percentile":
        return percentile_range(seen, percentile)
    if choice == "entropy":
        return _least_divergence(seen, whole, make)
    values = _that_count(values_of(seen)) if scores else values_of(seen)
    return _least_error(values, (min(values.values[0], 0.0), whole[1]), make)


def percentile_range(seen: Observation, percentile: float) -> Range:
    """The values below and above which there are ``percentile`` percent, interpolated inside a bin.

    An end that falls into the bin of the extreme is the extreme: what is bounded, as pixels are, stays whole.
    """
    counts = np.concatenate(([0], np.cumsum(seen.histogram)))
    edges = np.arange(-HALF_BINS, HALF_BINS + 1) * 2.0**seen.exponent
    share = percentile / 100 * seen.count
    low, high = (float(np.interp(count, counts, edges)) for count in (seen.count - share, share))
    width = 2.0**seen.exponent
    low = seen.minimum if low - width <= seen.minimum else low
    high = seen.maximum if high + width >= seen.maximum else high
    return min(low, 0.0), max(high, 0.0)


def _least_error(values: Values, whole: Range, make: MakeAffine) -> Range:
    """Search for the upper end with the lower one held, then the reverse."""
    low, high = whole
    shares = np.arange(_STEPS, _SMALLEST - 1, -1) / _STEPS
    for _ in range(_ROUNDS):
        if whole[1] > 0:
            high = min(
                (float(end) for end in whole[1] * shares), key=lambda end: values.error(make(low, end))
            )
        if whole[0] < 0:
            low = min(
                (float(end) for end in whole[0] * shares), key=lambda end: values.error(make(end, high))
            )
    return low, high


def _least_divergence(seen: Observation, whole: Range, make: MakeAffine) -> Range:
    """Search for the threshold on magnitudes."""
    values = values_of(seen, 1)
    largest = max(-whole[0], whole[1])
    limits = largest * np.arange(_STEPS, _SMALLEST - 1, -1) / _STEPS
    ranges = [(max(whole[0], -float(limit)), min(whole[1], float(limit))) for limit in limits]
    return ranges[values.closest([make(*ends) for ends in ranges])]


def divergence(values: Values, format: Format) -> float:
    """The Kullback-Leibler divergence of the values, saturated, from their codes, spread over them again.

    The values that saturate count for the outermost that do not, but not for the codes: a range that cuts off
    much makes the two differ.
    """
    step = float(format.scales)
    ends = format.dequantize(np.array([format.minimum, format.maximum]))
    first, last = np.searchsorted(values.values, [ends[0] - step / 2, ends[1] + step / 2])
    if first >= last:
        return np.inf
    counts = values.counts[first:last]
    reference = counts.copy()
    reference[0] += values.counts[:first].sum()
    reference[-1] += values.counts[last:].sum()
    codes = format.quantize(values.values[first:last]) - format.minimum
    spread = np.bincount(codes, counts)[codes] / np.bincount(codes)[codes]
    wanted, got = reference / reference.sum(), spread / spread.sum()
    return float(np.sum(wanted * np.log(wanted / np.maximum(got, _NOTHING))))


def fixed_format(seen: Observation, bits: int, choice: str, percentile: float, scores: bool = False) -> Fixed:
    """The binary point that ``choice`` gives. Other choices: a bug.

    With ``scores``, what a softmax makes probabilities of, "mse" lets rare values far below zero saturate.
    """
    if choice == "msb":
        return Fixed(bits, _msb_frac(seen, bits))
    if choice == "minmax":
        return Fixed(bits, covering_frac(bits, (seen.minimum, seen.maximum)))
    if choice == "percentile":
        return Fixed(bits, covering_frac(bits, percentile_range(seen, percentile)))
    candidates = _candidates(bits, (seen.minimum, seen.maximum))
    if choice == "mse":
        values = _that_count(values_of(seen)) if scores else values_of(seen)
        return min(candidates, key=values.error)
    return candidates[values_of(seen, 1).closest(candidates)]


def _that_count(scores: Values) -> Values:
    """``scores``, those further below zero than the largest is above it raised to that, if they are few.

    They belong to classes that are out of the question, and to tell how far would cost the others a bit.
    """
    lowest = min(-scores.values[-1], 0.0) if scores.values.size else 0.0
    if scores.counts[scores.values < lowest].sum() > _FEW * scores.counts.sum():
        return scores
    return Values(np.maximum(scores.values, lowest), scores.counts)


def best_fixed(values: npt.NDArray[np.floating], bits: int) -> Fixed:
    """The binary point with the least squared error over ``values`` (any shape, not empty)."""
    flat = np.asarray(values, np.float64).reshape(-1)
    candidates = _candidates(bits, (float(flat.min()), float(flat.max())))
    return min(candidates, key=lambda format: squared_error(flat, format))


def _candidates(bits: int, extremes: Range) -> list[Fixed]:
    covering = covering_frac(bits, extremes)
    finest = max(covering, min(covering + _BINARY_POINTS - 1, FINEST))
    return [Fixed(bits, frac) for frac in range(covering, finest + 1)]


def _msb_frac(seen: Observation, bits: int) -> int:
    """The sign takes one bit, the highest place seen and those below it take the rest."""
    places = np.flatnonzero(seen.msb)
    return min(bits - 2 - (LOWEST_MSB + int(places[-1])), FINEST) if places.size else bits - 1


def covering_frac(bits: int, extremes: Range) -> int:
    """The largest ``frac``, at most FINEST, at which both extremes fit, rounded; zeros get ``bits - 1``."""
    if extremes[0] == 0 and extremes[1] == 0:
        return bits - 1
    largest = max(abs(extremes[0]), abs(extremes[1]))
    frac = min(62 - int(np.ceil(np.log2(largest))), FINEST)
    while not _fits(Fixed(bits, frac), extremes):
        frac -= 1
    return frac


def _fits(format: Fixed, extremes: Range) -> bool:
    steps = np.asarray(extremes) / format.scales
    return bool(steps[0] >= format.minimum - 0.5 and steps[1] < format.maximum + 0.5)
