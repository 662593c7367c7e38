# SPDX-License-Identifier: Apache-2.0
"""Where the weights of a matrix-vector unit come from."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from kerilog.exact.shift_add import AdderGraph
from kerilog.hardware.memories import Memory


@dataclasses.dataclass(frozen=True, eq=False)
class Rom:
    """Codes in a memory file, one word per step."""

    memory: Memory
    multiplies: ClassVar[bool] = True

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.memory,)


@dataclasses.dataclass(frozen=True)
class Ones:
    """Nothing: every weight is 1, and products are the elements themselves."""

    multiplies: ClassVar[bool] = False
    memories: ClassVar[tuple[Memory, ...]] = ()
    BITS: ClassVar[int] = 2  # of a signed weight that is always 1


@dataclasses.dataclass(frozen=True, eq=False)
class Unrolled:
    """A graph of shifts and adds in which the weights are constants, all in use in every cycle."""

    graph: AdderGraph
    multiplies: ClassVar[bool] = False
    memories: ClassVar[tuple[Memory, ...]] = ()


WeightSource = Rom | Ones | Unrolled
