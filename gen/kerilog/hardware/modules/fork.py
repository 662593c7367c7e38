# SPDX-License-Identifier: Apache-2.0
"""``krl_fork``: the same beats to several streams."""

from __future__ import annotations

import dataclasses

from kerilog.hardware.module import Counts, Module


@dataclasses.dataclass(frozen=True)
class Fork(Module):
    """An instance of ``krl_fork``; its timing is that of ``kerilog.timing.nodes.Fork``."""

    width: int
    outputs: int

    library = "krl_fork"

    def parameters(self) -> dict[str, int | str]:
        return {"WIDTH": self.width, "OUTPUTS": self.outputs}

    def counts(self) -> Counts:
        """A flag for each output that has taken the beat."""
        return {"one": 1, "outputs": self.outputs}
