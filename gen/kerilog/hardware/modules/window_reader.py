# SPDX-License-Identifier: Apache-2.0
"""``krl_window_reader``: windows that are read word by word out of a ring of rows in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware import mapping, memories
from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.window_reader import WindowReader as WindowReaderControl


@dataclasses.dataclass(frozen=True)
class WindowReader(Module):
    """An instance of ``krl_window_reader``: words of ``lanes`` elements, ``slices`` of them to a pixel.

    The cells of a window are ``dilation_h`` rows and ``dilation_w`` columns apart. Each of ``groups`` groups
    of slices is read in ``passes``. ``pad_code`` is the code of every element outside the image.
    """

    height: int
    width: int
    slices: int
    lanes: int
    bits: int
    kernel_h: int
    kernel_w: int
    dilation_h: int
    dilation_w: int
    stride_h: int
    stride_w: int
    pad_top: int
    pad_left: int
    out_height: int
    out_width: int
    pad_code: int
    passes: int
    groups: int
    rows: int

    library = "krl_window_reader"

    @property
    def word_bits(self) -> int:
        return self.lanes * self.bits

    @property
    def row_words(self) -> int:
        return self.width * self.slices

    @property
    def words(self) -> int:
        """Words that a frame comes in."""
        return self.height * self.row_words

    @property
    def steps(self) -> int:
        """Words that are read of a window."""
        return self.kernel_h * self.kernel_w * self.slices * self.passes

    @property
    def span_h(self) -> int:
        """Rows from the first cell of a window to the last."""
        return (self.kernel_h - 1) * self.dilation_h + 1

    @property
    def span_w(self) -> int:
        return (self.kernel_w - 1) * self.dilation_w + 1

    @property
    def is_dilated(self) -> bool:
        return self.dilation_h > 1 or self.dilation_w > 1

    @property
    def fewest_rows(self) -> int:
        """Rows of the image without which no window is whole."""
        return min(self.span_h, self.height)

    @property
    def depth(self) -> int:
        """Words of the ring: every row but the last takes a power of two of them."""
        return (self.rows - 1) * (1 << mapping.address_bits(self.row_words)) + self.row_words

    @property
    def block(self) -> int:
        """1: the ring is worth a block RAM."""
        return int(self.depth > memories.BLOCK_DEPTH and self.depth * self.word_bits >= memories.BLOCK_BITS)

    @property
    def pad_word(self) -> str:
        """A word of padding as a Verilog literal."""
        code = self.pad_code & ((1 << self.bits) - 1)
        digits = "".join(f"{code:0{self.bits}b}" for _ in range(self.lanes))
        return f"{self.word_bits}'h{int(digits, 2):0{-(-self.word_bits // 4)}x}"

    def parameters(self) -> dict[str, int | str]:
        return {
            "HEIGHT": self.height,
            "WIDTH": self.width,
            "SLICES": self.slices,
            "WORD_BITS": self.word_bits,
            "KERNEL_H": self.kernel_h,
            "KERNEL_W": self.kernel_w,
            **({"DILATION_H": self.dilation_h} if self.dilation_h > 1 else {}),
            **({"DILATION_W": self.dilation_w} if self.dilation_w > 1 else {}),
            "STRIDE_H": self.stride_h,
            "STRIDE_W": self.stride_w,
            "PAD_TOP": self.pad_top,
            "PAD_LEFT": self.pad_left,
            "OUT_HEIGHT": self.out_height,
            "OUT_WIDTH": self.out_width,
            "PAD_WORD": self.pad_word,
            "PASSES": self.passes,
            "GROUPS": self.groups,
            "ROWS": self.rows,
            "BLOCK": self.block,
        }

    def controls(self) -> Sequence[Control]:
        control = WindowReaderControl(
            rows=self.rows,
            height=self.height,
            width=self.width,
            slices=self.slices,
            kernel_h=self.kernel_h,
            kernel_w=self.kernel_w,
            dilation_h=self.dilation_h,
            dilation_w=self.dilation_w,
            stride_h=self.stride_h,
            stride_w=self.stride_w,
            pad_top=self.pad_top,
            pad_left=self.pad_left,
            out_height=self.out_height,
            out_width=self.out_width,
            passes=self.passes,
            groups=self.groups,
        )
        return (control,)

    def counts(self) -> Counts:
        """The places of writer and reader within a row, the counters, and a word that is read from LUTs or
        has its padding put in.
        """
        bottom = (self.out_height - 1) * self.stride_h + self.span_h - self.pad_top > self.height
        right = (self.out_width - 1) * self.stride_w + self.span_w - self.pad_left > self.width
        padded = self.pad_top > 0 or self.pad_left > 0 or bottom or right
        words = self.slices // self.groups
        jumps = words > 1 and self.dilation_w * self.slices > words
        return {
            "one": 1,
            "x": counter_bits(self.row_words + 1),
            "y": counter_bits(self.height + 1),
            "counters": sum(
                counter_bits(count)
                for count in (
                    self.kernel_w * words,
                    self.span_h,
                    self.groups,
                    self.passes,
                    self.out_width,
                    words if jumps else 1,
                )
            ),
            "places": counter_bits(self.rows + 1),
            "padded": padded,
            "padding": padded * self.word_bits,
            "row reads": self.word_bits * (not self.block),
        }

    def primitives(self) -> Area:
        """One memory, in block RAM or LUTs."""
        if self.block:
            ram, _ = mapping.block_ram(self.word_bits, self.depth)
            return Area(bram18=ram, bram_bits=self.word_bits * self.depth)
        return Area(lutram=mapping.distributed_ram(self.word_bits, self.depth))
