# SPDX-License-Identifier: Apache-2.0
"""The figures of quality as rows of a table: a label and a text, for the command and for the report."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, UnsetType

from kerilog.manifest import About, Accuracy, Quality, Rates
from kerilog.quality.labels import LARGEST

Row = tuple[str, str]


def rows(about: About) -> Iterator[Row]:
    """Accuracies, errors and reasons, output by output; of an older manifest the accuracies alone."""
    if about.quality is UNSET:
        found = {} if about.accuracies is UNSET else about.accuracies
        for name, accuracy in found.items():
            yield from _accuracy("" if len(found) == 1 else f" of {name}", _rates(accuracy), accuracy.samples)
        return
    for name, quality in about.quality.items():
        yield from _of_output("" if len(about.quality) == 1 else f" of {name}", quality)


def refined(about: About) -> Iterator[Row]:
    """What each pass of ``--refine`` brought on calibration samples, one after the other."""
    found = () if about.refined is UNSET else about.refined
    alone = len({one.output for one in found}) == 1
    for one in found:
        start = "rounded to nearest" if one.after == "nearest" else f"  {one.after}"
        told = f"SNR {_decibel(one.snr_db)}"
        if one.agreement is not UNSET:
            told += f", {one.agreement:.2%} of answers as in float"
        yield start if alone else f"{start}, {one.output}", f"{told}, {one.samples:,} calibration samples"


def _decibel(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} dB"


def _rates(accuracy: Accuracy) -> Rates:
    return Rates(in_float=accuracy.original, in_integers=accuracy.integer, naive=accuracy.naive)


def _of_output(output: str, quality: Quality) -> Iterator[Row]:
    if quality.accuracy is not UNSET:
        yield from _accuracy(output, quality.accuracy, quality.samples)
    if quality.exact_match is not UNSET:
        told = _pair(quality.exact_match)
        yield f"exact match{output}", f"{told}: samples with all labels right"
    if quality.rule not in (UNSET, LARGEST):
        yield f"rule{output}", str(quality.rule)
    if quality.why_no_accuracy is not UNSET:
        yield f"accuracy{output}", f"none: {quality.why_no_accuracy}"
    if quality.label_rmse is not UNSET:
        distance = quality.label_rmse
        original = "" if distance.in_float is UNSET else f"{distance.in_float:.4g} float, "
        yield f"RMSE{output} to labels", f"{original}{distance.in_integers:.4g} integer"
    yield f"error{output}", error(quality)


def _accuracy(output: str, rates: Rates, samples: int) -> Iterator[Row]:
    of = f" of {samples:,} test samples"
    change = ""
    if rates.in_float is not UNSET:
        yield f"accuracy{output}, float", f"{rates.in_float:.2%}{of}"
        change, of = f" ({100 * (rates.in_integers - rates.in_float):+.2f} points)", ""
    yield f"accuracy{output}, integer", f"{rates.in_integers:.2%}{of}{change}"
    if rates.naive is not UNSET:
        yield f"accuracy{output}, naive", f"{rates.naive:.2%} (one Q1.7 format for every tensor)"


def _pair(rates: Rates) -> str:
    original = "" if rates.in_float is UNSET else f"{rates.in_float:.2%} float, "
    return f"{original}{rates.in_integers:.2%} integer"


def error(quality: Quality) -> str:
    """The error of the integer network against float in a line, or why it is not known."""
    if quality.rmse is UNSET:
        return f"not known: {quality.why_no_error}"
    if quality.rmse == 0:
        return "none: every value is that of the float network"
    snr, correlation = _number(quality.snr_db, ".1f"), _number(quality.correlation, ".6f")
    return f"RMSE {quality.rmse:.4g}, SNR {snr} dB, correlation {correlation}, integer against float"


def _number(value: float | UnsetType | None, form: str) -> str:
    return "-" if value is None or value is UNSET else format(value, form)
