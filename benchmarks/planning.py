# SPDX-License-Identifier: Apache-2.0
"""How long the whole command takes: on named networks, and as networks grow.

    python benchmarks/planning.py [--part table scaling] [--only NAME ...] [--small] [--against DIR] [--dry]

Every figure is a process of its own, `kerilog build` or `kerilog explore` from its start to its exit. The
table is on MLPerf Tiny's models where they lie beside this checkout, in ../shared/mlperf_tiny, else on
networks of the same shapes from `benchmarks/networks.py`. The scaling study grows image size, weights and
depth one at a time and fits

    seconds = a + b x stages x beats + c x weights

by non-negative least squares of the relative errors. "Stages x beats" adds up the beats of a frame that leave
each stage of the pipeline, queues and converters of lanes included, before any is spared. Each network of it
is folded onto about 512 multipliers and has two images to calibrate and two to test.

It writes the table, the study and a picture into docs/performance.md unless `--dry` is given. `--against DIR`
measures the checkout in DIR as well, in turn with this one.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import math
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.build import Options, integer_network
from kerilog.errors import KerilogError
from kerilog.plan.planner import relaxed
from kerilog.qgraph import QConv2D, QDense
from runs import ROOT, TINY, Checkout, Limits, Networks, measure

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, say

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "images" / "planning.svg"
PARTS = "table", "scaling"
MULTIPLIERS = 512  # that each network of the study is folded onto
SAMPLES = {"table": 8, "scaling": 2}  # to calibrate, and as many to test
GROWING = {
    "image": (16, 32, 64, 96, 128, 192, 256, 384, 512),
    "weights": (10_000, 30_000, 100_000, 300_000, 1_000_000, 2_000_000, 5_000_000),
    "depth": (5, 10, 20, 30, 40, 50, 60),
}
SMALL = {"image": 64, "weights": 100_000, "depth": 5}  # the largest of each with --small
STEADY = 1.0  # seconds, from which on the coefficients should be steady


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the table. ``model`` is a network of `networks.py`, one of MLPerf Tiny, or "mnist".

    ``arguments`` are those of the command, without model, data and output; "plan" as the command is planning
    alone, the median of three. ``seconds`` and ``gib`` are what is to be reached.
    """

    model: str
    arguments: tuple[str, ...]
    seconds: float
    gib: float | None = None
    small: bool = False

    @property
    def title(self) -> str:
        command = " ".join(self.arguments).removeprefix("build ")
        return f"{self.model} `{command}`"


TABLE = (
    Row("mnist", ("plan", "--interval", "784"), 0.2, small=True),
    Row("mnist", ("build", "--device", "xc7a35t"), 3),
    Row("mnist", ("build", "--device", "xc7s6"), 2),
    Row("kws_dscnn", ("build", "--multipliers", "376"), 3),
    Row("ic_resnet8", ("build", "--multipliers", "422"), 5),
    Row("vww_mobilenet", ("build", "--multipliers", "440"), 15),
    Row("residual", ("build", "--interval", "307200"), 60, 1.5),
    Row("residual", ("build", "--interval", "1500000"), 60, 1.5),
    Row("lenet5", ("explore",), 15),
)


def table(
    checkouts: Sequence[Checkout], networks: Networks, rows: Sequence[Row], limits: Limits
) -> list[Values]:
    """One row of values a row; ``runs`` has those of each checkout."""
    networks.make([row.model for row in rows], SAMPLES["table"])
    found = []
    for row in rows:
        files = networks.files(row.model, SAMPLES["table"])
        runs = []
        for checkout in checkouts:
            say(f"{row.title}: {checkout.title}")
            runs.append(measure(checkout, row.arguments, files, limits))
        found.append({"title": row.title, "goal": row.seconds, "gib": row.gib, "runs": runs})
    return found


# ---- how it grows ----


def size_of(model: Path, data: Path | None) -> Values:
    """``stages``, ``work`` (stages x beats), ``weights`` and the ``interval`` to ask for of a model file."""
    network = integer_network(model, Options(data=data))
    kernels = [(node.op.kernel.size, node.shape) for node in network if isinstance(node.op, QConv2D | QDense)]
    macs = sum(size * math.prod(shape[:-1]) for size, shape in kernels)
    pixels = math.prod(network.inputs[0].shape[:-1])
    interval = max(pixels, -(-macs // MULTIPLIERS))
    stages = relaxed(network, "measured", interval).stages
    return {
        "stages": len(stages),
        "work": sum(stage.output.beats_per_frame for stage in stages),
        "weights": sum(size for size, _ in kernels),
        "interval": interval,
    }


def scaling(
    checkouts: Sequence[Checkout], networks: Networks, points: Sequence[tuple[str, int]], limits: Limits
) -> list[Values]:
    """One row of values a point; a checkout that met a limit is not asked for larger ones of the family."""
    networks.make([f"{family}-{count}" for family, count in points], SAMPLES["scaling"])
    found = []
    given_up: set[tuple[str, Path]] = set()
    for family, count in points:
        name = f"{family}-{count}"
        files = networks.files(name, SAMPLES["scaling"])
        size = size_of(*files)
        row = Row(name, ("build", "--interval", str(size["interval"])), 0)
        runs: list[Values | None] = []
        for checkout in checkouts:
            if (family, checkout.root) in given_up:
                runs.append(None)
                continue
            say(f"{row.title}: {checkout.title}")
            runs.append(measure(checkout, row.arguments, files, limits))
            if runs[-1] and runs[-1]["status"]:
                given_up.add((family, checkout.root))
        found.append({"family": family, "count": count, **size, "runs": runs})
    return found


@dataclasses.dataclass(frozen=True)
class Fit:
    """``a + b * work + c * weights``."""

    a: float
    b: float
    c: float

    def __call__(self, work: float, weights: float) -> float:
        return self.a + self.b * work + self.c * weights


def fit(rows: Sequence[Values], field: str, index: int = 0) -> Fit:
    """The non-negative coefficients with the least squared relative errors of ``field`` over the points done.

    Three unknowns have eight sets that may be 0: the best of those that come out positive is the solution.
    """
    done = [(row, row["runs"][index][field]) for row in rows if succeeded(row, index)]
    matrix = np.array([[1.0, row["work"], row["weights"]] for row, _ in done])
    wanted = np.array([value for _, value in done])
    best, least = np.zeros(3), math.inf
    for kept in itertools.chain.from_iterable(itertools.combinations(range(3), n) for n in (1, 2, 3)):
        columns = matrix[:, kept] / wanted[:, np.newaxis]
        scale = np.abs(columns).max(axis=0)
        solution = np.linalg.lstsq(columns / scale, np.ones(len(wanted)), rcond=None)[0] / scale
        error = float(np.sum((columns @ solution - 1) ** 2))
        if solution.min() >= 0 and error < least:
            best, least = np.zeros(3), error
            best[list(kept)] = solution
    return Fit(*(float(value) for value in best))


def succeeded(row: Values, index: int = 0) -> bool:
    """Whether checkout ``index`` planned the network of ``row``."""
    return row["runs"][index] is not None and row["runs"][index]["status"] == 0


def spread(rows: Sequence[Values], found: Fit, term: str) -> tuple[float, float, int] | None:
    """The smallest and the largest b or c (``term`` "work" or "weights") that a single point gives, and how
    many points there are: those above STEADY seconds most of which are due to the term. None without any.
    """
    own, other = (found.b, found.c) if term == "work" else (found.c, found.b)
    rest = "weights" if term == "work" else "work"
    values = []
    for row in rows:
        seconds = row["runs"][0]["seconds"] if succeeded(row) else 0.0
        if seconds > STEADY and own * row[term] > found(row["work"], row["weights"]) / 2:
            values.append((seconds - found.a - other * row[rest]) / row[term])
    return (min(values), max(values), len(values)) if values else None


# ---- what is printed ----


def outcome(run: Values | None, field: Callable[[Values], str]) -> str:
    """The text of one figure, or why there is none."""
    if run is None:
        return "-"
    if run["expired"]:
        return f"> {run['limit']:g} s"
    if run["status"] == 2:
        return f"{field(run)}, refused"
    return field(run) if run["status"] == 0 else f"failed ({run['status']})"


def _seconds(run: Values) -> str:
    return f"{run['seconds']:.2f} s" if run["seconds"] < 10 else f"{run['seconds']:,.1f} s"


def _memory(run: Values) -> str:
    return f"{run['mib']:,.0f} MiB"


def _columns(titles: Sequence[str]) -> Iterator[page.Column]:
    """Seconds and memory of each checkout."""
    for index, title in enumerate(titles):
        where = f" ({title})" if len(titles) > 1 else ""
        yield f"seconds{where}", _figure(index, _seconds)
        yield f"peak memory{where}", _figure(index, _memory)


def _figure(index: int, field: Callable[[Values], str]) -> Callable[[Values], str]:
    """The text of one figure of checkout ``index``, from a row."""
    return lambda row: outcome(row["runs"][index], field)


def table_text(rows: Sequence[Values], titles: Sequence[str]) -> str:
    """The table, and the reasons of what was refused or failed."""
    columns: list[page.Column] = [("network, goal", lambda row: row["title"])]
    columns += _columns(titles)
    columns.append(("to reach", lambda row: _goal(row)))
    reasons = [
        f"- {row['title']} ({title}): {run['reason']}"
        for row in rows
        for title, run in zip(titles, row["runs"], strict=True)
        if run["reason"]
    ]
    return "\n".join([page.table(columns, rows), *reasons])


def _goal(row: Values) -> str:
    return f"{row['goal']:g} s" + (f", {row['gib']:g} GiB" if row["gib"] else "")


def scaling_text(rows: Sequence[Values], titles: Sequence[str]) -> str:
    """The points, the fit, and how steady it is."""
    seconds, memory = fit(rows, "seconds"), fit(rows, "mib")

    def residual(row: Values) -> str:
        if not succeeded(row):
            return "-"
        off = row["runs"][0]["seconds"] / seconds(row["work"], row["weights"]) - 1
        return f"{round(off, 2) + 0.0:+.0%}"  # no minus before 0

    columns: list[page.Column] = [
        ("network", lambda row: f"{row['family']}-{row['count']}"),
        ("stages", lambda row: str(row["stages"])),
        ("stages x beats", lambda row: f"{row['work']:,}"),
        ("weights", lambda row: f"{row['weights']:,}"),
        ("cycles asked", lambda row: f"{row['interval']:,}"),
        *_columns(titles),
        ("off the fit", residual),
    ]
    lines = [
        page.table(columns, rows),
        f"seconds = {seconds.a:.2f} + {seconds.b * 1e6:.2f} x millions of stages x beats "
        f"+ {seconds.c * 1e6:.2f} x millions of weights",
        "",
        f"MiB = {memory.a:.0f} + {memory.b * 1e6:.0f} x millions of stages x beats "
        f"+ {memory.c * 1e6:.0f} x millions of weights",
        "",
        *(_steadiness(rows, seconds, term) for term in ("work", "weights")),
    ]
    return "\n".join(lines)


def _steadiness(rows: Sequence[Values], found: Fit, term: str) -> str:
    name = "stages x beats" if term == "work" else "weights"
    ends = spread(rows, found, term)
    if ends is None:
        return f"- per million {name}: no point above {STEADY:g} s is mostly due to them."
    low, high, count = ends
    factor = f"a factor of {high / low:.1f}" if low > 0 else "no steady factor"
    return (
        f"- per million {name}, by each of {count} points above {STEADY:g} s that are mostly due to them: "
        f"{low * 1e6:.2f} to {high * 1e6:.2f} s, {factor}."
    )


def source(titles: Sequence[str], processors: bool) -> str:
    """Where the numbers are from."""
    load_now = f"load {os.getloadavg()[0]:.1f} at the end"
    tiny = "MLPerf Tiny's own models" if TINY.is_dir() else "networks of the shapes of MLPerf Tiny's"
    return (
        f"Measured on {platform.machine()}, {os.cpu_count()} processors, {load_now}; "
        f"Python {platform.python_version()}, NumPy {np.__version__}; {tiny}; commit {titles[0]}; "
        f"seconds {'of all processors together' if processors else 'on the clock'}."
    )


def draw(rows: Sequence[Values], titles: Sequence[str], path: Path) -> None:
    """Seconds and memory against what grows, measured and fitted."""
    from matplotlib.figure import Figure

    from kerilog.study.plot import save

    figure = Figure(figsize=(12.6, 6.4), layout="constrained")
    panels = figure.subplots(2, 3, squeeze=False)
    labels = {"image": "pixels on a side", "weights": "weights", "depth": "layers with weights"}
    for line, (field, unit) in enumerate((("seconds", "seconds"), ("mib", "MiB"))):
        found = fit(rows, field)
        for axes, (family, label) in zip(panels[line], labels.items(), strict=True):
            own = [row for row in rows if row["family"] == family]
            _curve(axes, own, field, found, titles)
            axes.set_xlabel(label)
            axes.set_ylabel(unit)
    panels[0][0].legend(fontsize=8, frameon=False)
    save(figure, path)


def _curve(axes: Any, rows: Sequence[Values], field: str, found: Fit, titles: Sequence[str]) -> None:
    """The points of one family and the fit through them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    for index, (title, color) in enumerate(zip(titles, ("#1f4fd8", "#9ca3af"), strict=False)):
        done = [row for row in rows if succeeded(row, index)]
        heights: npt.ArrayLike = [row["runs"][index][field] for row in done]
        axes.plot([row["count"] for row in done], heights, "o", color=color, markersize=4, label=title)
    counts = [row["count"] for row in rows]
    axes.plot(counts, [found(row["work"], row["weights"]) for row in rows], color="#dd6b20", label="fit")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_major_formatter(FuncFormatter(_short))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(True, color="#e5e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _short(value: float, _: int) -> str:
    """20 k and 5 M for large numbers on an axis."""
    for unit, sign in ((1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:g}{sign}"
    return f"{value:g}"


# ---- the command ----


def chosen(only: Sequence[str], small: bool) -> tuple[list[Row], list[tuple[str, int]]]:
    """Rows of the table and points of the study: all, the small ones, or those that ``only`` names."""
    rows = [row for row in TABLE if row.small or not small]
    points = [
        (family, n) for family, counts in GROWING.items() for n in counts if not small or n <= SMALL[family]
    ]
    if only:
        rows = [row for row in rows if row.model in only]
        points = [(family, n) for family, n in points if {family, f"{family}-{n}"} & set(only)]
    if not rows and not points:
        raise KerilogError(f"nothing is called {' or '.join(only)}")
    return rows, points


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    made.add_argument("--only", nargs="+", default=[], metavar="NAME", help="networks, families or points")
    made.add_argument("--small", action="store_true", help="what takes seconds only, to try it out")
    made.add_argument("--seconds", type=float, default=600, help="limit of one point (default: 600)")
    made.add_argument("--gib", type=float, default=6, help="limit of its address space (default: 6)")
    made.add_argument(
        "--processors",
        action="store_true",
        help="seconds of all processors together and not of the clock; other work disturbs them less",
    )
    made.add_argument("--against", type=Path, metavar="DIR", help="another checkout, measured as well")
    made.add_argument(
        "--dry", action="store_true", help="print, but leave the page and the picture as they are"
    )
    return made


def main() -> None:
    arguments = parser().parse_args()
    limits = Limits(arguments.seconds, arguments.gib, arguments.processors)
    checkouts = [Checkout(root) for root in (ROOT, arguments.against) if root is not None]
    titles = [checkout.title for checkout in checkouts]
    rows, points = chosen(arguments.only, arguments.small)
    networks = Networks()
    texts, measured = {}, {}

    def with_source(text: str) -> str:
        return f"{text}\n\n{source(titles, arguments.processors)}"

    if "table" in arguments.part and rows:
        measured["table"] = table(checkouts, networks, rows, limits)
        texts["planning table"] = with_source(table_text(measured["table"], titles))
    if "scaling" in arguments.part and points:
        measured["scaling"] = scaling(checkouts, networks, points, limits)
        texts["planning scaling"] = with_source(scaling_text(measured["scaling"], titles))
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "planning.json").write_text(
        json.dumps({"titles": titles, **measured}, indent=2), encoding="ascii"
    )
    for name, text in texts.items():
        print(f"\n{name}\n\n{text}")
        if not arguments.dry:
            page.replace(PAGE, name, text)
    if "scaling" in measured and not arguments.dry:
        draw(measured["scaling"], titles, PICTURE)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"planning: error: {error}") from None
