# SPDX-License-Identifier: Apache-2.0
"""The windows that slide over an image: parameters of ``krl_window``, what follows from them, and how the
pixels of a beat become vectors.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Window:
    """Parameters of ``krl_window``; ``pad_code`` is the code of every element of a padding pixel."""

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
        """Beats of a row of the image."""
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
        """The fewest cycles a frame for the windows to be read and handed out."""
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


@dataclasses.dataclass(frozen=True)
class Vectors:
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
