# SPDX-License-Identifier: Apache-2.0
"""The figures of every output: accuracy by the rule that fits its labels, and the error against float."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog import floating, frames
from kerilog.errors import KerilogError
from kerilog.floating import Samples
from kerilog.formats import IntArray
from kerilog.graph import Activation, Array, Converter, Graph, Reshape, Shape
from kerilog.integer.model import run_outputs
from kerilog.progress import Progress, silent
from kerilog.qgraph import QArgMax, QFloatSoftmax, QGraph, QLookup, QRequantize, QReshape, QSoftmax
from kerilog.quality import batches
from kerilog.quality.labels import CLASS, Head, NoAccuracy, Target, target
from kerilog.quality.moments import Moments, moments
from kerilog.quantize import strip_softmax
from kerilog.transforms import simplify

FLOAT, INTEGER, NAIVE = "float", "integer", "naive"
"""The networks that are measured: the original, the one in integers, the yardstick of one format for all."""

Labels = npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]
Reals = Mapping[str, npt.NDArray[Any]]  # an output in real values by network


@dataclasses.dataclass
class Tally:
    """Right answers of one network at one output, so far.

    ``confusion`` (classes, classes): row the true class, column the answer; None for several labels a sample.
    """

    right: int = 0
    answers: int = 0
    exact: int = 0
    samples: int = 0
    confusion: IntArray | None = None
    to_labels: Moments = dataclasses.field(default_factory=Moments)

    def add(self, goal: Target, start: int, outputs: npt.NDArray[Any]) -> None:
        """Count a batch of ``outputs`` (count, *shape) that begins at sample ``start``."""
        truth, answers = goal.truth(start, start + len(outputs)), goal.answers(outputs)
        same = truth == answers
        self.right += int(np.count_nonzero(same))
        self.answers += same.size
        self.exact += int(np.count_nonzero(same.all(axis=1)))
        self.samples += len(same)
        if not goal.multi:
            found = confusion(truth.reshape(-1), answers.reshape(-1), goal.classes)
            self.confusion = found if self.confusion is None else self.confusion + found


@dataclasses.dataclass(frozen=True, eq=False)
class HeadQuality:
    """What was found at one output over ``samples``.

    ``error`` is of the integer network against the float one, None where there is none. ``goal`` says which
    answers are right, or why that cannot be told. ``tallies`` are by network (``FLOAT``, ``INTEGER``,
    ``NAIVE``); ``largest_class`` is the accuracy (0..1) of always giving the commonest answer.
    """

    output: str
    samples: int
    goal: Target | NoAccuracy
    error: Moments | None = None
    tallies: Mapping[str, Tally] = dataclasses.field(default_factory=dict)
    largest_class: float | None = None

    def accuracy(self, network: str) -> float | None:
        """Share of right answers, 0..1; None where there is none. Of several labels each counts."""
        found = self.tallies.get(network)
        return found.right / found.answers if found and found.answers else None

    def exact_match(self, network: str) -> float | None:
        """Share of samples all of whose labels are right; None unless there are several a sample."""
        found = self.tallies.get(network)
        if not found or not isinstance(self.goal, Target) or not self.goal.multi:
            return None
        return found.exact / found.samples

    def label_rmse(self, network: str) -> float | None:
        """Root mean squared distance to the labels of a regression; None where it is none."""
        found = self.tallies.get(network)
        return found.to_labels.rmse if found and found.to_labels.count else None


def evaluate(
    graph: Graph | None, integer: QGraph, x: Samples, y: Labels | None = None, progress: Progress = silent
) -> dict[str, dict[str, float | str | None]]:
    """The figures of the outputs over samples ``x`` (count, *input shape), real values, and labels ``y``.

    Gives ``{"float": {...}, "integer": {...}}`` with ``accuracy`` (0..1) where the labels allow it, else
    ``why_no_accuracy``; ``exact_match`` for several labels a sample, ``label_rmse`` for a regression; and for
    "integer" ``rmse``, ``snr_db`` and ``correlation`` against float. With several outputs keys begin with the
    output's name and "_". "float" is empty without ``graph``. Labels of several outputs come by their names.
    Raises KerilogError for samples and labels that do not fit the network or each other.
    """
    return figures(measure(graph, integer, x, y, progress=progress))


def figures(measured: Mapping[str, HeadQuality]) -> dict[str, dict[str, float | str | None]]:
    """What ``evaluate`` gives, of outputs that are ``measured`` already."""
    found: dict[str, dict[str, float | str | None]] = {FLOAT: {}, INTEGER: {}}
    for name, one in measured.items():
        prefix = f"{name}_" if len(measured) > 1 else ""
        for network in (FLOAT, INTEGER) if one.error is not None else (INTEGER,):
            of_one = _figures(one, network)
            found[network] |= {f"{prefix}{key}": value for key, value in of_one.items()}
    return found


def _figures(one: HeadQuality, network: str) -> dict[str, float | str | None]:
    found: dict[str, float | str | None] = {
        "accuracy": one.accuracy(network),
        "exact_match": one.exact_match(network),
        "label_rmse": one.label_rmse(network),
        "why_no_accuracy": one.goal.reason if isinstance(one.goal, NoAccuracy) else None,
    }
    found = {key: value for key, value in found.items() if value is not None}
    if network == INTEGER and one.error is not None:
        error = one.error
        found |= {"rmse": error.rmse, "snr_db": error.snr_db, "correlation": error.correlation}
    return found


def measure(
    graph: Graph | None,
    integer: QGraph,
    x: Samples,
    y: Labels | None = None,
    naive: QGraph | None = None,
    others: Mapping[str, npt.NDArray[Any]] | None = None,
    progress: Progress = silent,
) -> dict[str, HeadQuality]:
    """The quality of every output of ``integer`` by name, in their order; see ``evaluate``.

    ``naive`` is the yardstick, which has the outputs of ``integer``; ``others`` are labels of other samples
    by the names of the outputs, as for ``labels.target``. A softmax at an output of ``integer`` is left out,
    for the largest of its inputs is the largest of its outputs.
    """
    by_name = batches.named(integer, x)
    count = floating.count(by_name)
    places, goals = _goals(graph, integer, _labels_of(graph, integer, y, count), others or {})
    judged = any(isinstance(goal, Target) for goal in goals.values())
    walk = _Networks(graph, integer, naive if judged else None)
    tallies = {name: {network: Tally() for network in walk.names} for name in places}
    errors = dict.fromkeys(places, Moments())
    for start, part in batches.batches(integer, by_name, batches.batch_size(integer)):
        progress("comparing with float", start / count)
        reals, references = walk.run(part)
        for name, place in places.items():
            if (reference := references[place]) is not None:
                errors[name] += moments(reference, reals[place][INTEGER])
            _count(tallies[name], goals[name], start, reals[place])
    return {
        name: HeadQuality(
            name,
            count,
            goals[name],
            errors[name] if graph is not None else None,
            tallies[name],
            _largest_class(goals[name], count),
        )
        for name in places
    }


def _goals(
    graph: Graph | None,
    integer: QGraph,
    labels: Sequence[npt.NDArray[Any] | None],
    others: Mapping[str, npt.NDArray[Any]],
) -> tuple[dict[str, int], dict[str, Target | NoAccuracy]]:
    """The place of every output in the order of the network and which answers are right, by its name.

    Logits that are an output beside their own softmax are one tensor in integers: it is judged once, with the
    labels of either.
    """
    names = frames.output_names(integer)
    originals = names if graph is None else frames.output_names(graph)
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name not in places or labels[places[name]] is None:
            places[name] = place
    kinds = heads(graph, integer)
    return places, {
        name: target(labels[place], kinds[place], others.get(originals[place]))
        for name, place in places.items()
    }


def _count(tallies: Mapping[str, Tally], goal: Target | NoAccuracy, start: int, reals: Reals) -> None:
    """Add a batch of every network to its tally."""
    for network, outputs in reals.items():
        tally = tallies[network]
        if isinstance(goal, Target):
            tally.add(goal, start, outputs)
        elif goal.values is not None:
            tally.to_labels += moments(goal.values[start : start + len(outputs)], outputs)


class _Networks:
    """The networks side by side: what each makes of the same samples, in real values."""

    def __init__(self, graph: Graph | None, integer: QGraph, naive: QGraph | None) -> None:
        integer = strip_softmax(integer)
        self.integers = {INTEGER: integer} | ({NAIVE: naive} if naive is not None else {})
        self.names = ((FLOAT,) if graph is not None else ()) + tuple(self.integers)
        self._original = None if graph is None else _with_references(simplify(graph), integer)

    def run(self, part: Mapping[str, Array]) -> tuple[list[Reals], list[Array | None]]:
        """For each output what every network gives, and what the float one has where the integer one ends.

        That is the same but for a softmax, which integers leave out: there errors are those of the logits.
        """
        places = len(self.integers[INTEGER].outputs)
        found: list[dict[str, npt.NDArray[Any]]] = [{} for _ in range(places)]
        references: list[Array | None] = [None] * places
        if self._original is not None:
            outputs = floating.run(self._original, part)
            references = list(outputs[places:])
            for place in range(places):
                found[place][FLOAT] = outputs[place]
        for network, graph in self.integers.items():
            codes = run_outputs(graph, batches.codes_of(graph, part))
            for place, (name, one) in enumerate(zip(graph.outputs, codes, strict=True)):
                found[place][network] = graph[name].format.dequantize(one)
        return list(found), references


def _with_references(original: Graph, integer: QGraph) -> Graph:
    """``original`` with the tensors in which ``integer`` ends as outputs behind its own."""
    known = {node.name for node in original}
    lost = [name for name in integer.outputs if name not in known]
    if lost or len(integer.outputs) != len(original.outputs):
        raise KerilogError(f"{integer.name}: was not made from this float network, which lacks its outputs")
    return dataclasses.replace(original, outputs=(*original.outputs, *integer.outputs))


def heads(graph: Graph | None, integer: QGraph) -> list[Head]:
    """What each output is, in their order: told by the float network, else by the integer one."""
    if graph is None:
        found = [Head(integer[name].shape, _integer_function(integer, name)) for name in integer.outputs]
    else:
        found = [Head(graph[name].shape, _function(graph, name)) for name in graph.outputs]
    scores = [_scores(integer, name) for name in integer.outputs]
    return [head if shape is None else Head(shape, CLASS) for head, shape in zip(found, scores, strict=True)]


def _scores(integer: QGraph, name: str) -> Shape | None:
    """The shape of the scores whose largest the output ``name`` is the number of; None if it is no class."""
    node = integer[name]
    while isinstance(node.op, QReshape):
        node = integer[node.inputs[0]]
    return integer[node.inputs[0]].shape if isinstance(node.op, QArgMax) else None


def _function(graph: Graph, name: str) -> str:
    """The function behind the output ``name``; what only moves elements or rounds them is passed over."""
    node = graph[name]
    while isinstance(node.op, Reshape | Converter):
        node = graph[node.inputs[0]]
    if isinstance(node.op, Activation):
        return {"hard_sigmoid": "sigmoid"}.get(node.op.function, node.op.function)
    return str(getattr(node.op, "activation", "linear"))


def _integer_function(integer: QGraph, name: str) -> str:
    node = integer[name]
    while isinstance(node.op, QReshape | QRequantize):
        node = integer[node.inputs[0]]
    if isinstance(node.op, QSoftmax | QFloatSoftmax):
        return "softmax"
    if isinstance(node.op, QLookup):
        return _table_function(node.format.dequantize(node.op.table))
    return "linear"


def _table_function(values: npt.NDArray[np.float64]) -> str:
    """The function of a table by its values: a sigmoid rises within 0 and 1, tanh within -1 and 1."""
    if np.all(np.diff(values) >= 0) and values.max() <= 1:
        return "sigmoid" if values.min() >= 0 else "tanh" if values.min() >= -1 else "other"
    return "other"


def _labels_of(
    graph: Graph | None, integer: QGraph, y: Labels | None, count: int
) -> list[npt.NDArray[Any] | None]:
    """The labels of every output in their order. Raises KerilogError for those that fit none."""
    names = frames.output_names(integer)
    originals = names if graph is None else frames.output_names(graph)
    if y is not None and not isinstance(y, Mapping):
        if len(names) > 1:
            raise KerilogError(
                f"labels: expected an array for each of the outputs {', '.join(names)}, got one"
            )
        y = {names[0]: y}
    given = {} if y is None else dict(y)
    found = []
    for name, original in zip(names, originals, strict=True):
        labels = given.pop(name, None) if name in given else given.pop(original, None)
        found.append(None if labels is None else np.asarray(labels))
        if labels is not None and len(labels) != count:
            raise KerilogError(f"labels of '{name}': expected {count}, one a sample, got {len(labels)}")
    if given:
        raise KerilogError(
            f"labels: there is no output '{next(iter(given))}'; outputs are {', '.join(names)}"
        )
    return found


def _largest_class(goal: Target | NoAccuracy, count: int) -> float | None:
    """The accuracy of the commonest answer, of each label where there are several."""
    if isinstance(goal, NoAccuracy):
        return None
    answers = goal.labels.shape[1] // (goal.head.units if goal.one_hot else 1)
    columns = answers if goal.multi else 1
    counts = np.zeros((columns, goal.classes), np.int64)
    for start in range(0, count, batches.MOST):
        truth = goal.truth(start, start + batches.MOST).reshape(-1, columns)
        for column in range(columns):
            counts[column] += np.bincount(truth[:, column], minlength=goal.classes)
    return float(counts.max(axis=1).sum() / counts.sum())


def confusion(labels: npt.NDArray[np.integer], answers: npt.NDArray[np.integer], classes: int) -> IntArray:
    """The confusion matrix (classes, classes) of ``labels`` and ``answers`` (count,): row the true class."""
    pairs = labels.astype(np.int64) * classes + answers.astype(np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)
