# SPDX-License-Identifier: Apache-2.0
"""Sensitivity: what each width alone would err and cost, and what all of them together then should.

Both are taken to add up: rounding errors of different layers have little to do with each other, and most of a
design's area is that of single layers. It is not quite so, and the search counts on it only for what to look
at next.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from kerilog.progress import Progress, silent
from kerilog.tune.cost import cost_of
from kerilog.tune.trial import Trials
from kerilog.tune.widths import Choice, Widths, narrower

TOGETHER = 8
"""Widths that are handed out at once, however many workers there are: results do not depend on those."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """``errors`` and ``costs``: of each choice by its width, what is added to those of the widest network."""

    widest: Widths
    error: float
    cost: float
    errors: tuple[Mapping[int, float], ...]
    costs: tuple[Mapping[int, float], ...]

    def error_of(self, widths: Widths) -> float:
        """The error that ``widths`` should have, above 0."""
        added = sum(errors[width] for errors, width in zip(self.errors, widths, strict=True))
        return max(self.error + added, math.ulp(1.0))

    def cost_of(self, widths: Widths) -> float:
        """The cost, in LUTs, that ``widths`` should have."""
        return self.cost + sum(costs[width] for costs, width in zip(self.costs, widths, strict=True))


def replaced(widths: Widths, place: int, width: int) -> Widths:
    """``widths`` with another one at ``place``."""
    return (*widths[:place], width, *widths[place + 1 :])


def estimate(trials: Trials, progress: Progress = silent) -> Estimate:
    """Every choice at every width, the others as wide as they may be."""
    choices = trials.subject.choices
    widest = widest_of(choices)
    alone = [
        replaced(widest, place, width)
        for place, choice in enumerate(choices)
        for width in (widest[place], *narrower(choice, widest[place]))
    ]
    for start in range(0, len(alone), TOGETHER):
        progress(f"each width alone, {start} of {len(alone)}", start / len(alone))
        some = alone[start : start + TOGETHER]
        trials.errors(some)
        trials.areas_at_pace(some)
    error, cost = trials.errors([widest])[0], _cost(trials, widest)
    errors: list[dict[int, float]] = [{} for _ in choices]
    costs: list[dict[int, float]] = [{} for _ in choices]
    for place, choice in enumerate(choices):
        for width in choice.widths:
            one = replaced(widest, place, width)
            errors[place][width] = trials.errors([one])[0] - error
            costs[place][width] = _cost(trials, one) - cost
    return Estimate(widest, error, cost, tuple(errors), tuple(costs))


def widest_of(choices: Sequence[Choice]) -> Widths:
    """Every choice as wide as it may be."""
    return tuple(choice.widths[-1] for choice in choices)


def _cost(trials: Trials, widths: Widths) -> float:
    """At the pace that is asked for; without a design, so much that nothing is worth it."""
    area = trials.areas_at_pace([widths])[0]
    return math.inf if area is None else cost_of(area)


def descent(found: Estimate) -> Sequence[Widths]:
    """From the widest network on, each with one choice narrower than the one before it: the one that saves
    the most for what it adds to the error.
    """
    path = [found.widest]
    while (following := _cheapest_step(found, path[-1])) is not None:
        path.append(following)
    return path


def _cheapest_step(found: Estimate, widths: Widths) -> Widths | None:
    best, least = None, math.inf
    for place, width in enumerate(widths):
        for other in found.costs[place]:
            saved = found.costs[place][width] - found.costs[place][other]
            if other >= width or saved <= 0:
                continue
            added = found.errors[place][other] - found.errors[place][width]
            # a step that adds no error saves for nothing; of such the one that saves most
            price = added / saved if added > 0 else -saved
            if price < least:
                best, least = replaced(widths, place, other), price
    return best
