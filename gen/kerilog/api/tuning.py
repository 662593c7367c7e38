# SPDX-License-Identifier: Apache-2.0
"""Widths that choose themselves, for a model and samples in memory."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from kerilog import floating
from kerilog.api import samples, sources
from kerilog.api.arguments import layers_of, path_of
from kerilog.api.conversion import LayerChoices, settings_of
from kerilog.api.network import IntegerModel
from kerilog.api.samples import Arrays, Calibrated
from kerilog.data import NamedData
from kerilog.errors import ArgumentError, KerilogError, KerilogWarning
from kerilog.graph import Graph
from kerilog.plan.goals import Goal
from kerilog.progress import show_progress
from kerilog.quantize import Settings, passes_of
from kerilog.quantize.settings import RefinePass
from kerilog.refine import refine as refined
from kerilog.tune import results
from kerilog.tune.command import VALIDATION, WIDTHS, Asked, tuned
from kerilog.tune.loss import Loss
from kerilog.tune.results import Report
from kerilog.tune.search import TRIALS
from kerilog.tune.widths import widths_of
from kerilog.unused import SAMPLES
from kerilog.workers import Spread


@dataclasses.dataclass(frozen=True, eq=False)
class Tuning:
    """The widths that were found.

    ``network``: the integer network that has them; ``settings``: they, by layer. ``interval``: the clock
    cycles per frame for which areas were predicted. ``cost`` in LUTs, and ``uniform_cost``, that of the
    cheapest single pair of widths, None where none is within the loss. ``validation`` and ``test``: the loss
    on either samples, with ``points``, their standard ``error`` and ``samples``.
    """

    network: IntegerModel
    settings: Settings
    interval: int
    cost: int
    uniform_cost: int | None
    validation: Loss
    test: Loss
    report: Report = dataclasses.field(repr=False)

    def write(self, directory: str | Path, *, force: bool = False) -> list[Path]:
        """Write ``settings.toml``, which ``kerilog build --config`` reads, all that was tried, and a picture.

        Returns the files. Raises KerilogError where ``directory`` holds what was changed since, unless
        ``force``.
        """
        return results.write(self.report, path_of(directory), force)


def tune(
    model: object,
    x_train: Arrays,
    y_train: Arrays | None,
    x_test: Arrays,
    y_test: Arrays | None,
    *,
    max_loss: float,
    weight_widths: Iterable[int] = WIDTHS,
    activation_widths: Iterable[int] = WIDTHS,
    interval: int | None = None,
    fps: float | None = None,
    clock_mhz: float | None = None,
    multipliers: int | None = None,
    device: str | None = None,
    latency: int | None = None,
    fill: float | None = None,
    unroll: str | Sequence[str] = (),
    layers: Mapping[str, LayerChoices] | None = None,
    refine: RefinePass | Sequence[RefinePass] = (),
    input_scale: float | None = None,
    samples_count: int = SAMPLES,
    validation: int = VALIDATION,
    tries: int = TRIALS,
    seed: int = 0,
    jobs: int | None = 1,
    scheduler: str | None = None,
    verbose: bool = True,
) -> Tuning:
    """Choose the bits of the weights and of the result of every layer: the least area within a loss.

    ``model`` is a float network as for ``convert``; samples and labels are as for ``evaluate``, labels None
    where answers of the float network are to be kept. ``max_loss``: points of accuracy that may be lost
    against float. The first ``samples_count`` of ``x_train`` calibrate, ``validation`` others of them, drawn
    by ``seed``, judge; ``x_test`` confirms. Bounds are those of ``IntegerModel.plan``; without an interval or
    ``fps`` it is that of the widest network. ``layers`` are choices that stay. ``tries``: neighbours that the
    search looks at. ``jobs``: processes, None for one a processor, which a script must then start below
    ``if __name__ == "__main__"``; or ``scheduler``, the address of a Dask cluster, whose
    workers then count.

    What is doubtful is a ``KerilogWarning``. Raises KerilogError for a model, samples, widths or bounds that
    cannot be used, and where nothing is within the loss and the bounds.
    """
    asked = Asked(
        max_loss=max_loss,
        weights=widths_of(weight_widths, "weight_widths"),
        activations=widths_of(activation_widths, "activation_widths"),
        validation=validation,
        tries=tries,
        seed=seed,
    )
    if samples_count < 1:
        raise ArgumentError("{0} must be at least 1, found {found}", "samples_count", found=samples_count)
    goal = Goal(
        interval=interval,
        fps=fps,
        clock_mhz=clock_mhz,
        multipliers=multipliers,
        device=device,
        unroll=layers_of(unroll),
        latency=latency,
        fill=fill,
    )
    settings = msgspec.structs.replace(settings_of(layers), refine=passes_of(refine))
    spread = Spread(jobs, scheduler) if scheduler is None else Spread(scheduler=scheduler)
    source = sources.read(model)
    graph = source.network
    if not isinstance(graph, Graph):
        raise KerilogError("model: has its formats already; widths are tuned of a float model")
    seen = samples.first_seen(graph, x_train, "x_train", input_scale)
    x = {"train": seen.samples, "test": samples.raw(graph, x_test, "x_test", seen.scaling)}
    y = {
        part: {} if one is None else samples.labels(graph, one, floating.count(x[part]), f"y_{part}")
        for part, one in (("train", y_train), ("test", y_test))
    }
    data = NamedData(
        dict(x["train"]),
        dict(x["test"]),
        y["test"],
        "from Python",
        "",
        y["train"],
        seen.scaling,
        seen.warnings,
    )
    doubts = list(seen.warnings)
    with show_progress("tune", verbose) as progress:
        report = tuned(
            source.name, graph, data, settings, goal, samples_count, asked, progress, doubts.append, spread
        )
        subject = report.subject
        made = refined(subject.calibration, subject.samples, "fixed", settings=report.settings)
    for doubt in doubts:
        warnings.warn(doubt, KerilogWarning, stacklevel=2)
    network = IntegerModel(
        made.graph,
        graph,
        source,
        Calibrated.keeping(subject.samples, made.calibration),
        scaling=seen.scaling,
        warnings=tuple(doubts),
        verbose=verbose,
        refined=made.refined,
    )
    assert report.subject.goal.cycles is not None
    pair = report.found.uniform
    return Tuning(
        network,
        report.settings,
        report.subject.goal.cycles,
        report.found.best.cost,
        None if pair is None else pair.cost,
        report.found.best.loss,
        report.test["best"],
        report,
    )
