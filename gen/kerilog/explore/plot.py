# SPDX-License-Identifier: Apache-2.0
"""The front as a picture: area against cycles per frame, with the latency, and what the area is made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from kerilog.area.devices import REFERENCE
from kerilog.explore.points import Point

_BLUE, _TEAL, _ORANGE, _PINK = "#1f4fd8", "#0e9384", "#dd6b20", "#d6336c"
_PLAIN = FuncFormatter(lambda value, _: f"{value:,.12g}")


def draw(points: Sequence[Point], name: str, clock_mhz: float | None = None) -> Figure:
    """The figure; every axis is logarithmic, for both cost and pace are a matter of factors."""
    figure = Figure(figsize=(12.6, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    figure.suptitle(f"{name}: {len(points)} designs", fontsize=12, fontweight="bold")
    _front(figure, left, points)
    _area(right, points)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("clock cycles per frame")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_PLAIN)
            axis.set_minor_formatter(NullFormatter())
        axes.grid(True, color="#e5e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    if clock_mhz is not None:
        _frames_axis(left, clock_mhz)
    return figure


def _front(figure: Figure, axes: Any, points: Sequence[Point]) -> None:
    """What is traded: the share of an FPGA, and by colour the latency."""
    intervals = [point.interval for point in points]
    shares = [100 * point.share for point in points]
    latencies = np.array([point.latency for point in points], float)
    drawn = axes.scatter(
        intervals, shares, c=latencies, norm=LogNorm(*_ends(latencies)), cmap="viridis", s=22, zorder=2
    )
    bar = figure.colorbar(drawn, ax=axes, pad=0.02)
    bar.set_label("latency in cycles", fontsize=9)
    bar.ax.yaxis.set_major_formatter(_PLAIN)
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title(f"Percent of an {REFERENCE.name}: LUT + FF + RAMB18 + DSP", fontsize=10.5, loc="left")
    for point in {points[0], points[-1]}:
        axes.annotate(
            f"{point.multipliers:,} multipliers",
            (point.interval, 100 * point.share),
            xytext=(6, 6),
            textcoords="offset points",
            fontsize=8.5,
            color=_BLUE,
        )


def _ends(values: Any) -> tuple[float, float]:
    """The least and the greatest of ``values``, apart from each other."""
    return values.min(), max(values.max(), 1.01 * values.min())


def _area(axes: Any, points: Sequence[Point]) -> None:
    intervals = [point.interval for point in points]
    for label, values, color in (
        ("LUT", [point.area.luts for point in points], _ORANGE),
        ("FF", [round(point.area.ff) for point in points], _PINK),
        ("RAMB18", [point.area.bram18 for point in points], _TEAL),
        ("DSP", [point.area.dsp for point in points], _BLUE),
    ):
        if any(values):
            axes.plot(intervals, values, "o", color=color, markersize=3, label=label)
    axes.set_title("Predicted area, Xilinx 7-series", fontsize=10.5, loc="left")
    axes.legend(fontsize=8.5, frameon=False)


def _frames_axis(axes: Any, clock_mhz: float) -> None:
    def frames(cycles: Any) -> Any:
        return clock_mhz * 1e6 / np.maximum(cycles, 1e-9)

    top = axes.secondary_xaxis("top", functions=(frames, frames))
    top.set_xlabel(f"frames per second at {clock_mhz:g} MHz")


def save(figure: Figure, path: Path) -> None:
    """Write ``figure``, the same bytes each time."""
    dated = {".svg": "Date", ".pdf": "CreationDate", ".png": "Software"}
    metadata = {dated[path.suffix.lower()]: None}
    with matplotlib.rc_context({"svg.hashsalt": "kerilog", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=110, metadata=metadata)
