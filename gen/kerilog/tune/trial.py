# SPDX-License-Identifier: Apache-2.0
"""One set of widths: what it errs, what it costs, what it loses."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerilog import area, storage
from kerilog.area import Area
from kerilog.errors import KerilogError, Unsupported
from kerilog.floating import Samples
from kerilog.graph import Array
from kerilog.kept import Kept, digest
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import Calibration, Settings, strip_softmax, toml_of
from kerilog.refine import refine
from kerilog.tune.cost import cost_of
from kerilog.tune.loss import Judge, Loss
from kerilog.tune.widths import Choice, Widths, settings_with
from kerilog.workers import Run


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A calibrated float network, its calibration ``samples``, what is chosen, and what is asked for.

    ``settings`` is what was chosen already. ``goal`` has a frame interval, the same for all widths: what is
    narrower shall not become faster instead of smaller. ``pace`` is that interval without other bounds.
    """

    calibration: Calibration
    samples: Mapping[str, Array]
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

    @functools.cached_property
    def digest(self) -> str:
        """Of all that results follow from but for widths and goal."""
        return digest(
            storage.digest(self.calibration.graph),
            self.samples,
            toml_of(self.settings),
            self.choices,
            *self.judge.content,
        )

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
    """What was found of a subject, now and by earlier commands; nothing is worked out twice.

    ``run`` does the work, by default this process. A context, for it holds what is kept.
    """

    def __init__(self, subject: Subject, bound: float, run: Run | None = None) -> None:
        self.subject, self.bound = subject, bound
        self._run: Run = run or (lambda work, pieces, together=1: (work(subject, one) for one in pieces))
        self._known: dict[tuple[Callable[..., Any], tuple[Any, ...], Widths], Any] = {}
        self._kept: dict[Callable[..., Any], Kept[Any]] = {
            work: Kept(f"{work.__name__} {subject.digest}", kind)
            for work, kind in ((error, float), (planned, Area | None), (loss, Loss))
        }

    def __enter__(self) -> Trials:
        return self

    def __exit__(self, *_: object) -> None:
        for kept in self._kept.values():
            kept.close()

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
        """Whether that is no more than is allowed, by two standard errors."""
        return lost.most <= self.bound

    def everything(self) -> list[Point]:
        """Every point whose loss was counted, in the order in which they were tried."""
        return self.points([widths for work, _, widths in list(self._known) if work is loss])

    def _each(self, work: Callable[..., Any], more: tuple[Any, ...], tried: Sequence[Widths]) -> list[Any]:
        new = [widths for widths in dict.fromkeys(tried) if (work, more, widths) not in self._known]
        before = {widths: self._kept[work].get((more, widths)) for widths in new}
        open_ones = [widths for widths in new if before[widths] is None]
        found = self._run(functools.partial(_worked, work), [(more, widths) for widths in open_ones])
        for widths in new:
            kept = before[widths]
            result = next(found) if kept is None else kept[0]
            if kept is None:
                self._kept[work].put((more, widths), result)
            self._known[work, more, widths] = result
        return [self._known[work, more, widths] for widths in tried]


def _worked(work: Callable[..., Any], subject: Subject, piece: tuple[tuple[Any, ...], Widths]) -> Any:
    more, widths = piece
    return work(subject, *more, widths)
