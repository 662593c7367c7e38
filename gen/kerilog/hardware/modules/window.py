# SPDX-License-Identifier: Apache-2.0
"""``krl_window``: the windows that slide over an image, and how the pixels of a beat become vectors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits, mux
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.line_buffer import LineBuffer, RowStream
from kerilog.timing.window import QueuedWindow, ShiftedWindow


@dataclasses.dataclass(frozen=True)
class Window(Module):
    """An instance of ``krl_window``; ``pad_code`` is the code of every element of a padding pixel."""

    height: int
    width: int
    channels: int
    bits: int
    pixels: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    pad_top: int
    pad_left: int
    out_height: int
    out_width: int
    pad_code: int
    rows: int
    block: int
    waiting: int = 1

    library = "krl_window"

    def side_by_side(self, windows: int) -> Window:
        """One window where there were ``windows`` neighbours of a row; they divide the row."""
        return dataclasses.replace(
            self,
            kernel_w=(windows - 1) * self.stride_w + self.kernel_w,
            stride_w=windows * self.stride_w,
            out_width=self.out_width // windows,
        )

    @property
    def pixel_bits(self) -> int:
        return self.channels * self.bits

    @property
    def columns(self) -> int:
        """Columns of pixels that a row of windows needs, padding included."""
        return (self.out_width - 1) * self.stride_w + self.kernel_w

    @property
    def row_words(self) -> int:
        """Beats per row of the image."""
        return self.width // self.pixels

    @property
    def pad_words(self) -> int:
        """Words left of the image that a row of windows begins with; single pixels do without."""
        return 0 if self.pixels == 1 else -(-self.pad_left // self.pixels)

    @property
    def reads(self) -> int:
        """Words of ``pixels`` columns that a row of windows is read in."""
        if self.pixels == 1:
            return min(self.width, self.columns - self.pad_left)
        skipped = self.pad_words * self.pixels - self.pad_left
        return -(-(skipped + self.columns) // self.pixels)

    @property
    def tail(self) -> int:
        """Padding columns behind the image, with single pixels."""
        return max(0, self.columns - self.pad_left - self.width)

    @property
    def unshared(self) -> int:
        """Of these, those that no column of the next row can stand for."""
        return max(0, self.tail - min(self.kernel_w - self.pad_left - 1, self.reads))

    @property
    def has_no_memory(self) -> bool:
        """When bands are the rows, without padding: they only pass through the line buffer."""
        one_row = self.kernel_h == self.stride_h == 1
        return one_row and self.pad_words == 0 and self.reads <= self.row_words

    def waiting_for(self, steps: int) -> Window:
        """With as many finished windows that a consumer of ``steps`` cycles a window works on these while the
        first columns of a row come in, and does not wait.
        """
        if self.pixels > 1 or steps <= self.stride_w:
            return self
        # columns from a row's last window to the next row's first; a window takes a cycle from place to place
        gap = self.kernel_w - self.pad_left - self.tail + self.unshared
        return dataclasses.replace(self, waiting=max(1, -(-(gap - 1) // (steps - 1))))

    @property
    def cycles(self) -> int:
        """The fewest cycles per frame for the windows to be read and handed out."""
        a_row = self.reads + self.unshared if self.pixels == 1 else max(self.reads, self.out_width)
        return self.out_height * a_row

    @property
    def window_lanes(self) -> int:
        return self.kernel_h * self.kernel_w * self.channels

    @property
    def window_bits(self) -> int:
        return self.window_lanes * self.bits

    @property
    def pad_pixel(self) -> str:
        """A padding pixel as a Verilog literal."""
        code = self.pad_code & ((1 << self.bits) - 1)
        digits = "".join(f"{code:0{self.bits}b}" for _ in range(self.channels))
        return f"{self.pixel_bits}'h{int(digits, 2):0{-(-self.pixel_bits // 4)}x}"

    def parameters(self) -> dict[str, int | str]:
        return {
            "HEIGHT": self.height,
            "WIDTH": self.width,
            "PIXEL_BITS": self.pixel_bits,
            "PIXELS": self.pixels,
            "KERNEL_H": self.kernel_h,
            "KERNEL_W": self.kernel_w,
            "STRIDE_H": self.stride_h,
            "STRIDE_W": self.stride_w,
            "PAD_TOP": self.pad_top,
            "PAD_LEFT": self.pad_left,
            "OUT_HEIGHT": self.out_height,
            "OUT_WIDTH": self.out_width,
            "PAD_PIXEL": self.pad_pixel,
            "ROWS": self.rows,
            "BLOCK": self.block,
            "WAITING": self.waiting,
        }

    def counts(self) -> Counts:
        """``kernel_h`` banks are read side by side and put in order; then columns are shifted past the
        window, which is copied with its padding put in, or with several pixels per beat they are queued
        before it.
        """
        word = self.pixels * self.pixel_bits
        column = self.kernel_h * self.pixel_bits
        # with bands side by side the rows never change their order
        rolls = self.stride_h % self.kernel_h != 0
        single, ring = self.pixels == 1, not self.has_no_memory
        queue = 0 if single else 2 * max(self.kernel_w, self.stride_w) + self.pixels - 1
        padded = self.pad_top > 0 or self.pad_left > 0 or self.columns > self.width
        return {
            "one": 1,
            "ring": ring,
            "passing": word * self.has_no_memory,
            "order": self.kernel_h * word * mux(self.kernel_h) * ring * rolls,
            "rolls": rolls * ring,
            "row reads": self.kernel_h * word * (not self.block) * ring,
            "bands": self.kernel_h * ring,
            "places": counter_bits(self.rows + 1) * ring,
            "padding": self.window_bits * padded * single,
            "padded": padded,
            "windows": self.waiting * self.window_bits * single,
            "waiting": (self.waiting - 1) * self.window_bits,
            "shifted": (self.kernel_w - 1) * column * single,
            "queue": queue * column,
            "turned": (column << counter_bits(self.pixels)) * counter_bits(self.pixels),
            "x": counter_bits(max(self.row_words, self.reads)),
            "y": counter_bits(self.height),
            "queued": not single,
        }

    @property
    def bank_depth(self) -> int:
        """Words of each of the ``kernel_h`` banks that the ring of rows consists of."""
        slots = -(-self.rows // self.kernel_h)
        return (slots - 1) * (1 << mapping.address_bits(self.row_words)) + self.row_words

    def primitives(self) -> Area:
        """A memory for each row of the kernel, in block RAM or LUTs."""
        word, depth = self.pixels * self.pixel_bits, self.bank_depth
        if self.has_no_memory:
            return Area(lutram=mapping.distributed_ram(word, 2))  # a queue of two beats
        if self.block:
            ram, _ = mapping.block_ram(word, depth)
            return Area(bram18=self.kernel_h * ram, bram_bits=self.kernel_h * word * depth)
        return Area(lutram=self.kernel_h * mapping.distributed_ram(word, depth))

    def controls(self) -> Sequence[Control]:
        """Of the line buffer, and of what is behind it where windows are wider than a word."""
        if self.pixels > 1:
            return self._line_buffer(), self._queue()
        if self.kernel_w > 1 or self.stride_w > 1:
            return self._line_buffer(), self._shifter()
        return (self._line_buffer(),)

    def _line_buffer(self) -> Control:
        if self.has_no_memory:
            return RowStream(
                height=self.height,
                row_words=self.row_words,
                out_height=self.out_height,
                reads=self.reads,
            )
        return LineBuffer(
            rows=self.rows,
            height=self.height,
            row_words=self.row_words,
            kernel_h=self.kernel_h,
            stride_h=self.stride_h,
            pad_top=self.pad_top,
            pad_words=self.pad_words,
            out_height=self.out_height,
            reads=self.reads,
        )

    def _shifter(self) -> Control:
        return ShiftedWindow(
            out_width=self.out_width,
            reads=self.reads,
            kernel_w=self.kernel_w,
            stride_w=self.stride_w,
            pad_left=self.pad_left,
            tail=self.tail,
            unshared=self.unshared,
            waiting=self.waiting,
        )

    def _queue(self) -> Control:
        return QueuedWindow(
            out_width=self.out_width,
            columns=self.columns,
            reads=self.reads,
            pixels=self.pixels,
            skipped=self.pad_words * self.pixels - self.pad_left,
            kernel_w=self.kernel_w,
            stride_w=self.stride_w,
        )


@dataclasses.dataclass(frozen=True)
class VectorSlicing:
    """How a beat of pixels is dealt out to vectors.

    In rows of ``row`` pixels of ``channels`` elements there are ``windows`` of ``kernel_h`` x ``kernel_w``
    pixels, each ``stride_w`` to the right of the last. A vector has ``depth`` neighbouring elements of every
    pixel of a window.
    """

    windows: int
    kernel_h: int
    kernel_w: int
    stride_w: int
    row: int
    channels: int
    depth: int

    @property
    def pixels(self) -> int:
        """Pixels of a vector."""
        return self.kernel_h * self.kernel_w

    @property
    def groups(self) -> int:
        """Vectors of a window."""
        return self.channels // self.depth

    @property
    def count(self) -> int:
        """Vectors of a beat."""
        return self.windows * self.groups
