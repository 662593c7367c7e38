# SPDX-License-Identifier: Apache-2.0
"""``krl_dot_signs``, one lane of ``krl_matvec`` where weights are signs."""

from __future__ import annotations

import dataclasses

from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Counts, Module


@dataclasses.dataclass(frozen=True)
class DotSigns(Module):
    """Sums of ``simd`` elements of ``x_bits`` times +1 or -1 (weights of one bit) or also 0 (of two)."""

    simd: int
    x_bits: int
    w_bits: int

    library = "krl_dot_signs"

    @property
    def sum_bits(self) -> int:
        return self.x_bits + 1 + counter_bits(self.simd)

    def parameters(self) -> dict[str, int | str]:
        return {"SIMD": self.simd, "X_BITS": self.x_bits, "W_BITS": self.w_bits}

    def counts(self) -> Counts:
        """A register for each term, the bits of the joining adders, the negation and the sum, the signs."""
        return {
            "terms": self.simd * self.x_bits,
            "tree": self._tree_bits(),
            "sum": self.sum_bits,
            "signs": self.simd,
            "dropped": self.simd * (self.w_bits - 1),
            "levels": counter_bits(self.simd),
        }

    def _tree_bits(self) -> int:
        """Bits of the results of all nodes, of those with one half too: these hold it for a cycle."""
        bits, nodes, width = 0, self.simd, self.x_bits
        while nodes > 1:
            nodes, width = -(-nodes // 2), width + 1
            bits += nodes * width
        return bits
