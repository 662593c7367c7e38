# SPDX-License-Identifier: Apache-2.0
"""``krl_resize``: the four pixels around each of an image of another size, and their weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from kerilog.formats import IntArray
from kerilog.hardware import mapping, memories
from kerilog.hardware.mapping import address_bits, counter_bits
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing import resize
from kerilog.timing.control import Control


@dataclasses.dataclass(frozen=True, eq=False)
class Axis:
    """Rows or columns, ``size`` of them: each new one, ``first`` (new,), lies behind an old one, ``weights``
    (new,) of 2**``bits`` parts of the way to the next.
    """

    size: int
    first: IntArray
    weights: IntArray
    bits: int

    @classmethod
    def of(cls, size: int, places: IntArray, bits: int) -> Axis:
        """From ``places`` as a ``QResizeBilinear`` has them, with as few bits as they all need."""
        whole = 1 << bits
        first, weights = places[0] + places[2] // whole, places[2] % whole
        ones = int(np.bitwise_or.reduce(weights)) | whole >> 1  # one bit is left where all are 0
        spare = (ones & -ones).bit_length() - 1
        return cls(size, first, weights >> spare, bits - spare)

    @property
    def is_in_order(self) -> bool:
        """Whether no place lies before the one before it, and none behind the last old one."""
        last = self.first + (self.weights > 0)
        return bool((np.diff(self.first) >= 0).all() and self.first[0] >= 0 and last.max() < self.size)

    @property
    def stays(self) -> bool:
        """Whether nothing changes."""
        return np.array_equal(self.first, np.arange(self.size)) and not self.weights.any()

    @property
    def steps(self) -> IntArray:
        """From each place to the next, at last to the first one of the next image."""
        return np.diff(self.first, append=self.size + self.first[0])


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Resize(Module):
    """An instance of ``krl_resize``: pixels of ``beats`` beats of ``width`` bits.

    ``row_table`` and ``column_table`` stand beside it.
    """

    width: int
    beats: int
    rows: Axis
    columns: Axis
    row_table: Memory
    column_table: Memory

    library = "krl_resize"

    @classmethod
    def of(cls, width: int, beats: int, rows: Axis, columns: Axis, files: tuple[str, str]) -> Resize:
        """With tables in the ``files`` of the rows and of the columns."""
        step_bits, place_bits = _step_bits(rows), address_bits(columns.size)
        fields = ("weight", rows.weights, rows.bits), ("rows to the next", rows.steps, step_bits)
        row_table = memories.table(files[0], fields, "word = row")
        fields = ("weight", columns.weights, columns.bits), ("first column", columns.first, place_bits)
        column_table = memories.table(files[1], fields, "word = column")
        return cls(
            width=width,
            beats=beats,
            rows=rows,
            columns=columns,
            row_table=row_table,
            column_table=column_table,
        )

    @property
    def depth(self) -> int:
        """Beats in each of the four memories."""
        return -(-self.columns.size // 2) * self.beats

    @property
    def block(self) -> int:
        return int(self.depth * self.width >= memories.BLOCK_BITS)

    @property
    def row_address_bits(self) -> int:
        return address_bits(self.row_table.depth)

    @property
    def column_address_bits(self) -> int:
        return address_bits(self.column_table.depth)

    @property
    def result_width(self) -> int:
        """Bits of a beat that goes out."""
        return 4 * self.width + self.rows.bits + self.columns.bits

    @property
    def memories(self) -> tuple[Memory, ...]:
        return self.row_table, self.column_table

    def parameters(self) -> dict[str, int | str]:
        return {
            "WIDTH": self.width,
            "COLUMNS": self.columns.size,
            "BEATS": self.beats,
            "ROWS_OUT": self.rows.first.size,
            "COLUMNS_OUT": self.columns.first.size,
            "FIRST_ROW": int(self.rows.first[0]),
            "ROW_BITS": self.rows.bits,
            "COLUMN_BITS": self.columns.bits,
            "STEP_BITS": _step_bits(self.rows),
            "BLOCK": self.block,
        }

    def controls(self) -> Sequence[Control]:
        return (
            resize.Resize(
                columns=self.columns.size,
                beats=self.beats,
                first_row=int(self.rows.first[0]),
                steps=tuple(self.rows.steps.tolist()),
                below=tuple((self.rows.weights > 0).tolist()),
                first=tuple(self.columns.first.tolist()),
                last=tuple((self.columns.first + (self.columns.weights > 0)).tolist()),
            ),
        )

    def counts(self) -> Counts:
        """The choice of each pixel among four, places of writer and reader, addresses, the weights held."""
        return {
            "one": 1,
            "width": self.width,
            "held": 4 * self.width * (not self.block),
            "columns": counter_bits(self.columns.size),
            "out": counter_bits(self.columns.first.size) + counter_bits(self.rows.first.size),
            "beats": counter_bits(self.beats),
            "bases": address_bits(self.depth) * (self.beats > 1),
            "weights": self.rows.bits + self.columns.bits,
            "ahead": _step_bits(self.rows),
        }

    def primitives(self) -> Area:
        """The four memories."""
        if not self.block:
            return Area(lutram=4 * mapping.distributed_ram(self.width, self.depth))
        ram, _ = mapping.block_ram(self.width, self.depth)
        return Area(bram18=4 * ram, bram_bits=4 * self.width * self.depth)


def _step_bits(rows: Axis) -> int:
    """Bits of the steps between rows, and of the first row."""
    return int(max(rows.steps.max(), rows.first[0], 1)).bit_length()
