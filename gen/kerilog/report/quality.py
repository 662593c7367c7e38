# SPDX-License-Identifier: Apache-2.0
"""The figures of quality of every output, as the page's template prints them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from kerilog.manifest import About, Quality
from kerilog.quality.rows import Row, refined
from kerilog.quality.rows import rows as told_rows
from kerilog.report import words
from kerilog.report.record import Record


def rows(about: About) -> tuple[Row, ...]:
    """A label and a text for each figure, as the command prints them."""
    told = (*refined(about), *told_rows(about))
    return tuple((label.strip(), words.minus(text)) for label, text in told)


def headlines(about: About, record: Record) -> Iterator[tuple[str, str, str]]:
    """Label, value and note of the accuracy of outputs that have no confusion matrix in ``record``.

    They are those of several labels a sample, and of networks that have no float original.
    """
    if about.quality is UNSET:
        return
    with_matrix = {answers.output for answers in record.answers}
    for name, quality in about.quality.items():
        if name not in with_matrix and quality.accuracy is not UNSET:
            label = "Accuracy" if len(about.quality) == 1 else f"Accuracy, {words.layer(name)}"
            yield label, words.percent(quality.accuracy.in_integers), _note(quality)


def _note(quality: Quality) -> str:
    rates = quality.accuracy
    if rates is UNSET or rates.in_float is UNSET:
        return f"of {quality.samples:,} test samples, integers"
    change = words.points(rates.in_integers - rates.in_float)
    return f"{words.percent(rates.in_float)} in float, {change} points"
