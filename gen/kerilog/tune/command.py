# SPDX-License-Identifier: Apache-2.0
"""From a model file to the widths of its layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kerilog import build, floating, frontend, outputs
from kerilog.data import NamedData
from kerilog.errors import ArgumentError, KerilogError
from kerilog.graph import Array, Graph
from kerilog.plan.goals import Goal, design_for
from kerilog.progress import Progress, silent
from kerilog.quantize import Settings, calibrate
from kerilog.tune import results
from kerilog.tune.estimate import widest_of
from kerilog.tune.loss import Judge
from kerilog.tune.results import Report
from kerilog.tune.search import TRIALS, search
from kerilog.tune.trial import Subject, Trials, network_of
from kerilog.tune.widths import Widths, choices
from kerilog.workers import HERE, Spread, workers

VALIDATION = 10_000
"""Samples that losses are counted on, where there are as many."""
WIDTHS: Widths = tuple(range(2, 9))

Indices = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """``max_loss``: points of right answers that may be lost. ``weights``, ``activations``: the widths to
    choose from. ``validation``: samples to count on, drawn by ``seed``. ``tries``: neighbours to look at.

    Raises KerilogError for numbers that cannot be.
    """

    max_loss: float
    weights: Widths = WIDTHS
    activations: Widths = WIDTHS
    validation: int = VALIDATION
    tries: int = TRIALS
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least, value in (
            ("validation", 1, self.validation),
            ("tries", 0, self.tries),
            ("seed", 0, self.seed),
        ):
            if not isinstance(value, Integral) or value < least:
                text = "{0} must be a whole number of at least {least}, found {found!r}"
                raise ArgumentError(text, name, least=least, found=value)
        if not isinstance(self.max_loss, Real) or not 0 < self.max_loss < 100:
            text = "{0} must be above 0 and below 100 points, found {found!r}"
            raise ArgumentError(text, "max_loss", found=self.max_loss)


def tune(
    model: Path,
    target: Path,
    options: build.Options,
    asked: Asked,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda _: None,
    spread: Spread = HERE,
) -> Report:
    """Find the cheapest widths of ``model`` within a loss and write them, with all that was tried, to
    ``target``.

    ``options`` give data, other settings and bounds; ``warn`` is called with each thing that is doubtful;
    ``spread`` says where points are worked out, which changes nothing of them.
    Raises KerilogError for a model that is no float one, for data without classes, for widths that cannot be
    chosen, and where nothing is within the loss and the bounds; ``target`` is then as it was before.
    """
    outputs.check(target, results.WRITER, options.force)
    settings = options.settings()
    progress("reading the model", None)
    loaded = frontend.load(model)
    if not isinstance(loaded, Graph):
        raise KerilogError(
            f"{model}: has its formats already; widths are tuned of a float model (.keras or .h5)"
        )
    data = build.named_data_for(loaded, model, options)
    for warning in data.warnings:
        warn(warning)
    report = tuned(
        model.name, loaded, data, settings, options.goal, options.samples, asked, progress, warn, spread
    )
    results.write(report, target, options.force)
    return report


def tuned(
    name: str,
    graph: Graph,
    data: NamedData,
    settings: Settings,
    goal: Goal,
    samples: int,
    asked: Asked,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda _: None,
    spread: Spread = HERE,
) -> Report:
    """As ``tune``, for the float network ``graph``, called ``name``, and ``data`` in memory; of its training
    samples the first ``samples`` calibrate. Nothing is written.
    """
    if samples < 1:
        raise ArgumentError("{0} must be at least 1, found {found}", "samples", found=samples)
    subject, test = _subject(graph, data, settings, goal, samples, asked, progress, warn)
    with workers(subject, spread) as run, Trials(subject, asked.max_loss, run) as trials:
        found = search(trials, asked.tries, progress)
        points = tuple(trials.everything())
    progress("test samples", None)
    named = {"best": found.best, "widest": found.widest, "uniform": found.uniform}
    losses = {key: test.loss(subject.network(one.widths)) for key, one in named.items() if one is not None}
    report = Report(name, data.source, subject, asked.max_loss, found, points, losses, test.float_right)
    for doubt in report.doubts():
        warn(doubt)
    return report


def _subject(
    graph: Graph,
    data: NamedData,
    settings: Settings,
    goal: Goal,
    count: int,
    asked: Asked,
    progress: Progress,
    warn: Callable[[str], None],
) -> tuple[Subject, Judge]:
    """What is tuned, and who judges it in the end; ``count`` samples calibrate."""
    samples = floating.part(data.x_train, 0, count)
    calibration = calibrate(graph, samples, progress)
    open_choices = choices(calibration.graph, settings, asked.weights, asked.activations)
    held, rest = _split(data, count, asked, warn)
    reference = network_of(calibration, samples, settings)
    progress("answers in float", None)
    judge = Judge(calibration.graph, reference, _drawn(data.x_train, held), _drawn(data.y_train, held))
    test = Judge(calibration.graph, reference, _drawn(data.x_test, rest), _drawn(data.y_test, rest))
    subject = Subject(calibration, samples, settings, open_choices, judge, goal)
    return dataclasses.replace(subject, goal=_paced(subject, goal, progress)), test


def _paced(subject: Subject, goal: Goal, progress: Progress) -> Goal:
    """``goal`` with the frame interval of the widest network where it has none.

    Raises KerilogError, Unsupported, where there is no such design.
    """
    network = subject.network(widest_of(subject.choices))
    if goal.cycles is None:
        progress("planning the widest network", None)
        try:
            interval = design_for(network, goal, progress=progress).cycles.frame_interval
        except KerilogError as error:
            if goal == Goal():
                raise
            raise KerilogError(
                f"{error}. That is the widest network; --interval gives narrower ones a pace of their own"
            ) from None
        return dataclasses.replace(goal, interval=interval)
    pace = dataclasses.replace(subject, goal=goal).pace
    design_for(network, pace)  # the layer that cannot keep up is named
    return goal


def _split(
    data: NamedData, calibration: int, asked: Asked, warn: Callable[[str], None]
) -> tuple[Indices, Indices]:
    """Which training samples losses are counted on, and which test samples confirm.

    The former are drawn from those that did not calibrate, if there are any; where one set serves for both,
    the latter are those that were not drawn.
    """
    count, tests = floating.count(data.x_train), floating.count(data.x_test)
    first = calibration if count > calibration else 0
    if not first:
        warn("all training samples calibrate: losses are counted on the same")
    draw = np.random.default_rng(asked.seed)
    order = first + draw.permutation(count - first)
    same = data.x_train is data.x_test
    wanted = min(asked.validation, len(order) // 2 if same else len(order))
    if not wanted:
        raise KerilogError(f"{data.source}: expected training samples to count losses on, found {count}")
    held = np.sort(order[:wanted])
    return held, np.sort(order[wanted:]) if same else np.arange(tests)


def _drawn(arrays: Mapping[str, Array], places: Indices) -> dict[str, Array]:
    return {name: values[places] for name, values in arrays.items()}
