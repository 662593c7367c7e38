# SPDX-License-Identifier: Apache-2.0
"""``krl_pad``: padding around the pixels of an image, and between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.graph import Pair
from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Counts, Module
from kerilog.timing import pad
from kerilog.timing.control import Control


@dataclasses.dataclass(frozen=True)
class Pad(Module):
    """An instance of ``krl_pad``: beats of ``lanes`` codes of ``bits``; ``code`` is that of padding.

    ``size`` (rows, columns) of the image, ``out`` of the padded one, ``first`` the place of the first pixel,
    ``steps`` from one pixel to the next.
    """

    lanes: int
    bits: int
    beats: int
    size: Pair
    out: Pair
    first: Pair
    steps: Pair
    code: int

    library = "krl_pad"

    @property
    def width(self) -> int:
        return self.lanes * self.bits

    @property
    def pad_beat(self) -> str:
        """A beat of padding as a Verilog literal."""
        code = self.code & ((1 << self.bits) - 1)
        value = sum(code << (lane * self.bits) for lane in range(self.lanes))
        return f"{self.width}'h{value:0{-(-self.width // 4)}x}"

    def parameters(self) -> dict[str, int | str]:
        return {
            "WIDTH": self.width,
            "ROWS": self.size[0],
            "COLUMNS": self.size[1],
            "BEATS": self.beats,
            "ROWS_OUT": self.out[0],
            "COLUMNS_OUT": self.out[1],
            "TOP": self.first[0],
            "LEFT": self.first[1],
            "STEP_ROWS": self.steps[0],
            "STEP_COLUMNS": self.steps[1],
            "PAD_BEAT": self.pad_beat,
        }

    def controls(self) -> Sequence[Control]:
        return (
            pad.Pad(
                rows=self.size[0],
                columns=self.size[1],
                beats=self.beats,
                rows_out=self.out[0],
                columns_out=self.out[1],
                top=self.first[0],
                left=self.first[1],
                step_rows=self.steps[0],
                step_columns=self.steps[1],
            ),
        )

    def counts(self) -> Counts:
        """The output register, counters of rows, columns and beats, and of the steps between pixels."""
        ones = bin(self.code & ((1 << self.bits) - 1)).count("1")
        return {
            "one": 1,
            "width": self.width,
            "ones": ones * self.lanes,
            "counters": sum(map(counter_bits, (*self.out, self.beats))),
            "phases": sum(map(counter_bits, self.steps)),
        }
