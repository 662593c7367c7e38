# SPDX-License-Identifier: Apache-2.0
"""``krl_axi_lite``, ``krl_stream_watch``, ``krl_frame_watch``: a bus beside a core, and what it reads."""

from __future__ import annotations

import dataclasses

from kerilog.axi_lite import ADDRESS_BITS
from kerilog.hardware.mapping import counter_bits, distributed_ram
from kerilog.hardware.module import Area, Counts, Module


@dataclasses.dataclass(frozen=True)
class AxiLite(Module):
    """An instance of ``krl_axi_lite`` with the words ``mapped``, of which ``writable`` take writes."""

    mapped: frozenset[int]
    writable: frozenset[int]

    library = "krl_axi_lite"

    @property
    def words(self) -> int:
        """A power of 2."""
        return 1 << max(1, max(self.mapped).bit_length())

    @property
    def value_bits(self) -> int:
        """Bits of all words."""
        return 32 * self.words

    def parameters(self) -> dict[str, int | str]:
        return {
            "ADDRESS_BITS": ADDRESS_BITS,
            "WORDS": self.words,
            "MAPPED": self._mask(self.mapped),
            "WRITABLE": self._mask(self.writable),
        }

    def _mask(self, words: frozenset[int]) -> str:
        return f"{self.words}'h{sum(1 << word for word in words):x}"

    def counts(self) -> Counts:
        """Multiplexers from the words that are there."""
        return {"one": 1, "words": len(self.mapped), "writable": len(self.writable)}


@dataclasses.dataclass(frozen=True)
class StreamWatch(Module):
    """An instance of ``krl_stream_watch`` at a stream with ``beats`` a frame."""

    beats: int

    library = "krl_stream_watch"

    def parameters(self) -> dict[str, int | str]:
        return {"BEATS": self.beats, "USE_TLAST": 1}

    def counts(self) -> Counts:
        """Two counters of 32 bits."""
        return {"one": 1}


@dataclasses.dataclass(frozen=True)
class FrameWatch(Module):
    """An instance of ``krl_frame_watch``; ``depth`` frames are under way at once, at the most."""

    inputs: int
    outputs: int
    depth: int

    library = "krl_frame_watch"

    def parameters(self) -> dict[str, int | str]:
        return {"INPUTS": self.inputs, "OUTPUTS": self.outputs, "DEPTH": self.depth}

    def counts(self) -> Counts:
        """A clock, a difference, a queue, and of every stream how far it is ahead."""
        streams = self.inputs + self.outputs
        return {
            "one": 1,
            "pointers": counter_bits(self.depth),
            "levels": streams * self.depth.bit_length(),
            "queue": self.depth.bit_length(),
        }

    def primitives(self) -> Area:
        """The memory of the queue."""
        return Area(lutram=distributed_ram(32, self.depth))
