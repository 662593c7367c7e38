# SPDX-License-Identifier: Apache-2.0
"""``krl_frame_guard`` and ``krl_frame_last``: frames of the right length, and the mark of their end."""

from __future__ import annotations

import dataclasses

from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Counts, Module


@dataclasses.dataclass(frozen=True)
class FrameGuard(Module):
    """An instance of ``krl_frame_guard``; beats of good frames pass it in the cycle in which they come."""

    width: int
    beats: int

    library = "krl_frame_guard"

    def parameters(self) -> dict[str, int | str]:
        return {"WIDTH": self.width, "BEATS": self.beats}

    def counts(self) -> Counts:
        """A counter of beats, and zeros in the place of data."""
        return {"one": 1, "width": self.width, "beat": counter_bits(self.beats)}


@dataclasses.dataclass(frozen=True)
class FrameLast(Module):
    """An instance of ``krl_frame_last``, beside the stream."""

    beats: int

    library = "krl_frame_last"

    def parameters(self) -> dict[str, int | str]:
        return {"BEATS": self.beats}

    def counts(self) -> Counts:
        """A counter of beats."""
        return {"one": 1, "beat": counter_bits(self.beats)}
