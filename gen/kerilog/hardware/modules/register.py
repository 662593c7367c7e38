# SPDX-License-Identifier: Apache-2.0
"""``krl_register``: a register slice."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.module import Counts, Module
from kerilog.timing import register
from kerilog.timing.control import Control


@dataclasses.dataclass(frozen=True)
class Register(Module):
    """An instance of ``krl_register`` for beats of ``width`` bits."""

    width: int

    library = "krl_register"

    def parameters(self) -> dict[str, int | str]:
        return {"WIDTH": self.width}

    def controls(self) -> Sequence[Control]:
        return (register.Register(),)

    def counts(self) -> Counts:
        """Two places."""
        return {"one": 1, "width": self.width}
