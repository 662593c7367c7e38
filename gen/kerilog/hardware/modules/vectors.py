# SPDX-License-Identifier: Apache-2.0
"""``krl_vectors``: how the pixels of a beat become vectors."""

from __future__ import annotations

import dataclasses

from kerilog.hardware.module import Counts, Module
from kerilog.hardware.modules.window import VectorSlicing


@dataclasses.dataclass(frozen=True)
class Vectors(Module):
    """An instance of ``krl_vectors``: ``slicing`` of elements of ``bits``, vector after vector, or pixel by
    pixel of all vectors.
    """

    slicing: VectorSlicing
    bits: int
    pixel_by_pixel: bool = False

    library = "krl_vectors"

    def parameters(self) -> dict[str, int | str]:
        slicing = self.slicing
        return {
            "WINDOWS": slicing.windows,
            "KERNEL_H": slicing.kernel_h,
            "KERNEL_W": slicing.kernel_w,
            "STRIDE_W": slicing.stride_w,
            "COLUMNS": slicing.row,
            "CHANNELS": slicing.channels,
            "DEPTH": slicing.depth,
            "BITS": self.bits,
            "PIXEL_BY_PIXEL": int(self.pixel_by_pixel),
        }

    @property
    def pixels_width(self) -> int:
        """Bits of the pixels that come in."""
        return self.slicing.kernel_h * self.slicing.row * self.slicing.channels * self.bits

    @property
    def width(self) -> int:
        """Bits of all vectors."""
        return self.slicing.count * self.slicing.pixels * self.slicing.depth * self.bits

    def counts(self) -> Counts:
        """Nothing: it is wiring."""
        return {}
