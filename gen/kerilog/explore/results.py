# SPDX-License-Identifier: Apache-2.0
"""The front as a table and as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import rich.box
import rich.console
import rich.table

from kerilog import extras, outputs
from kerilog.area.devices import REFERENCE
from kerilog.console import plain
from kerilog.errors import KerilogError
from kerilog.explore import interactive
from kerilog.explore.points import Point

PICTURES = (".svg", ".png", ".pdf")
FILES = tuple(f"front{kind}" for kind in (".svg", ".png", ".csv", ".json", ".html"))
CERTAIN = ("front.csv", "front.json")  # the others need packages that may be missing
WRITER = outputs.Writer("explore", ("explore",), CERTAIN)
_CAPTION = (
    "DSP, RAMB18, LUT (those used as memories too), FF: predicted for Xilinx 7-series. "
    f"area: their shares of an {REFERENCE.name}, added up. "
    "util.: utilization, useful multiplications as a share of all possible ones."
)


def rows(points: Sequence[Point], clock_mhz: float | None) -> list[dict[str, int | float | None]]:
    """One flat record per point; area under the names of the manifest's ``resources``."""
    records: list[dict[str, int | float | None]] = []
    for point in points:
        record: dict[str, int | float | None] = {
            "interval": point.interval,
            "latency": point.latency,
            "multipliers": point.multipliers,
            "dsp": point.area.dsp,
            "bram18": point.area.bram18,
            "bram_bits": point.area.bram_bits,
            "lut": round(point.area.lut),
            "lutram": round(point.area.lutram),
            "ff": round(point.area.ff),
            "share": round(point.share, 6),
            "utilization": None if point.utilization is None else round(point.utilization, 6),
        }
        if clock_mhz is not None:
            record["frames_per_second"] = round(point.frames_per_second(clock_mhz), 3)
        records.append(record)
    return records


def check(target: Path, force: bool = False) -> None:
    """Raises KerilogError if ``target`` is no file that can be written, or a folder with other such files.

    A picture or page without the library that draws it cannot be written either; a folder goes without.
    """
    known = (*PICTURES, ".csv", ".json", ".html")
    if not target.suffix:
        outputs.check(target, WRITER, force)
    elif target.suffix.lower() not in known:
        raise KerilogError(f"{target}: expected a folder or a file that ends in one of {', '.join(known)}")
    elif target.suffix.lower() in PICTURES:
        extras.require("matplotlib", f"a front as {target.suffix.lower()}")
    elif target.suffix.lower() == ".html" and (lack := interactive.lacking()):
        raise KerilogError(f"{target}: {lack}")


def lacks() -> list[str]:
    """Which files a folder does not get and how to have them, a line each."""
    found = extras.lacking("matplotlib", "a front as a picture"), interactive.lacking()
    return [line for line in found if line]


def _possible() -> list[str]:
    """The files of a folder for which the libraries are installed."""
    missing: tuple[str, ...] = PICTURES if extras.lacking("matplotlib", "") else ()
    missing += (".html",) if interactive.lacking() else ()
    return [file for file in FILES if not file.endswith(missing)]


def write(
    points: Sequence[Point],
    target: Path,
    name: str,
    clock_mhz: float | None,
    force: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write the front: ``target`` is a picture (.svg, .png, .pdf), a table (.csv, .json), an interactive page
    (.html), or a folder for front.svg, .png, .csv, .json and .html, those whose libraries are installed;
    ``say`` is told if the page of a folder fails. Returns what was written. Raises KerilogError if it cannot.
    """
    check(target, force)
    if not target.suffix:
        with outputs.folder(target, WRITER, force) as root:
            for file in _possible():
                try:
                    _write(points, root / file, name, clock_mhz)
                except interactive.EngineError as error:  # the rest is worth having without the page
                    say(str(error))
            written = {path.name for path in root.iterdir()}
        return [target / file for file in FILES if file in written]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(points, target, name, clock_mhz)
    except OSError as error:
        raise KerilogError(f"{target}: cannot be written: {error.strerror or error}") from None
    return [target]


def _write(points: Sequence[Point], path: Path, name: str, clock_mhz: float | None) -> None:
    """One file, of the kind that its name ends in."""
    kind = path.suffix.lower()
    if kind == ".csv":
        path.write_text(_csv(points, clock_mhz), encoding="utf-8")
    elif kind == ".json":
        path.write_text(_json(points, name, clock_mhz), encoding="utf-8")
    elif kind == ".html":
        records = rows(points, clock_mhz)
        path.write_text(interactive.render(records, name, clock_mhz, version("kerilog")), encoding="utf-8")
    else:
        from kerilog.explore import plot

        plot.save(plot.draw(points, name, clock_mhz), path)


def _csv(points: Sequence[Point], clock_mhz: float | None) -> str:
    records = rows(points, clock_mhz)
    text = io.StringIO()
    table = csv.DictWriter(text, records[0].keys(), lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    return text.getvalue()


def summary(points: Sequence[Point], name: str, clock_mhz: float | None) -> dict[str, object]:
    """What ``front.json`` holds."""
    return {"model": name, "clock_mhz": clock_mhz, "points": rows(points, clock_mhz)}


def _json(points: Sequence[Point], name: str, clock_mhz: float | None) -> str:
    return json.dumps(summary(points, name, clock_mhz), indent=2) + "\n"


def show(
    points: Sequence[Point], name: str, clock_mhz: float | None, console: rich.console.Console | None = None
) -> None:
    """Print the table."""
    clock = "" if clock_mhz is None else f", frames per second at {clock_mhz:g} MHz"
    heading = plain(f"{name}: {len(points)} designs{clock}")
    table = rich.table.Table(title=heading, title_justify="left", box=rich.box.SIMPLE, caption=_CAPTION)
    table.padding = (0, 0, 0, 1)
    titles = ["cycles /\nframe", "latency", "area", "multi-\npliers"]
    titles += ["DSP", "RAMB18", "LUT", "FF", "util."]
    if clock_mhz is not None:
        titles.append("frames/s")
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    for point in points:
        counts = (
            point.multipliers,
            point.area.dsp,
            point.area.bram18,
            point.area.luts,
            round(point.area.ff),
        )
        cells = [f"{point.interval:,}", f"{point.latency:,}", f"{point.share:.1%}"]
        cells += [f"{count:,}" for count in counts]
        cells.append("-" if point.utilization is None else f"{point.utilization:.1%}")
        if clock_mhz is not None:
            cells.append(f"{point.frames_per_second(clock_mhz):,.1f}")
        table.add_row(*cells)
    (console or rich.console.Console()).print(table)
