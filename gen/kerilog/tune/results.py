# SPDX-License-Identifier: Apache-2.0
"""What was tuned: the settings that ``build`` reads, the table, the files."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import rich.box
import rich.console
import rich.table

from kerilog import extras, outputs
from kerilog.console import plain
from kerilog.quantize import Settings, toml_of
from kerilog.tune.cost import FACTORS
from kerilog.tune.loss import Loss
from kerilog.tune.search import Tuned
from kerilog.tune.trial import Point, Subject

SETTINGS = "settings.toml"
CERTAIN = (SETTINGS, "tune.json", "tune.csv")
FILES = (*CERTAIN, "tune.svg", "tune.png")
WRITER = outputs.Writer("tune", ("tune",), CERTAIN)  # pictures need a library that may be missing

Row = dict[str, object]


@dataclasses.dataclass(frozen=True, eq=False)
class Report:
    """What was found of ``subject``, ``points`` in the order in which they were tried.

    ``test``: the losses on test samples by the names of ``Tuned``'s points, ``float_right`` the share (0..1)
    of test answers that float has right.
    """

    model: str
    data: str
    subject: Subject
    bound: float
    found: Tuned
    points: tuple[Point, ...]
    test: Mapping[str, Loss]
    float_right: float

    @property
    def settings(self) -> Settings:
        """The best widths, with what was chosen before."""
        return self.subject.chosen(self.found.best.widths)

    @property
    def gain(self) -> float | None:
        """Percent of the cheapest uniform pair's cost that is saved; None without one."""
        pair = self.found.uniform
        return None if pair is None else 100 * (1 - self.found.best.cost / pair.cost)

    def doubts(self) -> Iterator[str]:
        """What is doubtful about it, a line each."""
        lost = self.test["best"]
        if lost.points > self.bound:
            yield (
                f"on {lost.samples:,} test samples {lost.text} points are lost, more than the "
                f"{self.bound:g} that were allowed; it was {self.found.best.loss.text} on the samples that "
                "widths were chosen by"
            )

    def named(self) -> Iterator[tuple[str, str, Point]]:
        """The points that are told of: name, title, point."""
        yield "best", "tuned", self.found.best
        if self.found.uniform is not None:
            yield "uniform", "cheapest uniform", self.found.uniform
        yield "widest", "widest", self.found.widest


def row(report: Report, point: Point) -> Row:
    """One flat record of ``point``; area under the names of the manifest's ``resources``."""
    need = point.area
    return {
        **dict(zip(_columns(report), point.widths, strict=True)),
        "cost": point.cost,
        "lut": round(need.lut),
        "lutram": round(need.lutram),
        "ff": round(need.ff),
        "bram18": need.bram18,
        "dsp": need.dsp,
        "loss_points": round(point.loss.points, 6),
        "loss_standard_error": round(point.loss.error, 6),
        "samples": point.loss.samples,
    }


def _columns(report: Report) -> list[str]:
    return [f"{choice.layer}.{choice.key}" for choice in report.subject.choices]


def summary(report: Report) -> Row:
    """What ``tune.json`` holds but for the points."""
    goal = report.subject.goal
    tests = {
        name: {"points": round(lost.points, 6), "standard_error": round(lost.error, 6)}
        for name, lost in report.test.items()
    }
    return {
        "model": report.model,
        "data": report.data,
        "counted": report.subject.judge.rule,
        "max_loss_points": report.bound,
        "goal": goal.text,
        "interval": goal.cycles,
        "factors": FACTORS,
        "validation_samples": report.subject.judge.count,
        "test_samples": report.test["best"].samples,
        "float_accuracy": {
            "validation": round(report.subject.judge.float_right, 6),
            "test": round(report.float_right, 6),
        },
        "saved_percent": None if report.gain is None else round(report.gain, 2),
        **{name: row(report, point) | {"test_loss": tests[name]} for name, _, point in report.named()},
    }


def write(report: Report, directory: Path, force: bool = False) -> list[Path]:
    """Write the settings, tune.json and .csv to ``directory``, and .svg and .png if ``no_pictures`` is None.

    Raises KerilogError if it cannot be.
    """
    records = [row(report, point) for point in report.points]
    text = io.StringIO()
    table = csv.DictWriter(text, records[0].keys(), lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    about = summary(report) | {"points": records}
    with outputs.folder(directory, WRITER, force) as root:
        (root / SETTINGS).write_text(_commented(report), encoding="utf-8")
        (root / "tune.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        (root / "tune.csv").write_text(text.getvalue(), encoding="utf-8")
        if not no_pictures():
            from kerilog.tune import plot

            figure = plot.draw(report)
            for suffix in ("svg", "png"):
                plot.save(figure, root / f"tune.{suffix}")
        written = {path.name for path in root.iterdir()}
    return [directory / name for name in FILES if name in written]


def no_pictures() -> str | None:
    """Why there are no pictures and how to have them, in one line; None where there are some."""
    return extras.lacking("matplotlib", "tune as a picture")


def _commented(report: Report) -> str:
    """The settings, and where they come from."""
    best, goal = report.found.best, report.subject.goal
    lines = (
        f"kerilog tune: at most {report.bound:g} points lost, a frame every {goal.cycles:,} cycles",
        f"found {best.loss.text} on {best.loss.samples:,} validation samples, "
        f"{report.test['best'].text} on {report.test['best'].samples:,} test samples",
        f"cost {best.cost:,} LUTs: {_factors()}",
    )
    return "".join(f"# {line}\n" for line in lines) + "\n" + toml_of(report.settings)


def _factors() -> str:
    return ", ".join(f"{name} x {factor}" for name, factor in FACTORS.items())


def show(report: Report, console: rich.console.Console | None = None) -> None:
    """Print the widths of every layer, and what they cost and lose."""
    console = console or rich.console.Console()
    widths = rich.table.Table(box=rich.box.SIMPLE, show_edge=False, pad_edge=False)
    widths.add_column("layer", no_wrap=True)
    for title in ("bits per weight", "bits of its result"):
        widths.add_column(title, justify="right", no_wrap=True)
    for layer, chosen in report.settings.layers.items():
        cells = (chosen.weight_bits, chosen.activation_bits)
        widths.add_row(plain(layer), *("" if cell is None else str(cell) for cell in cells))
    console.print(widths)
    table = rich.table.Table(box=rich.box.SIMPLE, show_edge=False, pad_edge=False, caption=_caption(report))
    table.caption_justify = "left"
    table.add_column("", no_wrap=True)
    for title in ("cost", "LUT", "RAMB18", "DSP", "points lost,\nvalidation", "points lost,\ntest"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, title, point in report.named():
        need = point.area
        counts = (point.cost, need.luts, need.bram18, need.dsp)
        table.add_row(title, *(f"{count:,}" for count in counts), point.loss.text, report.test[name].text)
    console.print(table)


def _caption(report: Report) -> str:
    goal, judge = report.subject.goal, report.subject.judge
    if report.gain is None:
        saved = "no uniform pair of widths is within the loss"
    else:
        saved = f"{report.gain:.1f} % cheaper than the cheapest uniform pair"
    return (
        f"{saved}; {goal.text}\n"
        f"cost: {_factors()}; +- is one standard error\n"
        f"lost: {judge.rule}, of {judge.count:,} validation and {report.test['best'].samples:,} test samples"
    )
