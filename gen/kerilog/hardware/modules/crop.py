# SPDX-License-Identifier: Apache-2.0
"""``krl_crop``: a part of an image."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Counts, Module
from kerilog.timing import crop
from kerilog.timing.control import Control

Part = tuple[int, int, int]
"""(the first that is kept, the last, how many there are)"""


@dataclasses.dataclass(frozen=True)
class Crop(Module):
    """An instance of ``krl_crop``: parts of the rows, of the columns and of the beats of each pixel."""

    width: int
    rows: Part
    columns: Part
    beats: Part

    library = "krl_crop"

    def parameters(self) -> dict[str, int | str]:
        return {
            "WIDTH": self.width,
            "ROWS": self.rows[2],
            "COLUMNS": self.columns[2],
            "BEATS": self.beats[2],
            "FIRST_ROW": self.rows[0],
            "LAST_ROW": self.rows[1],
            "FIRST_COLUMN": self.columns[0],
            "LAST_COLUMN": self.columns[1],
            "FIRST_BEAT": self.beats[0],
            "LAST_BEAT": self.beats[1],
        }

    def controls(self) -> Sequence[Control]:
        return (
            crop.Crop(
                rows=self.rows[2],
                columns=self.columns[2],
                beats=self.beats[2],
                first_row=self.rows[0],
                last_row=self.rows[1],
                first_column=self.columns[0],
                last_column=self.columns[1],
                first_beat=self.beats[0],
                last_beat=self.beats[1],
            ),
        )

    def counts(self) -> Counts:
        """The output register, a counter for each axis, and the comparisons of those that are cut."""
        axes = (self.rows, self.columns, self.beats)
        bits = [counter_bits(count) for *_, count in axes]
        bounds = [(first > 0) + (last < count - 1) for first, last, count in axes]
        return {
            "one": 1,
            "width": self.width,
            "counters": sum(bits),
            "bounds": sum(count * size for count, size in zip(bounds, bits, strict=True)),
        }
