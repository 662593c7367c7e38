# SPDX-License-Identifier: Apache-2.0
"""What ``kerilog build`` measures and leaves in ``DIR/report``: a report needs no model and no data again.

The file has the same bytes each time; times are taken when the report is made.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np

from kerilog import floating, formats, graph, storage
from kerilog.calibrate import Observation
from kerilog.floating import Samples
from kerilog.formats import IntArray
from kerilog.graph import Array, Graph
from kerilog.integer.finish import Codes
from kerilog.parallel import results
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph, QNode
from kerilog.quality.batches import batches
from kerilog.quality.layers import together
from kerilog.report.conversion import Conversion, Error, compare, convert

FILE_NAME = "report/measured.npz"
SAMPLES = 1000  # samples over which tensors are compared
_BATCH = 100  # samples that are worked on at once, at the most
_BATCH_ELEMENTS = 1 << 20  # of all their tensors


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
    return storage.load_item(path, Record, (graph, formats, sys.modules[__name__]), "record of a build")


def measure(
    integer: QGraph, x: Samples, original: Graph | None = None, progress: Progress = silent
) -> tuple[Observed, ...]:
    """Compare every tensor of ``integer`` with ``original`` over the first samples ``x`` (count, *shape).

    Several inputs have their samples by name.

    Tensors go together by name; one that the float network lacks is shown as the integer network has it.
    """
    total = min(floating.count(x), SAMPLES)
    elements = sum(math.prod(node.shape) for node in integer)
    size = max(1, min(_BATCH, _BATCH_ELEMENTS // elements))

    def work(start: int) -> dict[str, Observed]:
        stop = min(start + size, total)
        ((_, batch),) = batches(integer, floating.part(x, start, stop), size)
        return {
            name: _seen(integer[name], codes, stop - start)
            if values is None
            else _compared(integer[name], codes, values)
            for name, values, codes in together(original, integer, batch)
        }

    found = {node.name: Observed(node.name, Observation()) for node in integer}
    starts = range(0, total, size)
    for start, batch in zip(starts, results(starts, work), strict=True):
        progress("measuring the error of every tensor", start / total)
        for name, one in batch.items():
            found[name] = _together(found[name], one)
    return tuple(found.values())


def _compared(node: QNode, codes: Codes, values: Array) -> Observed:
    """The float network's ``values`` of a tensor beside the integer network's ``codes``."""
    seen = Observation()
    seen.add(values)
    error = compare(values, node.format.dequantize(codes))
    return Observed(node.name, seen, convert(values, node.format), error)


def _seen(node: QNode, codes: Codes, count: int) -> Observed:
    """A tensor that the integer network alone has, over ``count`` samples."""
    seen = Observation()
    real = node.format.dequantize(codes).astype(np.float32)
    seen.add(np.broadcast_to(real, (count, *node.shape)))
    return Observed(node.name, seen)


def _together(one: Observed, more: Observed) -> Observed:
    """Both over the samples of both; ``one`` may be empty."""
    one.seen.take(more.seen)
    if more.alone is None or more.network is None:
        return one
    alone, network = one.alone or Conversion(), one.network or Error()
    return dataclasses.replace(one, alone=alone + more.alone, network=network + more.network)
