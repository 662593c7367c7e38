# SPDX-License-Identifier: Apache-2.0
"""What was tried as a picture: loss against cost, and the widths of every layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from kerilog.tune.results import Report
from kerilog.tune.trial import Point

_GREY, _BLUE, _ORANGE, _PINK = "#9ca3af", "#1f4fd8", "#dd6b20", "#d6336c"
_BEYOND = 4.0
"""Points that lose more than so many times the bound lie at the upper edge."""


def draw(report: Report) -> Figure:
    """The figure: every point that was tried, and the widths that were chosen."""
    figure = Figure(figsize=(12.6, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    tried = f"{len(report.points)} sets of widths at {report.subject.goal.cycles:,} cycles a frame"
    figure.suptitle(f"{report.model}: {tried}", fontsize=12, fontweight="bold")
    _losses(left, report)
    _widths(right, report)
    for axes in (left, right):
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _losses(axes: Any, report: Report) -> None:
    top = _BEYOND * report.bound

    def scatter(points: list[Point], **style: Any) -> None:
        axes.scatter(
            [point.cost for point in points], [min(point.loss.points, top) for point in points], **style
        )

    within = [point for point in report.points if point.loss.most <= report.bound]
    scatter(
        [point for point in report.points if point.loss.most > report.bound],
        color=_GREY,
        s=14,
        label="beyond the bound",
    )
    scatter(within, color=_BLUE, s=18, label="within it, by two standard errors")
    marks = {"best": (_PINK, "*", 190), "uniform": (_ORANGE, "s", 60), "widest": ("#111827", "D", 40)}
    for name, title, point in report.named():
        color, marker, size = marks[name]
        scatter([point], color=color, marker=marker, s=size, label=title, zorder=3)
    axes.axhline(report.bound, color="#111827", linewidth=1, linestyle=":")
    axes.set_ylim(top * 1.02, min(0.0, *(point.loss.points for point in report.points)) - 0.04 * top)
    axes.set_xlabel("cost in LUTs")
    axes.set_ylabel(f"points lost on validation samples (from {top:g} on: at the edge)")
    axes.grid(True, color="#e5e7eb", linewidth=0.8)
    axes.legend(fontsize=8.5, frameon=False, loc="lower right")


def _widths(axes: Any, report: Report) -> None:
    layers = report.settings.layers
    places = range(len(layers))
    for offset, key, title, color in (
        (-0.2, "weight_bits", "weights", _BLUE),
        (0.2, "activation_bits", "result", _PINK),
    ):
        # "ternary", which a settings file may ask for, is between 1 and 2 bits
        found = [getattr(layer, key) for layer in layers.values()]
        bits = [0 if one is None else 1.6 if isinstance(one, str) else one for one in found]
        bars = axes.barh([place + offset for place in places], bits, 0.38, color=color, label=title)
        axes.bar_label(bars, ["" if one is None else str(one) for one in found], padding=2, fontsize=8)
    axes.set_yticks(list(places), [name.replace("$", r"\$") for name in layers], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("bits")
    axes.legend(fontsize=8.5, frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)


def save(figure: Figure, path: Path) -> None:
    """Write ``figure``, the same bytes each time."""
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with matplotlib.rc_context({"svg.hashsalt": "kerilog", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=110, metadata=metadata)
