# SPDX-License-Identifier: Apache-2.0
"""What ``kerilog build`` measures and leaves in ``DIR/report``: a report needs no model and no data again.

The file has the same bytes each time; times are taken when the report is made.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kerilog import floating, graph, storage
from kerilog.calibrate import Observation
from kerilog.floating import Samples
from kerilog.formats import Format, IntArray
from kerilog.graph import Array, Graph
from kerilog.integer.model import run_all
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.report.conversion import Conversion, Error, compare, convert

FILE_NAME = "report/measured.npz"
SAMPLES = 1000  # samples over which tensors are compared
_BATCH = 100


@dataclasses.dataclass(frozen=True, eq=False)
class Observed:
    """One tensor between layers, over samples.

    ``seen`` are the float values, or those of the integer network where there is no float one. ``alone`` is
    what the tensor's format does to the float values; ``network`` is the error of the integer network's
    tensor, with all that came before it. Both are None without a float network.
    """

    name: str
    seen: Observation
    alone: Conversion | None = None
    network: Error | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """What one output of the float network (``before``) and of the integer one (``after``) takes samples for.

    Confusion matrices (classes, classes): row the true class, column the answer.
    """

    output: str
    before: IntArray
    after: IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class Record:
    """Everything measured.

    ``original`` is the simplified float network, None for a TFLite file. ``answers`` has an entry for each
    output that the data has class labels for.
    """

    samples: int
    activations: tuple[Observed, ...]
    original: Graph | None = None
    answers: tuple[Answers, ...] = ()


def save(record: Record, directory: Path) -> None:
    """Write ``record`` below the design's ``directory``."""
    path = directory / FILE_NAME
    path.parent.mkdir(exist_ok=True)
    storage.save(record, path)


def load(directory: Path) -> Record:
    """Read the record of a design; empty where none was written. Raises KerilogError if it is broken."""
    path = directory / FILE_NAME
    if not path.exists():
        return Record(0, ())
    return storage.load_item(path, Record, (graph, sys.modules[__name__]), "record of a build")


def measure(
    integer: QGraph, x: Samples, original: Graph | None = None, progress: Progress = silent
) -> tuple[Observed, ...]:
    """Compare every tensor of ``integer`` with ``original`` over the first samples ``x`` (count, *shape).

    Several inputs have their samples by name.

    Tensors go together by name; one that the float network lacks is shown as the integer network has it.
    """
    found = {node.name: Observed(node.name, Observation()) for node in integer}
    count = min(floating.count(x), SAMPLES)
    for start in range(0, count, _BATCH):
        progress("measuring the error of every tensor", start / count)
        batch = floating.part(x, start, min(start + _BATCH, count))
        codes = run_all(integer, _codes(integer, batch))
        floats = floating.run_all(original, batch) if original is not None else {}
        for node in integer:
            real = node.format.dequantize(codes[node.name])
            found[node.name] = _more(found[node.name], real, floats.get(node.name), node.format)
    return tuple(found.values())


def _codes(integer: QGraph, x: Samples) -> dict[str, IntArray]:
    by_name = x if isinstance(x, Mapping) else {integer.inputs[0].name: x}
    return {node.name: node.format.quantize(by_name[node.name]) for node in integer.inputs}


def _more(so_far: Observed, real: npt.NDArray[np.float64], values: Array | None, format: Format) -> Observed:
    """``so_far`` and a batch: the integer network's numbers ``real`` and the float network's ``values``."""
    if values is None:
        so_far.seen.add(real.astype(np.float32))
        return so_far
    so_far.seen.add(values)
    return dataclasses.replace(
        so_far,
        alone=(so_far.alone or Conversion()) + convert(values, format),
        network=(so_far.network or Error()) + compare(values, real),
    )


def confusion(labels: npt.NDArray[np.integer], answers: npt.NDArray[np.integer], classes: int) -> IntArray:
    """The confusion matrix (classes, classes) of ``labels`` and ``answers`` (count,): row the true class."""
    pairs = labels.astype(np.int64) * classes + answers.astype(np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)
