# SPDX-License-Identifier: Apache-2.0
"""``krl_concat``: streams joined pixel by pixel."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.mapping import address_bits, counter_bits, mux
from kerilog.hardware.module import Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe


@dataclasses.dataclass(frozen=True)
class Concat(Module):
    """An instance of ``krl_concat``: input i brings ``beats[i]`` beats of ``width`` bits per pixel."""

    width: int
    beats: tuple[int, ...]

    library = "krl_concat"

    def parameters(self) -> dict[str, int | str]:
        counts = ", ".join(f"32'd{count}" for count in reversed(self.beats))
        return {"WIDTH": self.width, "INPUTS": len(self.beats), "COUNTS": f"{{{counts}}}"}

    def controls(self) -> Sequence[Control]:
        """The output register; the turns of the inputs are those of ``kerilog.timing.concat``."""
        return (Pipe(depth=1),)

    def counts(self) -> Counts:
        """A multiplexer of the inputs before the output register, a counter of inputs and one of beats."""
        inputs, most = len(self.beats), max(self.beats)
        return {
            "one": 1,
            "width": self.width,
            "select": self.width * mux(inputs),
            "beats": counter_bits(most),
            "beat": address_bits(most),
            "turn": counter_bits(inputs),
            "inputs": inputs,
        }
