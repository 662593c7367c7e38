# SPDX-License-Identifier: Apache-2.0
"""``krl_dot_xnor``, one lane of ``krl_matvec`` where weights and activations are signs."""

from __future__ import annotations

import dataclasses

from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Counts, Module


@dataclasses.dataclass(frozen=True)
class DotXnor(Module):
    """Counts of the places, of ``simd``, in which two signs are equal."""

    simd: int

    library = "krl_dot_xnor"

    def parameters(self) -> dict[str, int | str]:
        return {"SIMD": self.simd}

    def counts(self) -> Counts:
        """A register for each weight, two bits for each three comparisons, the bits of the tree, and the
        total as often as it takes to be late enough.
        """
        threes = -(-self.simd // 3)
        late = 2 + counter_bits(self.simd) - counter_bits(threes)
        return {
            "weights": self.simd,
            "counts": 2 * threes,
            "tree": self._tree_bits(threes),
            "late": self.simd.bit_length() * late,
            "total": self.simd.bit_length(),
        }

    def _tree_bits(self, nodes: int) -> int:
        bits, width = 0, 2
        while nodes > 1:
            nodes, width = -(-nodes // 2), width + 1
            bits += nodes * width
        return bits
