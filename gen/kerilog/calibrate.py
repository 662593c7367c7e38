# SPDX-License-Identifier: Apache-2.0
"""What values each tensor takes over real samples, gathered in one streaming pass.

Memory does not grow with the number of samples: a tensor is kept as its extremes, a histogram whose bins
double in width when a value falls outside, and counts by the most significant bit.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from kerilog import floating
from kerilog.errors import KerilogError
from kerilog.floating import Samples
from kerilog.graph import Array, Graph
from kerilog.parallel import results
from kerilog.progress import Progress, silent

HALF_BINS = 2048  # histogram bins on either side of zero
LOWEST_MSB, HIGHEST_MSB = -32, 31  # most significant bits 2**-32 .. 2**31 are told apart
_CHUNK = 1 << 15  # values that are counted at a time
_MANTISSA_BITS, _EXPONENTS, _EXPONENT_BIAS = 23, 256, 127  # of a float32


@dataclasses.dataclass
class Observation:
    """One tensor so far.

    ``histogram`` (2 * HALF_BINS,) counts values in bins of width ``2.0**exponent``, of which bin HALF_BINS
    starts at 0. ``msb`` (64,) counts values with floor(log2(abs(x))) = LOWEST_MSB + i, the ends including all
    beyond; ``zeros`` counts exact zeros.
    """

    minimum: float = np.inf
    maximum: float = -np.inf
    count: int = 0
    zeros: int = 0
    exponent: int = -40
    histogram: npt.NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.zeros(2 * HALF_BINS, np.int64)
    )
    msb: npt.NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.zeros(HIGHEST_MSB - LOWEST_MSB + 1, np.int64)
    )

    def add(self, values: Array) -> None:
        """Count ``values`` (any shape, finite)."""
        flat = np.ascontiguousarray(values, np.float32).reshape(-1)
        for start in range(0, flat.size, _CHUNK):
            self._add(flat[start : start + _CHUNK])

    def _add(self, flat: Array) -> None:
        """Count a few values (count,), which every step then finds in the cache."""
        self.count += flat.size
        self.minimum = min(self.minimum, float(flat.min()))
        self.maximum = max(self.maximum, float(flat.max()))
        self._widen(self.exponent)
        bins = np.floor(flat * np.float32(2.0**-self.exponent)).astype(np.intp)
        bins += HALF_BINS
        self.histogram += np.bincount(bins, minlength=2 * HALF_BINS)
        zeros = flat.size - int(np.count_nonzero(flat))
        self.zeros += zeros
        # IEEE 754: the exponent is in bits 23 to 30, that of zeros and of what is too small for it being 0
        powers = flat.view(np.uint32) >> np.uint32(_MANTISSA_BITS) & np.uint32(_EXPONENTS - 1)
        counts = np.bincount(powers.astype(np.intp), minlength=_EXPONENTS)
        counts[0] -= zeros
        low, high = LOWEST_MSB + _EXPONENT_BIAS, HIGHEST_MSB + _EXPONENT_BIAS
        self.msb += counts[low : high + 1]
        self.msb[0] += counts[:low].sum()
        self.msb[-1] += counts[high + 1 :].sum()

    def take(self, other: Observation) -> None:
        """Count what ``other`` has counted; both end with bins of one width."""
        self.count += other.count
        self.zeros += other.zeros
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        self.msb += other.msb
        self._widen(max(self.exponent, other.exponent))
        other._coarsen(self.exponent)
        self.histogram += other.histogram

    def _widen(self, least: int) -> None:
        """Double the width of the bins until it is 2**``least`` and the extremes fit."""
        # A bin holds its lower edge and not its upper one.
        largest = max(-self.minimum, np.nextafter(self.maximum, np.inf))
        while largest > HALF_BINS * 2.0**least:
            least += 1
        self._coarsen(least)

    def _coarsen(self, exponent: int) -> None:
        """Bins of width 2**``exponent``, no less than now, adding the counts of neighbours."""
        if exponent == self.exponent:
            return
        joined = min(1 << (exponent - self.exponent), HALF_BINS)
        below, above = self.histogram.reshape(2, -1, joined).sum(axis=2)
        self.histogram = np.zeros_like(self.histogram)
        self.histogram[HALF_BINS - len(below) : HALF_BINS] = below
        self.histogram[HALF_BINS : HALF_BINS + len(above)] = above
        self.exponent = exponent

    @property
    def centers(self) -> npt.NDArray[np.float64]:
        """Middle of every histogram bin."""
        middles: npt.NDArray[np.float64] = np.arange(-HALF_BINS, HALF_BINS, dtype=np.float64)
        return (middles + 0.5) * 2.0**self.exponent


def observe(graph: Graph, samples: Samples, progress: Progress = silent) -> dict[str, Observation]:
    """Observe every tensor of ``graph`` over ``samples`` (count, *input shape), by node name.

    Several inputs have their samples by name.

    Raises KerilogError for no samples, for those of the wrong shape or of one value only, and for values that
    are not finite, naming the layer.
    """
    total = floating.count(samples)
    if total == 0:
        raise KerilogError("calibration: there are no samples")
    observations = {node.name: Observation() for node in graph}
    size = floating.batch_size(graph)
    starts = range(0, total, size)
    found = results(starts, lambda start: _observed(graph, floating.part(samples, start, start + size)))
    for start, batch in zip(starts, found, strict=True):
        for name, seen in batch.items():
            observations[name].take(seen)
        progress("calibrating", min(start + size, total) / total)
    for node in graph.inputs:
        seen = observations[node.name]
        if seen.minimum == seen.maximum:
            raise KerilogError(
                f"calibration: expected samples that differ, found {seen.minimum:g} everywhere in input "
                f"'{node.name}': no format follows from that"
            )
    return observations


def _observed(graph: Graph, batch: Samples) -> dict[str, Observation]:
    """What the tensors of ``graph`` are over a few samples."""
    found = {}
    with np.errstate(over="ignore", invalid="ignore"):  # an error tells of it, and of the layer
        for name, values in floating.each(graph, batch):
            if not np.all(np.isfinite(values)):
                raise KerilogError(f"layer '{name}': gives a value that is not finite on the samples")
            found[name] = Observation()
            found[name].add(values)
    return found
