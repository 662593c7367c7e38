# SPDX-License-Identifier: Apache-2.0
"""The tables of ``docs/performance.md``, each between two markers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from store import Values

from kerilog.errors import KerilogError

MILLION = 1_000_000
Column = tuple[str, Callable[[Values], str]]


def table(columns: Sequence[Column], rows: Iterable[Values]) -> str:
    """Markdown: one column a (title, text of a row)."""
    lines = ["| " + " | ".join(title for title, _ in columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(text(row) for _, text in columns) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def whole(field: str) -> Callable[[Values], str]:
    return lambda row: "-" if row.get(field) is None else f"{row[field]:,}"


def seconds(field: str) -> Callable[[Values], str]:
    return lambda row: "-" if row.get(field) is None else f"{row[field]:.1f}"


def points(field: str, digits: int = 2) -> Callable[[Values], str]:
    """A share in per cent; nothing where there is none."""
    return lambda row: f"{100 * row[field]:.{digits}f} %" if field in row else ""


def _rate(row: Values) -> float:
    return MILLION / float(row["interval"])


def luts(row: Values) -> int | None:
    """Look-up tables of logic and of memory, without inverters, which other tools merge with logic."""
    if row.get("lut") is None:
        return None
    return int(row["lut"] - row["inverters"] + row["lutram"])


def _share(row: Values, cells: int | None, unit: int = 1) -> str:
    """Images in a million cycles over cells."""
    return "-" if cells is None else f"{_rate(row) / max(1, cells) * unit:,.1f}"


AREA: list[Column] = [
    ("LUT", whole("lut")),
    ("LUT as memory", whole("lutram")),
    ("FF", whole("ff")),
    ("RAMB18", whole("bram18")),
    ("DSP48E1", whole("dsp")),
]
COMPARISON: list[Column] = [
    ("design", lambda row: row["title"]),
    ("cycles an image", whole("interval")),
    ("latency", whole("latency")),
    AREA[0],
    ("of them inverters", whole("inverters")),
    *AREA[1:],
    ("lines of Verilog", whole("lines")),
    ("seconds to generate", seconds("seconds")),
    ("right answers", lambda row: f"{row['accuracy']:.1%}"),
    ("images a million cycles", lambda row: f"{_rate(row):,.0f}"),
    ("... a DSP", lambda row: _share(row, row.get("dsp"))),
    ("... a thousand LUT", lambda row: _share(row, luts(row), 1000)),
]
USE: list[Column] = [
    ("scheme", lambda row: f"`{row['scheme']}`"),
    ("interval asked", whole("asked")),
    ("multipliers", whole("multipliers")),
    ("utilization", lambda row: f"{row['utilization']:.1%}"),
    ("cycles planned = simulated", whole("interval")),
    ("latency planned = simulated", whole("latency")),
    ("images in Icarus, in Verilator", lambda row: ", ".join(f"{n:,}" for n in row["frames"].values())),
    ("lines generated", whole("lines")),
    ("lines of the library", whole("library")),
    ("seconds to plan", seconds("plan_seconds")),
    ("seconds to plan and generate", seconds("seconds")),
]
BUDGETS: list[Column] = [
    ("multipliers allowed", whole("budget")),
    ("used", whole("multipliers")),
    ("cycles an image", lambda row: "too few" if row["asked"] is None else f"{row['interval']:,}"),
    ("utilization", lambda row: "-" if row["asked"] is None else f"{row['utilization']:.1%}"),
    *AREA,
    ("seconds to plan", seconds("plan_seconds")),
]
SIZES: list[Column] = [
    ("size", lambda row: f"x{row['size']}"),
    ("filters, hidden units", lambda row: f"{row['filters']}, {row['hidden']:,}"),
    ("parameters", whole("parameters")),
    ("multipliers", whole("multipliers")),
    ("cycles an image", whole("interval")),
    ("utilization", lambda row: f"{row['utilization']:.1%}"),
    *AREA,
    ("lines of Verilog", whole("lines")),
    ("seconds to plan", seconds("plan_seconds")),
    ("seconds to plan and generate", seconds("seconds")),
]
SPEED: list[Column] = [
    ("simulator", lambda row: {"icarus": "Icarus", "verilator": "Verilator"}[row["simulator"]]),
    ("images", whole("frames")),
    ("cycles", whole("cycles")),
    ("seconds", seconds("seconds")),
    ("cycles a second", lambda row: f"{round(row['rate'], -3):,.0f}"),
    ("seconds to compile", seconds("compiling")),
]
CLOCK: list[Column] = [
    ("design", lambda row: row["title"]),
    ("MHz, by seed", lambda row: ", ".join(f"{clock:.1f}" for clock in row["by_seed"])),
    ("LUT4", whole("lut")),
    ("LUT4 as memory", whole("lutram")),
    ("FF", whole("ff")),
    ("block RAM", whole("bram18")),
    ("MULT18X18D", whole("dsp")),
    ("slowest path from", lambda row: _critical(row)[0]),
    ("to", lambda row: _critical(row)[1]),
    ("in", lambda row: _critical(row)[2]),
]


def _critical(row: Values) -> tuple[str, str, str]:
    """The ends of the path that sets the clock, and how its time is spent."""
    if row["critical_path"] is None:
        return "-", "-", "-"
    ends, time = row["critical_path"].rsplit(": ", 1)
    start, end = ends.split(" to ")
    return f"`{start}`", f"`{end}`", time


def ratios(others: Sequence[Values], ours: Sequence[Values]) -> str:
    """How our designs compare with each of ``others``: more than 1 is in our favour."""
    columns: list[Column] = [("against", lambda row: row["title"]), ("Kerilog", lambda row: row["ours"])]
    others, ours = ([row | {"lut": luts(row)} for row in rows] for rows in (others, ours))
    fields = {
        "cycles": "interval",
        "LUT": "lut",
        "FF": "ff",
        "RAMB18": "bram18",
        "DSP": "dsp",
        "lines": "lines",
    }
    columns += [(f"{name}, times fewer", _times(field)) for name, field in fields.items()]
    rows = [
        {"title": other["title"], "ours": our["title"]}
        | {field: _ratio(other.get(field), our.get(field)) for field in fields.values()}
        for other in others
        for our in ours
    ]
    return table(columns, rows)


def _ratio(other: float | None, our: float | None) -> float | None:
    return None if other is None or our is None else other / max(1, our)


def _times(field: str) -> Callable[[Values], str]:
    def text(row: Values) -> str:
        times = row[field]
        if times is None:
            return "-"
        return f"{times:.2g}" if times < 10 else f"{times:,.0f}"

    return text


def replace(path: Path, name: str, text: str) -> None:
    """Put ``text`` between the markers ``name`` of the page ``path``. KerilogError if they are not there."""
    page = path.read_text(encoding="utf-8")
    start, end = f"<!-- bench: {name} -->\n", f"<!-- end: {name} -->"
    pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise KerilogError(f"{path}: needs '{start.strip()}' and '{end}' once")
    fresh = pattern.sub(lambda _: start + "\n" + text.rstrip("\n") + "\n\n" + end, page)
    if fresh != page:
        path.write_text(fresh, encoding="utf-8")
