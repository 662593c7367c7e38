# SPDX-License-Identifier: Apache-2.0
"""The cheapest widths within a loss: down from the widest network by sensitivity, then from neighbour to
neighbour.

Every step is determined by what was measured before it, so that two searches find the same.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from kerilog.errors import KerilogError
from kerilog.progress import Progress, silent
from kerilog.tune.cost import cost_of
from kerilog.tune.estimate import TOGETHER, Estimate, descent, estimate, replaced, widest_of
from kerilog.tune.trial import Point, Trials
from kerilog.tune.widths import Choice, Widths, narrower, uniform, wider

TRIALS = 100
"""Neighbours that are looked at unless another number is asked for."""
UNLIKELY = 4.0
"""How many times the error of the best point a neighbour may have."""


@dataclasses.dataclass(frozen=True)
class Tuned:
    """``best``: the cheapest point within the loss; ``widest``, at the same pace but within no other bound;
    ``uniform``, the cheapest one of a single width for all weights and one for all tensors, None where no
    such pair is within the loss.
    """

    best: Point
    widest: Point
    uniform: Point | None


def search(trials: Trials, tries: int = TRIALS, progress: Progress = silent) -> Tuned:
    """The cheapest widths within the loss; ``tries`` neighbours are looked at.

    Raises KerilogError where not even the widest network is within it, and where no design that is meets the
    bounds.
    """
    widest = _widest(trials)
    found = estimate(trials, progress)
    start = _last_within(trials, descent(found), progress)
    pair = _cheapest_pair(trials, progress)
    starts = [point for point in (start, pair, *trials.points([widest.widths])) if point is not None]
    if not starts:
        raise KerilogError(
            f"no widths that lose at most {trials.bound:g} points were found to meet the bounds: "
            f"{trials.subject.goal.text}"
        )
    best = _improved(trials, found, min(starts, key=lambda point: point.cost), tries, progress)
    return Tuned(best, widest, pair)


def _widest(trials: Trials) -> Point:
    """The widest network. Raises KerilogError where it loses too much."""
    widths = widest_of(trials.subject.choices)
    area, lost = trials.areas_at_pace([widths])[0], trials.losses([widths])[0]
    assert area is not None  # the pace is one that it was planned for
    if not trials.within(lost):
        raise KerilogError(
            f"expected a loss of at most {trials.bound:g} points by two standard errors, found {lost.text} "
            "with the widest widths: allow wider ones, a larger loss, or more samples"
        )
    return Point(widths, area, lost)


def _last_within(trials: Trials, path: Sequence[Widths], progress: Progress) -> Point | None:
    """The cheapest point of ``path`` within the loss, which grows along it, by bisection."""
    low, high, best = 0, len(path), None
    while high - low > 1:
        middle = (low + high) // 2
        progress(f"{middle} steps down", None)
        points = trials.points([path[middle]])
        if points and trials.within(points[0].loss):
            low, best = middle, points[0]
        else:
            high = middle
    return best


def _cheapest_pair(trials: Trials, progress: Progress) -> Point | None:
    """The cheapest uniform pair of widths within the loss."""
    subject = trials.subject
    choices = subject.choices
    pairs = itertools.product(_of(choices, "weight_bits"), _of(choices, "activation_bits"))
    tried = [uniform(subject.calibration.graph, choices, *pair) for pair in pairs]
    areas = []
    for start in range(0, len(tried), TOGETHER):
        progress(f"uniform widths, {start} of {len(tried)}", start / len(tried))
        areas += trials.areas(tried[start : start + TOGETHER])
    costs = {widths: cost_of(area) for widths, area in zip(tried, areas, strict=True) if area is not None}
    for start in range(0, len(costs), TOGETHER):
        progress(f"uniform widths, {start} of {len(costs)}", start / len(costs))
        some = sorted(costs, key=lambda widths: (costs[widths], widths))[start : start + TOGETHER]
        within = [point for point in trials.points(some) if trials.within(point.loss)]
        if within:
            return min(within, key=lambda point: point.cost)
    return None


def _of(choices: Sequence[Choice], key: str) -> tuple[int, ...]:
    """The widths that choices of this kind may have; of none, one that nothing has."""
    return next((choice.widths for choice in choices if choice.key == key), (0,))


def _improved(trials: Trials, found: Estimate, best: Point, tries: int, progress: Progress) -> Point:
    """From ``best`` to cheaper neighbours within the loss until there is none, or ``tries`` are used up."""
    seen = {best.widths}
    left = tries
    while left > 0:
        some = _promising(trials.subject.choices, found, best, seen)[: min(TOGETHER, left)]
        if not some:
            break
        progress(f"neighbours, cost {best.cost:,}", 1 - left / tries)
        seen.update(some)
        left -= len(some)
        areas = trials.areas(some)
        cheaper = [
            widths
            for widths, area in zip(some, areas, strict=True)
            if area is not None and cost_of(area) < best.cost
        ]
        within = [point for point in trials.points(cheaper) if trials.within(point.loss)]
        best = min((best, *within), key=lambda point: point.cost)
    return best


def _promising(choices: Sequence[Choice], found: Estimate, best: Point, seen: set[Widths]) -> list[Widths]:
    """The neighbours of ``best`` that should be cheaper, those first that should save most: what they save
    counts less the more they err beyond ``best``.
    """
    cost, error = found.cost_of(best.widths), found.error_of(best.widths)
    ranked = []
    for widths in _neighbours(choices, best.widths):
        saved, more = cost - found.cost_of(widths), found.error_of(widths) / error
        if widths not in seen and saved > 0 and more <= UNLIKELY:
            ranked.append((-saved * min(1.0, 1 / more) ** 2, widths))
    return [widths for _, widths in sorted(ranked)]


def _neighbours(choices: Sequence[Choice], widths: Widths) -> Iterator[Widths]:
    """One choice narrower by a step, and another one, too, or wider by one."""
    for place, choice in enumerate(choices):
        for width in itertools.islice(narrower(choice, widths[place]), 1):
            one = replaced(widths, place, width)
            yield one
            for other, another in enumerate(choices):
                if other == place:
                    continue
                steps = (narrower(another, widths[other]), wider(another, widths[other]))
                for step in steps[other < place :]:
                    for width_too in itertools.islice(step, 1):
                        yield replaced(one, other, width_too)
