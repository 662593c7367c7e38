# SPDX-License-Identifier: Apache-2.0
"""What the outputs of a design stand for: classes, and how many of them are right."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.quality.labels import CLASS, PROBABILITY, Head, NoAccuracy, target
from kerilog.quality.moments import moments

Reals = npt.NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class Judgement:
    """An output beside its labels.

    ``accuracy``: share of right answers, 0..1, None where the labels do not allow one; of several labels a
    sample each counts, and ``exact_match`` is the share of samples all of whose labels are right.
    ``label_rmse``: distance to the labels of a regression. ``rule`` says what counts as right, or why nothing
    does.
    """

    samples: int
    accuracy: float | None
    exact_match: float | None
    label_rmse: float | None
    rule: str


def judge(head: Head, labels: npt.NDArray[Any] | None, outputs: Reals) -> Judgement:
    """``outputs`` (count, *shape), real values of ``head``, beside ``labels`` (count, ...)."""
    count = len(outputs)
    goal = target(labels, head)
    if isinstance(goal, NoAccuracy):
        rmse = None if goal.values is None else moments(goal.values, outputs).rmse
        return Judgement(count, None, None, rmse, goal.reason)
    right = goal.truth(0, count) == goal.answers(outputs)
    exact = float(right.all(axis=1).mean()) if goal.multi else None
    return Judgement(count, float(right.mean()), exact, None, goal.rule)


def classes(head: Head, outputs: Reals, name: str) -> IntArray:
    """The class numbers, from 0, that ``outputs`` (count, *shape), real values, stand for.

    Of several units the largest counts, one class per place: (count, *shape without the channels). Behind a
    sigmoid every unit is a yes (1) above 0.5: (count, *shape). Raises KerilogError for one unit without a
    sigmoid, as for a regression, which has no classes.
    """
    if head.function == CLASS:
        return np.asarray(outputs.reshape(len(outputs), *head.shape[:-1]), np.int64)
    if head.function == "sigmoid":
        return (outputs > PROBABILITY).astype(np.int64)
    if head.units == 1:
        raise KerilogError(
            f"output '{name}': classes need several units or a sigmoid, found one unit, {head.function}"
        )
    answers = outputs.reshape(len(outputs), -1, head.units).argmax(axis=2)
    if answers.shape[1] != math.prod(head.shape[:-1]):
        raise KerilogError(f"output '{name}': expected shape {head.shape}, found {outputs.shape[1:]}")
    return np.asarray(answers.reshape(len(outputs), *head.shape[:-1]), np.int64)
