# SPDX-License-Identifier: Apache-2.0
"""What an integer network loses against the float one, counted on the same samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog import floating, frames
from kerilog.errors import KerilogError
from kerilog.floating import Samples
from kerilog.formats import IntArray
from kerilog.graph import Graph
from kerilog.integer.model import Model
from kerilog.qgraph import QGraph
from kerilog.quality import batches, heads
from kerilog.quality.answers import classes
from kerilog.quality.labels import Head, NoAccuracy, Target, target

PROBE = 500
"""Samples that the error of outputs is measured on, and after which a network may be let go."""
SURE = 2.0
"""Standard errors by which a loss is within a bound, or beyond it."""

Labels = Mapping[str, npt.NDArray[Any]]
Reals = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Loss:
    """Points (percent) of right answers lost on ``samples`` and the standard error of that; of a sample with
    several answers each counts its share.
    """

    points: float
    error: float
    samples: int

    @property
    def most(self) -> float:
        """The points that it may be: of the many networks that are tried, those that come out lucky are not
        to be chosen for it.
        """
        return self.points + SURE * self.error

    @property
    def least(self) -> float:
        """The points that it is at least."""
        return self.points - SURE * self.error

    @property
    def text(self) -> str:
        """As ``0.43 +- 0.10``."""
        return f"{self.points:.2f} +- {self.error:.2f}"


def loss_of(differences: npt.NDArray[np.float64]) -> Loss:
    """Of samples whose ``differences`` (count,) are the shares of answers that only float has right, less
    those that only integers have.
    """
    count = len(differences)
    # one more sample of either kind by half, as kerilog.study.intervals has it: none lost is not none to lose
    size = count + 2
    squares = float((differences**2).sum()) + 1 - float(differences.sum()) ** 2 / size
    return Loss(100 * float(differences.mean()), 100 * math.sqrt(squares) / size, count)


@dataclasses.dataclass(frozen=True)
class _AsFloat:
    """An output without labels, where the float network's answers are the right ones."""

    head: Head
    output: str
    rule: str = "answers of the float network"

    def answers(self, outputs: Reals) -> IntArray:
        """The answers (count, answers) that ``outputs`` (count, *shape), real values, stand for."""
        return classes(self.head, outputs, self.output).reshape(len(outputs), -1)


class Judge:
    """Samples with the float network's answers and the right ones.

    ``x`` (count, *shape) by the names of the inputs; ``labels`` by the names of the outputs. ``rule`` is what
    is counted, in words, and ``float_right`` the share (0..1) of answers that float has right. An output
    without labels loses where it answers other than float. ``integer`` is any integer form of ``original``.
    Raises KerilogError for an output that has no classes.
    """

    def __init__(self, original: Graph, integer: QGraph, x: Samples, labels: Labels) -> None:
        self.x = batches.named(integer, x)
        self.count = floating.count(self.x)
        names = frames.output_names(original)
        kinds = heads.heads(original, integer)
        # the float network up to where the integer one ends, and to its own end
        whole = dataclasses.replace(original, outputs=(*original.outputs, *integer.outputs))
        found = floating.run(whole, self.x)
        self._references = found[len(names) :]
        self._goals = [_goal(name, head, labels.get(name)) for name, head in zip(names, kinds, strict=True)]
        answers = [goal.answers(values) for goal, values in zip(self._goals, found, strict=False)]
        self._truths = [
            goal.truth(0, self.count) if isinstance(goal, Target) else own
            for goal, own in zip(self._goals, answers, strict=True)
        ]
        self._right = self._marks(answers, 0)
        self.float_right = float(self._right.mean())
        self.rule = "; ".join(dict.fromkeys(goal.rule for goal in self._goals))

    @property
    def content(self) -> tuple[object, ...]:
        """All that losses follow from, for a digest."""
        return self.x, *self._truths, *self._references, self._right, self.rule

    def loss(self, integer: QGraph, bound: float | None = None) -> Loss:
        """The loss of ``integer``: of the first samples alone where these show that it is beyond ``bound``
        points.
        """
        found: list[npt.NDArray[np.float64]] = []
        for start, outputs in self._outputs(integer, self.count):
            stop = start + len(outputs[0])
            answers = [goal.answers(values) for goal, values in zip(self._goals, outputs, strict=True)]
            found.append(self._right[start:stop].mean(axis=1) - self._marks(answers, start).mean(axis=1))
            if bound is not None and stop >= PROBE:
                so_far = loss_of(np.concatenate(found))
                if so_far.least > bound:
                    return so_far
        return loss_of(np.concatenate(found))

    def error(self, integer: QGraph) -> float:
        """Squared error of the outputs over their squares, on the first ``PROBE`` samples.

        It is what widths are compared by before answers are counted: errors of layers add up in it, about,
        and a few samples tell what takes thousands of answers.
        """
        squares = np.zeros((2, len(integer.outputs)))
        for start, outputs in self._outputs(integer, min(PROBE, self.count)):
            for place, values in enumerate(outputs):
                reference = self._references[place][start : start + len(values)].astype(np.float64)
                squares[:, place] += np.sum((values - reference) ** 2), np.sum(reference**2)
        return float(np.sum(squares[0] / np.maximum(squares[1], np.finfo(np.float64).tiny)))

    def _marks(self, answers: list[IntArray], start: int) -> npt.NDArray[np.bool_]:
        """Which ``answers``, an array for each output, are right; their samples begin at ``start``."""
        stop = start + len(answers[0])
        right = [own == truth[start:stop] for own, truth in zip(answers, self._truths, strict=True)]
        return np.concatenate(right, axis=1)

    def _outputs(self, integer: QGraph, count: int) -> Iterator[tuple[int, list[Reals]]]:
        """Real values of every output for the first ``count`` samples, a batch at a time, and its start."""
        model = Model(integer)
        some = floating.part(self.x, 0, count)
        for start, part in batches.batches(integer, some, batches.batch_size(integer)):
            codes = model.tensors(batches.codes_of(integer, part), integer.outputs)
            yield start, [integer[name].format.dequantize(codes[name]) for name in integer.outputs]


def _goal(name: str, head: Head, labels: Reals | None) -> Target | _AsFloat:
    """What is counted at the output ``name``."""
    if labels is None:
        return _AsFloat(head, name)
    goal = target(labels, head)
    if isinstance(goal, NoAccuracy):
        raise KerilogError(f"output '{name}': expected labels that answers can be right by: {goal.reason}")
    return goal
