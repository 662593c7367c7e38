# SPDX-License-Identifier: Apache-2.0
"""What values each tensor takes over real samples, gathered in one streaming pass.

Memory does not grow with the number of samples: a tensor is kept as its extremes, a histogram whose bins
double in width when a value falls outside, and counts by the most significant bit.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kerilog import floating
from kerilog.errors import KerilogError
from kerilog.floating import Samples
from kerilog.graph import Array, Conv2D, DepthwiseConv2D, Graph
from kerilog.progress import Progress, silent

HALF_BINS = 2048  # histogram bins on either side of zero
LOWEST_MSB, HIGHEST_MSB = -32, 31  # most significant bits 2**-32 .. 2**31 are told apart
BATCH = 256
BATCH_ELEMENTS = 1 << 24  # of all tensors and convolution windows of a batch: 64 MB as float32


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
        flat = values.reshape(-1)
        self.count += flat.size
        self.minimum = min(self.minimum, float(flat.min()))
        self.maximum = max(self.maximum, float(flat.max()))
        self._widen()
        bins = np.floor(np.ldexp(flat, -self.exponent)).astype(np.int32) + HALF_BINS
        self.histogram += np.bincount(bins, minlength=2 * HALF_BINS)
        nonzero = flat[flat != 0]
        self.zeros += flat.size - nonzero.size
        bits = np.clip(np.frexp(nonzero)[1] - 1, LOWEST_MSB, HIGHEST_MSB) - LOWEST_MSB
        self.msb += np.bincount(bits, minlength=self.msb.size)

    def _widen(self) -> None:
        """Double the width of the bins until the extremes fit, adding the counts of neighbours."""
        # A bin holds its lower edge and not its upper one.
        while max(-self.minimum, np.nextafter(self.maximum, np.inf)) > HALF_BINS * 2.0**self.exponent:
            pairs = self.histogram.reshape(-1, 2).sum(axis=1)
            self.histogram = np.zeros_like(self.histogram)
            self.histogram[HALF_BINS // 2 : HALF_BINS // 2 + HALF_BINS] = pairs
            self.exponent += 1

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
    for done, batch in _batches(samples, _batch_size(graph)):
        for name, values in floating.run_all(graph, batch).items():
            if not np.all(np.isfinite(values)):
                raise KerilogError(f"layer '{name}': gives a value that is not finite on the samples")
            observations[name].add(values)
        progress("calibrating", done / total)
    for node in graph.inputs:
        seen = observations[node.name]
        if seen.minimum == seen.maximum:
            raise KerilogError(
                f"calibration: expected samples that differ, found {seen.minimum:g} everywhere in input "
                f"'{node.name}': no format follows from that"
            )
    return observations


def _batch_size(graph: Graph) -> int:
    """As many samples as memory allows; large images go through a few at a time."""
    elements = 0
    for node in graph:
        elements += math.prod(node.shape)
        if isinstance(node.op, Conv2D | DepthwiseConv2D):
            # A convolution gathers its windows: all but the last axis of the kernel for each output pixel.
            elements += math.prod(node.shape[:2]) * math.prod(node.op.kernel.shape[:3])
    return max(1, min(BATCH, BATCH_ELEMENTS // elements))


def _batches(samples: Samples, size: int) -> Iterator[tuple[int, Samples]]:
    total = floating.count(samples)
    for start in range(0, total, size):
        yield min(start + size, total), floating.part(samples, start, start + size)
