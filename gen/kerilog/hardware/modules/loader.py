# SPDX-License-Identifier: Apache-2.0
"""``krl_loader`` and ``krl_frame_gate``: what fills memories at run time, and holds frames back meanwhile."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Counts, Module
from kerilog.hardware.modules.store import Store


@dataclasses.dataclass(frozen=True, eq=False)
class Loader(Module):
    """An instance of ``krl_loader`` that fills ``stores`` of a core with that ``layout``, 32 bits."""

    stores: tuple[Store, ...]
    layout: int = 0

    library = "krl_loader"

    @classmethod
    def of(cls, memories: Sequence[Memory], layout: int = 0) -> Loader:
        """That of ``memories``, all with as many banks."""
        return cls(tuple(Store(memory) for memory in memories), layout)

    @property
    def address_bits(self) -> int:
        return max(mapping.address_bits(store.memory.depth) for store in self.stores)

    @property
    def column_bits(self) -> int:
        return max(store.column_bits for store in self.stores)

    @property
    def words(self) -> int:
        """Words of 32 bits for all stores."""
        return sum(store.memory.depth * store.columns for store in self.stores)

    @property
    def banks(self) -> int:
        return self.stores[0].memory.banks

    def parameters(self) -> dict[str, int | str]:
        last_words = [store.memory.depth - 1 for store in self.stores]
        last_columns = [store.columns - 1 for store in self.stores]
        return {
            "MEMORIES": len(self.stores),
            "ADDRESS_BITS": self.address_bits,
            "COLUMN_BITS": self.column_bits,
            "LAST_WORDS": _joined(last_words, self.address_bits),
            "LAST_COLUMNS": _joined(last_columns, self.column_bits),
            "LAYOUT": f"32'h{self.layout:08x}",
            "WORDS": f"32'd{self.words}",
            "BANKS": self.banks,
        }

    def counts(self) -> Counts:
        """Counters of memories, words and columns, each with the choice of its last; the checksum is the same
        in all, and with two banks there is one that waits.
        """
        choices = counter_bits(len(self.stores))
        return {
            "one": 1,
            "stores": len(self.stores),
            "counters": self.address_bits + self.column_bits,
            "choices": (self.address_bits + self.column_bits) * choices,
            "banks": self.banks - 1,
        }


@dataclasses.dataclass(frozen=True)
class FrameGate(Module):
    """An instance of ``krl_frame_gate``."""

    inputs: int

    library = "krl_frame_gate"

    def parameters(self) -> dict[str, int | str]:
        return {"INPUTS": self.inputs}

    def counts(self) -> Counts:
        """Two flags of every input."""
        return {"one": 1, "inputs": self.inputs}


def _joined(values: list[int], bits: int) -> str:
    """``values`` of ``bits`` each as a number of Verilog's, the first in the low bits."""
    number = sum(value << bits * place for place, value in enumerate(values))
    return f"{len(values) * bits}'h{number:x}"
