# SPDX-License-Identifier: Apache-2.0
"""Right answers of a classifier: confusion matrices of the float network, the integer one and a naive one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog import floating, frames
from kerilog.data import NamedData
from kerilog.formats import IntArray
from kerilog.graph import Array, Graph, Shape
from kerilog.integer.model import run_outputs
from kerilog.manifest import Accuracy
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.quantize import naive

_BATCH = 500


def measure_confusions(
    graph: Graph, integer: QGraph, data: NamedData, progress: Progress = silent
) -> dict[str, IntArray]:
    """Confusion matrices (3, classes, classes) on the test samples, in the order of ``Accuracy``.

    By the name of the output in ``integer``, of those that the data has class labels for. Row: the true
    class; column: the answer.
    """
    labels = _labels(graph, data)
    count = floating.count(data.x_test)
    networks = (integer, naive(graph)) if labels else ()
    matrices = {place: np.zeros((3, classes, classes), np.int64) for place, (_, classes) in labels.items()}
    for start in range(0, count if labels else 0, _BATCH):
        progress("comparing with float", start / count)
        x = floating.part(data.x_test, start, start + _BATCH)
        answers: list[tuple[npt.NDArray[Any], ...]] = [floating.run(graph, x)]
        answers += [run_outputs(net, frames.codes_of(net, x)) for net in networks]
        for place, (truth, classes) in labels.items():
            batch = truth[start : start + _BATCH]
            matrices[place] += [confusion(batch, one[place].argmax(axis=1), classes) for one in answers]
    names = frames.output_names(integer)
    return {names[place]: found for place, found in matrices.items()}


def _labels(graph: Graph, data: NamedData) -> dict[int, tuple[npt.NDArray[np.int64], int]]:
    """Class numbers of the test samples and how many classes there are, by the place of the output."""
    found = {}
    for place, (name, output) in enumerate(zip(frames.output_names(graph), graph.outputs, strict=True)):
        labels = class_labels(data.y_test.get(name), graph[output].shape)
        if labels is not None:
            found[place] = labels, graph[output].shape[0]
    return found


def accuracy_of(matrices: IntArray) -> Accuracy:
    """The accuracies of confusion ``matrices`` (3, classes, classes)."""
    count = int(matrices[0].sum())
    original, integer, plain = (int(np.trace(matrix)) / count for matrix in matrices)
    return Accuracy(samples=count, original=original, integer=integer, naive=plain)


def class_labels(labels: Array | None, shape: Shape) -> npt.NDArray[np.int64] | None:
    """Labels (count,) of an output of ``shape`` as class numbers, from numbers or one-hot rows.

    None if they are neither.
    """
    if labels is None or len(shape) != 1 or shape[0] < 2:
        return None
    if labels.ndim == 2 and labels.shape[1] == shape[0]:
        classes: npt.NDArray[np.int64] = np.argmax(labels, axis=1).astype(np.int64)
        return classes
    flat = labels.reshape(len(labels), -1)
    if flat.shape[1] != 1 or np.any(flat != np.floor(flat)) or flat.min() < 0 or flat.max() >= shape[0]:
        return None
    return flat[:, 0].astype(np.int64)


def confusion(labels: npt.NDArray[np.integer], answers: npt.NDArray[np.integer], classes: int) -> IntArray:
    """The confusion matrix (classes, classes) of ``labels`` and ``answers`` (count,): row the true class."""
    pairs = labels.astype(np.int64) * classes + answers.astype(np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)
