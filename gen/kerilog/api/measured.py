# SPDX-License-Identifier: Apache-2.0
"""What is measured on samples: for the user, and for the folder and its report."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from kerilog import floating
from kerilog.data import NamedData
from kerilog.graph import Array, Graph
from kerilog.manifest import Accuracy
from kerilog.progress import Progress
from kerilog.qgraph import QGraph
from kerilog.quality import classes
from kerilog.report import record
from kerilog.report.record import Answers, Record
from kerilog.transforms import simplify

Named = Mapping[str, Array]
Labels = Mapping[str, npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """What the manifest and the report will say; ``data`` is on which samples, None for none."""

    data: str | None = None
    accuracies: Mapping[str, Accuracy] = dataclasses.field(default_factory=dict)
    record: Record | None = None
    warnings: tuple[str, ...] = ()


def measure(
    original: Graph | None, integer: QGraph, x: Named | None, y: Labels | None, progress: Progress
) -> Measured:
    """Measure on samples ``x`` (count, *shape) with labels ``y`` of outputs, by name, if given."""
    if x is None:
        return Measured()
    count = floating.count(x)
    simple = None if original is None else simplify(original)
    activations = record.measure(integer, x, simple, progress)
    told = f"{count:,} calibration samples" if y is None else f"{count:,} test samples"
    matrices = {}
    if original is not None and y:
        data = NamedData({}, dict(x), dict(y), told)
        matrices = classes.measure_confusions(original, integer, data, progress)
    answers = tuple(Answers(name, found[0], found[1]) for name, found in matrices.items())
    return Measured(
        f"{told}, from Python",
        {name: classes.accuracy_of(found) for name, found in matrices.items()},
        Record(min(count, record.SAMPLES), activations, simple, answers),
    )
