# SPDX-License-Identifier: Apache-2.0
"""One set of widths: what it errs, what it costs, what it loses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from kerilog import area
from kerilog.area import Area
from kerilog.errors import KerilogError, Unsupported
from kerilog.floating import Samples
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import Calibration, Settings, strip_softmax
from kerilog.refine import refine
from kerilog.tune.cost import cost_of
from kerilog.tune.loss import Judge, Loss
from kerilog.tune.widths import Choice, Widths, settings_with


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A calibrated float network, its calibration ``samples``, what is chosen, and what is asked for.

    ``settings`` is what was chosen already. ``goal`` has a frame interval, the same for all widths: what is
    narrower shall not become faster instead of smaller. ``pace`` is that interval without other bounds.
    """

    calibration: Calibration
    samples: Samples
    settings: Settings
    choices: tuple[Choice, ...]
    judge: Judge
    goal: Goal

    @property
    def pace(self) -> Goal:
        goal = self.goal
        return Goal(interval=goal.cycles, unroll=goal.unroll, register_borders=goal.register_borders)

    def network(self, widths: Widths) -> QGraph:
        """The integer network that ``build`` would make with these ``widths``, up to its softmax."""
        return network_of(self.calibration, self.samples, self.chosen(widths))

    def chosen(self, widths: Widths) -> Settings:
        """The settings with these ``widths``."""
        return settings_with(self.settings, self.choices, widths)


def network_of(calibration: Calibration, samples: Samples, settings: Settings) -> QGraph:
    """The integer network, fixed point, up to its softmax."""
    return strip_softmax(refine(calibration, samples, "fixed", settings=settings).graph)


def error(subject: Subject, widths: Widths) -> float:
    """See ``Judge.error``."""
    return subject.judge.error(subject.network(widths))


def planned(subject: Subject, goal: Goal, widths: Widths) -> Area | None:
    """The area of the design for ``goal``; None where none meets it. Raises Unsupported as ``build``."""
    try:
        return area.of(design_for(subject.network(widths), goal))
    except Unsupported:
        raise
    except KerilogError:
        return None


def loss(subject: Subject, bound: float | None, widths: Widths) -> Loss:
    """See ``Judge.loss``."""
    return subject.judge.loss(subject.network(widths), bound)


@dataclasses.dataclass(frozen=True)
class Point:
    """Widths that were tried: the predicted ``area`` of their design and what they lose."""

    widths: Widths
    area: Area
    loss: Loss

    @property
    def cost(self) -> int:
        """In LUTs; see ``cost_of``."""
        return cost_of(self.area)


class Trials:
    """What was found of a subject so far; nothing is worked out twice."""

    def __init__(self, subject: Subject, bound: float) -> None:
        self.subject, self.bound = subject, bound
        self._known: dict[tuple[Callable[..., Any], tuple[Any, ...], Widths], Any] = {}

    def errors(self, tried: Sequence[Widths]) -> list[float]:
        """The error of each of ``tried``."""
        return self._each(error, (), tried)

    def areas(self, tried: Sequence[Widths]) -> list[Area | None]:
        """The predicted area of each of ``tried``, None where no design meets all bounds."""
        return self._each(planned, (self.subject.goal,), tried)

    def areas_at_pace(self, tried: Sequence[Widths]) -> list[Area | None]:
        """The predicted area of each of ``tried`` by the frame interval alone."""
        return self._each(planned, (self.subject.pace,), tried)

    def losses(self, tried: Sequence[Widths]) -> list[Loss]:
        """The loss of each of ``tried``, of some samples alone where it is far beyond the bound."""
        return self._each(loss, (self.bound,), tried)

    def points(self, tried: Sequence[Widths]) -> list[Point]:
        """What is known of each of ``tried`` whose design meets the bounds, in their order."""
        areas = dict(zip(tried, self.areas(tried), strict=True))
        met = {widths: area for widths, area in areas.items() if area is not None}
        losses = self.losses(list(met))
        return [Point(widths, area, lost) for (widths, area), lost in zip(met.items(), losses, strict=True)]

    def within(self, lost: Loss) -> bool:
        """Whether that is no more than is allowed, by one standard error."""
        return lost.most <= self.bound

    def everything(self) -> list[Point]:
        """Every point whose loss was counted, in the order in which they were tried."""
        return self.points([widths for work, _, widths in list(self._known) if work is loss])

    def _each(self, work: Callable[..., Any], more: tuple[Any, ...], tried: Sequence[Widths]) -> list[Any]:
        for widths in dict.fromkeys(tried):
            if (work, more, widths) not in self._known:
                self._known[work, more, widths] = work(self.subject, *more, widths)
        return [self._known[work, more, widths] for widths in tried]
