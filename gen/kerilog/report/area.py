# SPDX-License-Identifier: Apache-2.0
"""The area of a design and its share of a device, as the page prints them."""

from __future__ import annotations

import dataclasses

from kerilog.area import shares
from kerilog.manifest import Manifest
from kerilog.report import words


@dataclasses.dataclass(frozen=True)
class Row:
    """One resource: counts and shares as text, ``words.NONE`` where there is none."""

    resource: str
    predicted: str
    predicted_share: str
    measured: str
    measured_share: str
    available: str


@dataclasses.dataclass(frozen=True)
class Table:
    """The area for one target; ``title`` names it, ``device`` says which device shares are of, and why."""

    title: str
    device: str
    measured: bool
    rows: tuple[Row, ...]


_TITLES = {
    "xc7": "Xilinx 7-series",
    "ecp5": "Lattice ECP5",
    "ice40": "Lattice iCE40",
    "gowin": "Gowin",
    "nexus": "Lattice Nexus",
    "gatemate": "Cologne Chip GateMate",
}


def tables(manifest: Manifest) -> tuple[Table, ...]:
    """A table per target for which an area is known."""
    return tuple(_table(found) for found in shares.of_manifest(manifest))


def _table(found: shares.AreaShares) -> Table:
    measured = any(share.measured is not None for share in found.shares)
    return Table(_TITLES[found.target], found.why, measured, tuple(map(_row, found.shares)))


def _row(share: shares.Share) -> Row:
    return Row(
        share.resource,
        _count(share.predicted),
        _percent(share.of_device(share.predicted)),
        _count(share.measured),
        _percent(share.of_device(share.measured)),
        _count(share.available),
    )


def _count(count: int | None) -> str:
    return words.NONE if count is None else f"{count:,}"


def _percent(share: float | None) -> str:
    return words.NONE if share is None else f"{share:.1%}"
