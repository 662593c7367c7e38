# SPDX-License-Identifier: Apache-2.0
"""The rows of the range map and of the error table, as the page's template prints them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from kerilog.formats import Affine, ClassNumber, Fixed, Format, Sign
from kerilog.report import heat, words
from kerilog.report.conversion import Error
from kerilog.report.tensors import Tensor

_FULL_SNR = 60.0  # dB at which a bar is full


@dataclasses.dataclass(frozen=True)
class Count:
    """One count of the map: its text, a tip, and whether it deserves attention."""

    text: str
    tip: str
    alert: bool


@dataclasses.dataclass(frozen=True)
class Row:
    """One tensor of the map. ``first``: the first tensor of its layer.

    ``bits``: the powers of two that have values, from the highest down, each with its share, in words.
    """

    layer: str
    label: str
    kind: str
    tip: str
    format: str
    exact_format: str
    first: bool
    cells: tuple[heat.Cell, ...]
    zero_level: float
    zero_text: str
    zero_tip: str
    counts: tuple[Count, ...]
    span: str
    shape: str
    minimum: str
    maximum: str
    zeros: str
    bits: str


@dataclasses.dataclass(frozen=True)
class Bar:
    """An SNR as a bar, ``width`` in percent."""

    text: str
    width: float


@dataclasses.dataclass(frozen=True)
class ErrorRow:
    layer: str
    kind: str
    format: str
    alone_mse: str
    alone: Bar
    network_mse: str
    network: Bar | None
    output: bool


def rows(tensors: Sequence[Tensor], powers: range) -> tuple[Row, ...]:
    """The map, tensor by tensor."""
    layers = [None, *(tensor.layer for tensor in tensors)]
    return tuple(_row(tensor, powers, tensor.layer != layers[i]) for i, tensor in enumerate(tensors))


def _row(tensor: Tensor, powers: range, first: bool) -> Row:
    seen = tensor.seen
    zeros = seen.zeros / max(seen.count, 1)
    low, high = (words.minus(f"{end:.4g}") if seen.count else "" for end in (seen.minimum, seen.maximum))
    observed = f"{low} … {high}" if seen.count else "not observed"
    found = heat.cells(tensor, powers)
    return Row(
        layer=tensor.layer,
        label=words.layer(tensor.layer),
        kind=tensor.kind,
        tip=f"{tensor.layer}: {tensor.operation}, {words.shape(tensor.shape)}, values {observed}",
        format=format_text(tensor.format),
        exact_format=str(tensor.format),
        first=first,
        cells=found,
        zero_level=round(zeros**0.45, 3),
        zero_text=heat.share_text(zeros),
        zero_tip=f"{tensor.layer} {tensor.kind}: {words.percent(zeros)} ({seen.zeros:,} values) are zero",
        counts=_counts(tensor),
        span=observed,
        shape=words.shape(tensor.shape),
        minimum=low,
        maximum=high,
        zeros=words.percent(zeros) if seen.count else "",
        bits=_bits(found, seen.count),
    )


def _bits(cells: Sequence[heat.Cell], total: int) -> str:
    """Where the most significant bits lie, in words; the last cell has all smaller values too."""
    return ", ".join(
        f"{'≤ ' if cell is cells[-1] else ''}{words.power(cell.power)}: {_percent(cell.count / total)}"
        for cell in cells
        if cell.count
    )


def _percent(share: float) -> str:
    """Two significant digits; a share that is there never becomes nothing."""
    if share < 1e-5:
        return "< 0.001 %"
    return f"{100 * share:.2g} %" if share < 0.0995 else words.percent(share, 0)


def _counts(tensor: Tensor) -> tuple[Count, ...]:
    """Overflow, underflow and precision loss; blanks where there are no float values."""
    if tensor.alone is None:
        return (Count(words.NONE, "no float values to compare with", False),) * 3
    total = max(tensor.seen.count, 1)
    named = (
        (tensor.alone.overflow, "outside the range, saturated", True),
        (tensor.alone.underflow, "not zero, but become zero", False),
        (tensor.alone.inexact, "rounded to the nearest step", False),
    )
    return tuple(
        Count(words.count(number), f"{number / total:.3%} of {total:,} values: {what}", alert and number > 0)
        for number, what, alert in named
    )


def format_text(format: Format) -> str:
    """A format in a word: its bits and what one step is worth."""
    if isinstance(format, Fixed) and isinstance(format.frac, int):
        return f"{format.bits} bits, step {words.power(-format.frac)}"
    if isinstance(format, Sign):
        return f"1 bit, plus or minus {words.power(-format.frac)}"
    if isinstance(format, Affine) and isinstance(format.scale, float):
        return f"{format.bits} bits, step {format.scale:.3g}"
    if isinstance(format, ClassNumber):
        return f"{format.bits} bits, one of {format.classes} classes"
    return f"{format.bits} bits, per channel"


def error_rows(tensors: Sequence[Tensor], outputs: Sequence[str]) -> tuple[ErrorRow, ...]:
    """The error of every tensor that has float values; that of an output is the end-to-end one."""
    return tuple(
        ErrorRow(
            words.layer(tensor.layer),
            tensor.kind,
            format_text(tensor.format),
            words.scientific(tensor.alone.error.mse),
            _bar(tensor.alone.error),
            words.scientific(tensor.network.mse) if tensor.network else "",
            _bar(tensor.network) if tensor.network else None,
            tensor.kind == "activation" and tensor.layer in outputs,
        )
        for tensor in tensors
        if tensor.alone is not None
    )


def _bar(error: Error) -> Bar:
    snr = error.snr
    known = 0.0 if snr is None else _FULL_SNR if math.isinf(snr) else snr
    return Bar(words.decibel(snr), round(100 * min(max(known / _FULL_SNR, 0.0), 1.0), 1))
