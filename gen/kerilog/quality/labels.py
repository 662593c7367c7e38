# SPDX-License-Identifier: Apache-2.0
"""What counts as a right answer of an output: its rule, read from the labels and from what the output is."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.formats import IntArray
from kerilog.graph import Shape

Labels = npt.NDArray[Any]
CLASS = "class"
"""The function of an output that is the number of a class."""
PROBABILITY, LOGIT = 0.5, 0.0  # above which an answer is a yes

_ONE_ANSWER = ("softmax", CLASS)
_NONE = "the data has no labels for it"
_PART = 1 << 20  # labels that are looked at at once


@dataclasses.dataclass(frozen=True)
class Head:
    """An output: its shape (no batch axis) and the function behind it ("softmax", "sigmoid", "linear").

    Of ``CLASS`` it has the shape that the scores would have: what comes out is the number of the largest.
    """

    shape: Shape
    function: str

    @property
    def units(self) -> int:
        """Channels: the scores of one place."""
        return self.shape[-1]

    @property
    def places(self) -> int:
        """Where there is an answer: 1, or the pixels of a map."""
        return math.prod(self.shape[:-1])


@dataclasses.dataclass(frozen=True, eq=False)
class Target:
    """Labels that an output can be right about.

    ``labels`` (count, answers) are numbers of classes from ``first`` on, yes (more than ``first``) and no,
    or, with ``one_hot``, one-hot rows. Above ``threshold`` an output is a yes; where that is None, the
    largest output is the answer. ``rule`` says so in words. ``multi``: a sample has several labels, and it is
    worth telling how often all of them are right.
    """

    head: Head
    labels: Labels
    rule: str
    threshold: float | None = None
    first: int = 0
    one_hot: bool = False
    multi: bool = False

    @property
    def classes(self) -> int:
        """How many answers there are to choose from."""
        return self.head.units if self.threshold is None else 2

    def truth(self, start: int, stop: int) -> IntArray:
        """Right answers (count, answers) of the samples ``start`` to ``stop``, from 0."""
        part = self.labels[start:stop]
        if self.one_hot:
            return _largest(part, self.head.units)
        if self.threshold is not None:
            return (part > self.first).astype(np.int64)
        return part.astype(np.int64) - self.first

    def answers(self, outputs: npt.NDArray[Any]) -> IntArray:
        """The answers (count, answers) that ``outputs`` (count, *shape), real values, stand for."""
        if self.head.function == CLASS:
            return np.asarray(outputs.reshape(len(outputs), -1), np.int64)
        if self.threshold is None:
            return _largest(outputs, self.head.units)
        return (outputs.reshape(len(outputs), -1) > self.threshold).astype(np.int64)


@dataclasses.dataclass(frozen=True, eq=False)
class NoAccuracy:
    """Why an output has no accuracy; ``values`` (count, elements) are labels of the output's own shape."""

    reason: str
    values: Labels | None = None


def target(labels: Labels | None, head: Head, others: Labels | None = None) -> Target | NoAccuracy:
    """What ``labels`` (count, ...), numbers or names, make an answer of ``head`` right.

    ``others`` are more labels of the same kind (those of the training samples): numbers that these lack tell
    whether classes are counted from 0 or from 1.
    """
    if labels is None:
        return NoAccuracy(_NONE)
    if labels.dtype.kind not in "buif":
        return _names(labels, head)
    rows = labels.reshape(len(labels), -1)
    if not all(np.isfinite(part).all() for part in _parts(rows)):
        return NoAccuracy("labels hold NaN or infinity")
    if head.units == 1 and rows.shape[1] == head.places:
        return _yes_or_no(rows, head, _alike(others, rows))
    if rows.shape[1] == head.places:
        return _class_numbers(rows, head, _alike(others, rows))
    if rows.shape[1] == head.places * head.units:
        return _label_rows(rows, head)
    came = " x ".join(map(str, labels.shape[1:])) or "one number"
    return NoAccuracy(
        f"labels of {came} per sample do not fit an output of {' x '.join(map(str, head.shape))}"
    )


def _alike(others: Labels | None, rows: Labels) -> Labels:
    """``others`` as ``rows`` are; none where they are of another kind."""
    if others is None or others.dtype.kind not in "buif" or others.size != len(others) * rows.shape[1]:
        return rows[:0]
    return others.reshape(len(others), -1)


def _yes_or_no(rows: Labels, head: Head, others: Labels) -> Target | NoAccuracy:
    """One unit: a probability behind a sigmoid, or a logit."""
    if head.function == "softmax":
        return NoAccuracy("a softmax over one unit gives 1 whatever the input")
    if (few := _few(rows)) is None:
        return NoAccuracy("labels are numbers, not yes and no: a regression", rows)
    few |= _few(others) or set()
    found = " and ".join(f"{value:g}" for value in sorted(few))
    if head.function == "sigmoid":
        if few <= {0, 1}:
            return Target(head, rows, "above 0.5 counts as 1", PROBABILITY)
        if few <= {1, 2}:
            return Target(head, rows, "above 0.5 counts as 2; labels are 1 and 2", PROBABILITY, 1)
        return NoAccuracy(f"expected labels 0 and 1, found {found}")
    if head.function == "linear" and few <= {0, 1}:
        return Target(head, rows, "a logit: above 0 counts as 1", LOGIT)
    if head.function in ("linear", "tanh") and few <= {-1, 1}:
        return Target(head, rows, "above 0 counts as 1, else -1", LOGIT)
    return NoAccuracy("labels are numbers, not yes and no: a regression", rows)


def _class_numbers(rows: Labels, head: Head, others: Labels) -> Target | NoAccuracy:
    """A class number at each place; they may begin at 1, as in MATLAB and in many tables."""
    if not _all_whole(rows):
        return NoAccuracy("labels are not whole numbers, so no class numbers")
    low, high = int(rows.min()), int(rows.max())
    if others.size and np.isfinite(others).all():
        low, high = min(low, int(others.min())), max(high, int(others.max()))
    if low >= 0 and high < head.units:
        return Target(head, rows, LARGEST)
    if low >= 1 and high == head.units:
        return Target(head, rows, f"{LARGEST}; labels 1 to {high} are classes 0 to {high - 1}", first=1)
    last = head.units - 1
    return NoAccuracy(
        f"expected class numbers from 0 to {last}, or from 1 to {last + 1}, found {low} to {high}"
    )


LARGEST = "the largest output counts"


def _label_rows(rows: Labels, head: Head) -> Target | NoAccuracy:
    """A label for every unit: one-hot, several at once, or real values."""
    sums = _sums(rows, head.units)
    if (few := _few(rows)) is None or not few <= {0, 1}:
        # smoothed one-hot rows, or those of a mixture
        if head.function in _ONE_ANSWER and rows.min() >= 0 and np.allclose(sums, 1, atol=1e-3):
            return Target(head, rows, f"{LARGEST}; of each row of labels the largest one", one_hot=True)
        values = None if head.function in _ONE_ANSWER else rows
        return NoAccuracy("labels are numbers, not classes: a regression", values)
    if np.all(sums == 1):
        return Target(head, rows, f"{LARGEST}; labels are one-hot", one_hot=True)
    if head.function in _ONE_ANSWER:
        return NoAccuracy(f"a {head.function} has one answer, and rows of labels have none or several ones")
    if head.function == "sigmoid":
        return Target(head, rows, "each label by itself, above 0.5 counts as 1", PROBABILITY, multi=True)
    if head.function == "linear":
        rule = "each label by itself, a logit: above 0 counts as 1"
        return Target(head, rows, rule, LOGIT, multi=True)
    return NoAccuracy("labels are zeros and ones, which fit a sigmoid or logits", rows)


def _names(labels: Labels, head: Head) -> Target | NoAccuracy:
    """Names of classes, which are numbered in alphabetical order if all of them are there."""
    if labels.dtype.kind not in "USO" or labels.size != len(labels) * head.places:
        return NoAccuracy(f"expected numbers or names as labels, found {labels.dtype} {labels.shape[1:]}")
    found, numbers = np.unique(labels.reshape(len(labels), -1).astype(str), return_inverse=True)
    classes = max(head.units, 2)
    if len(found) != classes:
        return NoAccuracy(
            f"labels hold {len(found)} names for {classes} classes, so which is which is not known"
        )
    made = target(numbers.reshape(len(labels), -1), head)
    if isinstance(made, NoAccuracy):
        return made
    return dataclasses.replace(made, rule=f"{made.rule}; names of classes in alphabetical order")


def _largest(rows: Labels, units: int) -> IntArray:
    """Which of the ``units`` numbers of each place is the largest."""
    return np.asarray(rows.reshape(len(rows), -1, units).argmax(axis=2), np.int64)


def _parts(rows: Labels) -> Iterator[Labels]:
    """``rows`` some at a time: labels of every pixel are large."""
    step = max(1, _PART // max(rows.shape[1], 1))
    return (rows[start : start + step] for start in range(0, len(rows), step))


def _all_whole(rows: Labels) -> bool:
    return all(bool(np.all(part == np.floor(part))) for part in _parts(rows))


def _few(rows: Labels) -> set[float] | None:
    """The values of ``rows`` if these are at most two whole numbers."""
    found: set[float] = set()
    for part in _parts(rows):
        found |= set(np.unique(part)[:3].astype(float).tolist())
        if len(found) > 2:
            return None
    return found if all(value.is_integer() for value in found) else None


def _sums(rows: Labels, units: int) -> npt.NDArray[np.float64]:
    """The sum of the labels of every place."""
    return np.concatenate([part.reshape(-1, units).sum(axis=1, dtype=np.float64) for part in _parts(rows)])
