# SPDX-License-Identifier: Apache-2.0
"""Everything that is measured of an integer network on samples, for the manifest and the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy.typing as npt

from kerilog import floating, frames
from kerilog.calibrate import Observation
from kerilog.floating import Samples
from kerilog.graph import Graph
from kerilog.manifest import Accuracy, Quality
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.quality import doubts, figures, heads
from kerilog.quality.doubts import Seen
from kerilog.quality.heads import FLOAT, INTEGER, HeadQuality
from kerilog.quantize import Calibration, naive, strip_softmax
from kerilog.report import record
from kerilog.report.record import Answers, Observed, Record
from kerilog.transforms import simplify

Labels = Mapping[str, npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """``accuracies`` and ``quality`` by the name of the output, the report's record, what is doubtful.

    ``heads``: what ``quality`` was made from.
    """

    accuracies: Mapping[str, Accuracy] = dataclasses.field(default_factory=dict)
    quality: Mapping[str, Quality] = dataclasses.field(default_factory=dict)
    record: Record | None = None
    warnings: tuple[str, ...] = ()
    heads: Mapping[str, HeadQuality] = dataclasses.field(default_factory=dict)


def nothing(integer: QGraph) -> Measured:
    """Of a network that came without samples: why there are no figures."""
    return Measured(quality=figures.unmeasured(frames.output_names(integer)))


def measure(
    original: Graph | None,
    integer: QGraph,
    x: Samples,
    y: Labels,
    calibrated: Calibration | None = None,
    calibration_labels: Labels | None = None,
    progress: Progress = silent,
) -> Measured:
    """Measure ``integer`` on test samples ``x`` (count, *shape), real values, with labels ``y`` by output.

    ``original`` is the float network that it was made of, None for a TFLite file; ``calibrated`` has what its
    tensors held over the calibration samples, and the form of it, simplified and perhaps equalized, whose
    tensors are those of ``integer``; ``calibration_labels`` are the labels of these samples. Raises
    KerilogError for samples or labels that do not fit.
    """
    plain = naive(original) if original is not None and y else None
    found = heads.measure(original, integer, x, y, plain, calibration_labels, progress)
    simple = None if original is None else calibrated.graph if calibrated else simplify(original)
    samples = min(floating.count(x), record.SAMPLES)
    seen = record.measure(integer if simple else strip_softmax(integer), x, simple, progress)
    warnings = list(
        _about_values(integer, x, samples, seen, None if calibrated is None else calibrated.observations)
    )
    if original is not None and calibration_labels:
        names = dict(zip(frames.output_names(original), frames.output_names(integer), strict=True))
        labels = {names[name]: some for name, some in calibration_labels.items()}
        warnings += doubts.about_calibration(labels, found)
    return Measured(
        figures.accuracies(found),
        figures.qualities(found),
        Record(samples, seen, simple, tuple(_answers(found))),
        (*warnings, *doubts.about_accuracy(found)),
        found,
    )


def _about_values(
    integer: QGraph,
    x: Samples,
    samples: int,
    activations: tuple[Observed, ...],
    calibrated: Mapping[str, Observation] | None,
) -> Iterator[str]:
    """Samples that the formats do not suit: unlike those of the calibration, or of columns far apart."""
    yield from doubts.about_columns(integer, x, samples)
    if calibrated is None:
        yield from doubts.about_inputs(integer, x, samples)
        return
    seen = [
        Seen(one.name, one.seen.count, one.alone.overflow, one.seen.minimum, one.seen.maximum)
        for one in activations
        if one.alone is not None
    ]
    yield from doubts.about_range(integer, calibrated, seen, samples)


def _answers(found: Mapping[str, HeadQuality]) -> Iterator[Answers]:
    """The confusion matrices of the outputs that have classes, in float and in integers."""
    for name, one in found.items():
        before, after = (
            one.tallies[kind].confusion if kind in one.tallies else None for kind in (FLOAT, INTEGER)
        )
        if before is not None and after is not None:
            yield Answers(name, before, after)
