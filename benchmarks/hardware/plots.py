# SPDX-License-Identifier: Apache-2.0
"""The growth of cost as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import page
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from store import Values

from kerilog.study.plot import save

_BLUE, _ORANGE, _TEAL, _PURPLE, _GREY = "#1f4fd8", "#dd6b20", "#0e9384", "#7c3aed", "#9ca3af"


def multipliers(rows: Sequence[Values], others: Sequence[Values], path: Path) -> None:
    """Interval and LUT against multipliers, and LUT against the interval beside what ``others`` take."""
    figure = Figure(figsize=(12.6, 4.0), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    counts = [row["multipliers"] for row in rows]
    intervals, luts = [row["interval"] for row in rows], [page.luts(row) for row in rows]
    ideal = [row["macs"] / row["multipliers"] for row in rows]
    left.plot(counts, ideal, color=_GREY, linestyle=":", label="every multiplier always busy")
    left.plot(counts, intervals, color=_BLUE, marker="o", markersize=4, label="Kerilog")
    _axes(left, "multipliers", "cycles an image", counts)
    middle.plot(counts, luts, color=_BLUE, marker="o", markersize=4)
    _axes(middle, "multipliers", "LUT", counts)
    right.plot(intervals, luts, color=_BLUE, marker="o", markersize=4, label="Kerilog, fixed")
    for row, color in zip(others, (_ORANGE, _TEAL, _PURPLE), strict=False):
        right.plot(row["interval"], page.luts(row), "s", color=color, label=row["title"])
    _axes(right, "cycles an image", "LUT", None)
    left.legend(fontsize=8, frameon=False)
    right.legend(fontsize=8, frameon=False)
    save(figure, path)


def sizes(rows: Sequence[Values], path: Path) -> None:
    """Interval, area and seconds against the size of the network."""
    figure = Figure(figsize=(12.6, 4.0), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    counts = [row["size"] for row in rows]
    left.plot(counts, [row["interval"] for row in rows], color=_BLUE, marker="o", markersize=4)
    _axes(left, "size of the network", "cycles an image", counts)
    middle.plot(counts, [page.luts(row) for row in rows], color=_BLUE, marker="o", markersize=4, label="LUT")
    for field, color, label in (("bram18", _ORANGE, "RAMB18"), ("dsp", _TEAL, "DSP")):
        middle.plot(counts, [row[field] for row in rows], color=color, marker="o", markersize=4, label=label)
    _axes(middle, "size of the network", "cells", counts)
    middle.legend(fontsize=8, frameon=False)
    for field, color, label in (("plan_seconds", _TEAL, "plan"), ("seconds", _BLUE, "plan and generate")):
        right.plot(counts, [row[field] for row in rows], color=color, marker="o", markersize=4, label=label)
    _axes(right, "size of the network", "seconds", counts)
    right.legend(fontsize=8, frameon=False)
    save(figure, path)


def _axes(axes: Any, x: str, y: str, ticks: Sequence[int] | None) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(True, color="#e5e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if ticks is not None:
        axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
        axes.xaxis.set_major_formatter(FixedFormatter([str(tick) for tick in ticks]))
        axes.xaxis.set_minor_locator(NullLocator())
