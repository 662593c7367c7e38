# SPDX-License-Identifier: Apache-2.0
"""The study as a picture: accuracy against bytes, and against bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from kerilog.study.sweep import FIRST_KEPT, USUAL, Outcome

# family: colour, marker, line
STYLES = {
    "float32": ("#111827", "*", ""),
    "fixed": ("#1f4fd8", "o", "-"),
    "fixed, per channel": ("#0e9384", "o", "-"),
    f"fixed, {USUAL}-bit activations": ("#06aed4", "o", "-"),
    "float": ("#7a5af8", "D", "-"),
    "float, leading one lost": ("#c4b5fd", "D", "--"),
    "affine, reference": ("#dd6b20", "s", ""),
    "affine, single": ("#f6ad55", "P", ""),
    "ternary": ("#d6336c", "^", ""),
    f"ternary{FIRST_KEPT}": ("#f783ac", "^", ""),
    "binary": ("#8b1e3f", "v", ""),
    f"binary{FIRST_KEPT}": ("#c77d98", "v", ""),
}
_LABELLED = {"fixed": 5, f"fixed, {USUAL}-bit activations": 4, "float": 3}  # the narrow ones, by their bits
BIT_STYLES = {
    "fixed": ("both", "#1f4fd8", "o"),
    f"fixed, {USUAL}-bit activations": (f"weights, activations of {USUAL} bits", "#d6336c", "^"),
    f"fixed, {USUAL}-bit weights": (f"activations, weights of {USUAL} bits", "#dd6b20", "s"),
}
_ACCURACIES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999)
_LEAST_ERROR = 1e-4
_ROUND_SIZES = [digit * 10**power for power in range(10) for digit in (1, 2, 5)]


def draw(outcomes: Sequence[Outcome], front: Sequence[Outcome], title: str) -> Figure:
    """The figure; the error is on a logarithmic scale, so that differences near the float network show."""
    figure = Figure(figsize=(12.6, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
    figure.suptitle(title, fontsize=12, fontweight="bold")
    _bytes_panel(left, outcomes, front)
    _bits_panel(right, outcomes)
    for axes in (left, right):
        _accuracy_axis(axes, outcomes)
        axes.grid(True, color="#e5e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    # The curves leave these places free.
    left.legend(fontsize=8, frameon=False, loc="center right", bbox_to_anchor=(1.0, 0.47))
    right.legend(fontsize=8.5, frameon=False, loc="lower right")
    return figure


def _error(outcome: Outcome) -> float:
    return max(1 - outcome.accuracy, _LEAST_ERROR)


def _spread(outcomes: Sequence[Outcome]) -> list[list[float]]:
    """How far each confidence interval reaches below and above the error."""
    below, above = [], []
    for outcome in outcomes:
        low, high = outcome.accuracy_interval
        below.append(max(_error(outcome) - max(1 - high, _LEAST_ERROR), 0.0))
        above.append(max(1 - low - _error(outcome), 0.0))
    return [below, above]


def _bars(axes: Any, x: Sequence[int], outcomes: Sequence[Outcome], color: str) -> None:
    """Confidence intervals, behind what they belong to."""
    errors = [_error(outcome) for outcome in outcomes]
    axes.errorbar(
        x,
        errors,
        _spread(outcomes),
        fmt="none",
        ecolor=color,
        elinewidth=0.8,
        capsize=2,
        alpha=0.55,
        zorder=1,
    )


def _bytes_panel(axes: Any, outcomes: Sequence[Outcome], front: Sequence[Outcome]) -> None:
    axes.step(
        [outcome.parameter_bytes for outcome in front],
        [_error(outcome) for outcome in front],
        where="post",
        color="#9ca3af",
        linewidth=5,
        alpha=0.35,
        solid_capstyle="round",
        label="best of its size",
    )
    for family, (color, marker, line) in STYLES.items():
        found = [outcome for outcome in outcomes if outcome.family == family]
        sizes, errors = [one.parameter_bytes for one in found], [_error(one) for one in found]
        axes.plot(sizes, errors, marker=marker, linestyle=line, color=color, label=family, markersize=6)
        _bars(axes, sizes, found, color)
        for outcome in found[: _LABELLED.get(family, 0)]:
            _label(axes, outcome, color)
    axes.set_xscale("log")
    axes.set_xlabel("bytes of weights and biases")
    axes.set_title(
        "Accuracy against bytes (numbers: bits per weight; bars: Wilson intervals)", fontsize=10.5, loc="left"
    )
    sizes = [outcome.parameter_bytes for outcome in outcomes]
    ticks = [tick for tick in _ROUND_SIZES if min(sizes) / 1.3 <= tick <= 1.3 * max(sizes)]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([_size(tick) for tick in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())


def _label(axes: Any, outcome: Outcome, color: str) -> None:
    axes.annotate(
        str(outcome.weight_bits),
        (outcome.parameter_bytes, _error(outcome)),
        xytext=(6, -10),
        textcoords="offset points",
        fontsize=8,
        color=color,
    )


def _size(count: float) -> str:
    return f"{count / 1000:.3g} kB" if count >= 1000 else f"{count:.0f} B"


def _bits_panel(axes: Any, outcomes: Sequence[Outcome]) -> None:
    for family, (label, color, marker) in BIT_STYLES.items():
        found = [outcome for outcome in outcomes if outcome.family == family]
        bits = [one.activation_bits if "weights" in family else one.weight_bits for one in found]
        axes.plot(bits, [_error(one) for one in found], marker=marker, color=color, label=label, markersize=5)
        _bars(axes, bits, found, color)
    axes.axhline(_error(outcomes[0]), color="#111827", linewidth=1, linestyle=":", label="float32")
    low, high = outcomes[0].accuracy_interval
    axes.axhspan(max(1 - high, _LEAST_ERROR), 1 - low, color="#111827", alpha=0.08, linewidth=0)
    axes.set_xticks(sorted({outcome.weight_bits for outcome in outcomes if outcome.family == "fixed"}))
    axes.set_xlabel("bits")
    axes.set_title("Fixed point: which values can be narrow?", fontsize=10.5, loc="left")


def _accuracy_axis(axes: Any, outcomes: Sequence[Outcome]) -> None:
    """Errors grow downwards; the ticks name the accuracy."""
    most = max(_error(outcome) for outcome in outcomes)
    least = min(max(1 - outcome.accuracy_interval[1], _LEAST_ERROR) for outcome in outcomes)
    axes.set_yscale("log")
    axes.set_ylim(min(most * 1.25, 1.1), least / 1.2)
    shown = [share for share in _ACCURACIES if least / 1.2 <= 1 - share <= most * 1.25]
    axes.yaxis.set_major_locator(FixedLocator([1 - share for share in shown]))
    axes.yaxis.set_major_formatter(FixedFormatter([f"{100 * share:g} %" for share in shown]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("accuracy (logarithmic in the error)")


def save(figure: Figure, path: Path) -> None:
    """Write ``figure``, the same bytes each time."""
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with matplotlib.rc_context({"svg.hashsalt": "kerilog", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=110, metadata=metadata)
