# SPDX-License-Identifier: Apache-2.0
"""Texts in a picture: how wide they are, and how a long one fits its place."""

from __future__ import annotations

import dataclasses
import math

SMALLEST = 9  # pixels

# Advance widths in thousandths of the font size, rounded up from those of DejaVu Sans Bold, which is wider
# than the sans-serif fonts that browsers take elsewhere.
_CLASSES = (
    (" ijlIJ.,:;'|/\\", 400),
    ("frt-!()[]", 500),
    ("_`", 527),
    ('csz?*"', 600),
    ("aekovxyEFLT", 689),
    ("bdghnpqu0123456789$SY{}", 725),
    ("ABCDGHKNOPQRUVXZ#&+<=>^~", 883),
    ("mwMW%@", 1104),
)
_WIDTHS = {letter: width for letters, width in _CLASSES for letter in letters}
_WIDEST = 1104
_REGULAR = 0.95  # a regular letter to its class, at most


@dataclasses.dataclass(frozen=True)
class Text:
    """A line of text: what is drawn, its font size in pixels, and how wide it is at most."""

    text: str
    size: int
    width: int


def width_of(text: str, size: int, bold: bool = False) -> int:
    """An upper bound of the width of ``text`` in pixels."""
    units = sum(_WIDTHS.get(letter, _WIDEST) for letter in text)
    return math.ceil(units * size * (1.0 if bold else _REGULAR) / 1000)


def fit(text: str, size: int, room: int, bold: bool = False) -> Text:
    """``text`` in ``room`` pixels: smaller if it must be, and without its middle if that is not enough."""
    smaller = size
    while smaller > SMALLEST and width_of(text, smaller, bold) > room:
        smaller -= 1
    shown, kept = text, len(text)
    while kept and width_of(shown, smaller, bold) > room:
        kept -= 1
        shown = text[: (kept + 1) // 2] + "..." + text[len(text) - kept // 2 :]
    return Text(shown, smaller, width_of(shown, smaller, bold))
