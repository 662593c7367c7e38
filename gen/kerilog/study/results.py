# SPDX-License-Identifier: Apache-2.0
"""What a study found: the table, the files, and which formats are worth choosing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table

from kerilog import extras, outputs
from kerilog.study import intervals
from kerilog.study.sweep import Outcome

FILES = tuple(f"study.{kind}" for kind in ("json", "csv", "svg", "png"))
WRITER = outputs.Writer("study", ("study",), FILES[:2])  # pictures need a library that may be missing
_GOOD, _FAIR = 0.001, 0.01  # losses up to which a row has no colour, is yellow
_CAPTION = (
    "*  no smaller format is as accurate; bits: per weight/per activation\n"
    "95 %: confidence interval of the loss, paired with float32 on the same samples"
)
_HINTS = (0.0, 0.001, 0.005, 0.01)


def front(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes than which no other is as small and more accurate, or smaller and as accurate; by size."""
    best: list[Outcome] = []
    for outcome in sorted(outcomes, key=lambda one: (one.parameter_bytes, -one.accuracy)):
        if not best or outcome.accuracy > best[-1].accuracy:
            best.append(outcome)
    return tuple(best)


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """One flat record per outcome; the first outcome is the float network that losses count from."""
    chosen = {id(outcome) for outcome in front(outcomes)}
    records = []
    for outcome in outcomes:
        low, high = outcome.accuracy_interval
        least, most = outcome.loss_interval
        record = {
            "format": outcome.family,
            "weight_bits": outcome.weight_bits,
            "activation_bits": outcome.activation_bits,
            "accuracy": outcome.accuracy,
            "accuracy_low": round(low, 6),
            "accuracy_high": round(high, 6),
            "loss_points": round(100 * (outcomes[0].accuracy - outcome.accuracy), 6),
            "loss_points_low": round(100 * least, 4),
            "loss_points_high": round(100 * most, 4),
            "lost": outcome.lost,
            "gained": outcome.gained,
            "parameter_bytes": outcome.parameter_bytes,
            "on_front": id(outcome) in chosen,
        }
        records.append(record)
    return records


def write(
    outcomes: Sequence[Outcome], directory: Path, model: str, data: str, samples: int, force: bool = False
) -> list[Path]:
    """Write study.json and .csv to ``directory``, and .svg and .png if ``no_pictures`` is None.

    Raises KerilogError if it cannot be.
    """
    records = rows(outcomes)
    about = {"model": model, "data": data, "samples": samples, "confidence": intervals.CONFIDENCE}
    about |= {"intervals": intervals.FORMULAS, "outcomes": records}
    text = io.StringIO()
    table = csv.DictWriter(text, records[0].keys(), lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    with outputs.folder(directory, WRITER, force) as root:
        (root / "study.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        (root / "study.csv").write_text(text.getvalue(), encoding="utf-8")
        if not no_pictures():
            _draw(outcomes, f"{model}, {samples:,} test samples, 95 % confidence", root)
        written = {path.name for path in root.iterdir()}
    return [directory / name for name in FILES if name in written]


def no_pictures() -> str | None:
    """Why a study gets no pictures and how to have them, in one line; None where it gets them."""
    return extras.lacking("matplotlib", "a study as a picture")


def _draw(outcomes: Sequence[Outcome], title: str, directory: Path) -> None:
    from kerilog.study import plot

    figure = plot.draw(outcomes, front(outcomes), title)
    for suffix in ("svg", "png"):
        plot.save(figure, directory / f"study.{suffix}")


def show(outcomes: Sequence[Outcome], console: rich.console.Console | None = None) -> None:
    """Print the table and the smallest formats for some losses."""
    # Without edges, so that it has room in 80 columns.
    style: dict[str, Any] = {
        "box": rich.box.SIMPLE,
        "show_edge": False,
        "pad_edge": False,
        "padding": (0, 0, 0, 1),
    }
    table = rich.table.Table(**style, caption=_CAPTION, caption_justify="left")
    table.add_column("format", no_wrap=True)
    for title in ("bits", "accu-\nracy", "loss,\npoints", "95 %", "bytes"):
        table.add_column(title, justify="right", no_wrap=True)
    chosen = {id(outcome) for outcome in front(outcomes)}
    family = None
    for outcome in outcomes:
        if family not in (None, outcome.family):
            table.add_section()
        loss = outcomes[0].accuracy - outcome.accuracy
        table.add_row(
            "" if outcome.family == family else outcome.family,
            f"{outcome.weight_bits}/{outcome.activation_bits}",
            f"{outcome.accuracy:.2%}",
            f"{100 * loss:.2f}",
            "" if outcome is outcomes[0] else span(outcome.loss_interval, 1),
            f"{'* ' if id(outcome) in chosen else ''}{outcome.parameter_bytes:,}",
            style="" if loss <= _GOOD else "yellow" if loss <= _FAIR else "red",
        )
        family = outcome.family
    console = console or rich.console.Console()
    console.print(table)
    for limit in _HINTS:
        console.print(hint(outcomes, limit), highlight=False, soft_wrap=True)


def hint(outcomes: Sequence[Outcome], limit: float) -> str:
    """The smallest format that loses at most ``limit`` (0..1) of the accuracy."""
    fitting = [one for one in outcomes if outcomes[0].accuracy - one.accuracy <= limit + 1e-12]
    best = min(fitting, key=lambda one: (one.parameter_bytes, one.activation_bits, -one.accuracy))
    widths = f"weights of {best.weight_bits} bits, activations of {best.activation_bits}"
    return (
        f"smallest with at most {100 * limit:.1f} points lost: {best.family}; {widths}; "
        f"{best.parameter_bytes:,} bytes, {best.accuracy:.2%} "
        f"({span(best.accuracy_interval)} %)"
    )


def span(interval: tuple[float, float], digits: int = 2) -> str:
    """A confidence interval of shares, in points: 97.93 to 98.45."""
    return f"{100 * interval[0]:.{digits}f} to {100 * interval[1]:.{digits}f}"
