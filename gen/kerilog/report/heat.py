# SPDX-License-Identifier: Apache-2.0
"""The heat map: how many values of a tensor have their most significant bit at each power of two."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.calibrate import LOWEST_MSB
from kerilog.report.conversion import covered_powers
from kerilog.report.tensors import Tensor

MARGIN = 5  # columns below the finest bit of all formats; what is smaller is added to the last one
WIDE = 16
MOST_COLUMNS = 44
_CONTRAST = 0.45  # exponent below 1: a share of 1 in 1000 is still to be seen


@dataclasses.dataclass(frozen=True)
class Cell:
    """``place`` is "in" the format, "over" or "under" it; ``level`` 0..1 is the depth of the colour, 1 in the
    fullest cell of the row; ``text`` is the share of the tensor's values in percent, empty for none."""

    power: int
    count: int
    level: float
    place: str
    first: bool
    last: bool
    tip: str
    text: str


def columns(tensors: Sequence[Tensor]) -> range:
    """The powers of two to show, from the highest down: all that is seen above, and a margin below.

    A wide format, as a bias of 32 bits has, does not stretch the map; its frame stays open at the edge.
    """
    covered = [covered_powers(tensor.format) for tensor in tensors]
    narrow = [powers for powers in covered if powers[1] - powers[0] < WIDE] or covered
    seen = [power for tensor in tensors for power in _seen(tensor)]
    highest = max([high for _, high in narrow] + seen)
    lowest = min(low for low, _ in narrow)
    lowest = min(lowest, max(min(seen, default=lowest), lowest - MARGIN))
    return range(highest, max(lowest, highest - MOST_COLUMNS + 1) - 1, -1)


def _seen(tensor: Tensor) -> list[int]:
    return [LOWEST_MSB + index for index, count in enumerate(tensor.seen.msb) if count]


def cells(tensor: Tensor, powers: range) -> tuple[Cell, ...]:
    """One row of the map; the last cell has all smaller values too."""
    low, high = covered_powers(tensor.format)
    counts = [_count(tensor, power, power == powers[-1]) for power in powers]
    most = max(*counts, 1)
    row = []
    for power, count in zip(powers, counts, strict=True):
        last = power == powers[-1]
        share = count / max(tensor.seen.count, 1)
        place = "over" if power > high else "under" if power < low else "in"
        label = f"below 2^{power + 1}" if last else f"2^{power}"
        tip = f"{tensor.layer} {tensor.kind}: {share:.3%} ({count:,} values) with top bit {label}"
        row.append(
            Cell(
                power,
                count,
                round((count / most) ** _CONTRAST, 3),
                place,
                power == high,
                power == low,
                f"{tip}, {_WORDS[place]}",
                share_text(share),
            )
        )
    return tuple(row)


def share_text(share: float) -> str:
    """A share in percent in at most three characters, as narrow as a cell: 31, 4, .2; empty for none."""
    if share <= 0:
        return ""
    percent = 100 * share
    if percent < 0.1:
        return "<.1"
    return f"{percent:.0f}" if percent >= 0.95 else f".{10 * percent:.0f}"


_WORDS = {
    "in": "covered by the format",
    "over": "above the format: saturates",
    "under": "below one step: rounds to zero, or to one step from half a step up",
}


def _count(tensor: Tensor, power: int, last: bool) -> int:
    index = power - LOWEST_MSB
    msb = tensor.seen.msb
    if last:
        return int(msb[: max(index + 1, 0)].sum())
    return int(msb[index]) if 0 <= index < msb.size else 0
