# SPDX-License-Identifier: Apache-2.0
"""Confusion matrices and the accuracy of every class, as the page's template prints them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from kerilog.formats import IntArray
from kerilog.report import words
from kerilog.report.record import Answers, Record

MOST_CLASSES = 30  # of a matrix that can still be read
_CONTRAST = 0.4


@dataclasses.dataclass(frozen=True)
class MatrixCell:
    text: str
    level: float
    right: bool
    tip: str


@dataclasses.dataclass(frozen=True)
class Matrix:
    """A confusion matrix: row the true class, column the answer."""

    title: str
    note: str
    rows: tuple[tuple[MatrixCell, ...], ...]


@dataclasses.dataclass(frozen=True)
class ClassRow:
    """One class; widths are percent, counted from ``axis`` so that small differences can be seen."""

    label: int
    samples: str
    before: str
    after: str
    change: str
    tone: str
    before_width: float
    after_width: float


@dataclasses.dataclass(frozen=True)
class Classes:
    """The classes of one output; ``name`` is empty where there is no other."""

    name: str
    axis: str
    naive: str
    rows: tuple[ClassRow, ...]


def title(record: Record, answers: Answers) -> str:
    """The name of an output, where there are several."""
    return words.layer(answers.output) if len(record.answers) > 1 else ""


def matrices(record: Record) -> tuple[Matrix, ...]:
    """Before and after for every output; none without labels or with too many classes to be read."""
    found = []
    for answers in record.answers:
        if len(answers.before) <= MOST_CLASSES:
            name = title(record, answers)
            found.append(_matrix(f"{name}, before: float" if name else "Before: float", answers.before))
            found.append(_matrix(f"{name}, after: integers" if name else "After: integers", answers.after))
    return tuple(found)


def share_right(confusion: IntArray) -> float:
    """Accuracy of a confusion matrix."""
    return int(np.trace(confusion)) / max(int(confusion.sum()), 1)


def _matrix(title: str, confusion: IntArray) -> Matrix:
    totals = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    levels = np.round((confusion / totals) ** _CONTRAST, 3)
    rows = tuple(
        tuple(
            MatrixCell(
                words.count(int(number)),
                float(levels[truth, answer]),
                truth == answer,
                f"{int(number):,} samples of class {truth} classified as {answer}",
            )
            for answer, number in enumerate(row)
        )
        for truth, row in enumerate(confusion)
    )
    wrong = int(confusion.sum() - np.trace(confusion))
    return Matrix(title, f"{words.percent(share_right(confusion))} right, {wrong:,} wrong", rows)


def classes(record: Record, naive: Mapping[str, float]) -> tuple[Classes, ...]:
    """The accuracy of every class before and after, for every output; none without labels.

    ``naive``: what one format for every tensor would give, in all, by output.
    """
    return tuple(
        _classes(answers, title(record, answers), naive.get(answers.output)) for answers in record.answers
    )


def _classes(answers: Answers, name: str, naive: float | None) -> Classes:
    totals = np.maximum(answers.before.sum(axis=1), 1)
    before, after = np.diag(answers.before) / totals, np.diag(answers.after) / totals
    # Bars start at a round tenth below the worst class.
    axis = max(0.0, np.floor(10 * min(before.min(), after.min()) - 1e-9) / 10)
    rows = tuple(
        ClassRow(
            label,
            f"{int(answers.before[label].sum()):,}",
            words.percent(float(before[label])),
            words.percent(float(after[label])),
            words.points(float(after[label] - before[label])),
            _tone(float(after[label] - before[label])),
            _width(float(before[label]), axis),
            _width(float(after[label]), axis),
        )
        for label in range(len(totals))
    )
    return Classes(name, words.percent(axis, 0), "" if naive is None else words.percent(naive), rows)


def _tone(change: float) -> str:
    return "bad" if change < -5e-5 else ""


def _width(share: float, axis: float) -> float:
    return round(100 * (share - axis) / (1 - axis), 1) if axis < 1 else 100.0
