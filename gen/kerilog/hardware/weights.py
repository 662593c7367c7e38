# SPDX-License-Identifier: Apache-2.0
"""Where the weights of a matrix-vector unit come from."""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar

import numpy as np

from kerilog.exact.shift_add import AdderGraph
from kerilog.exact.shift_add_estimate import (
    TOLERANCE_OF_POWERS,
    TOLERANCE_OF_REGISTERS,
    Estimate,
    estimate,
)
from kerilog.exact.shift_add_search import STEPS, shift_add
from kerilog.formats import IntArray
from kerilog.hardware.memories import Memory
from kerilog.qgraph import Clamp


@dataclasses.dataclass(frozen=True, eq=False)
class Rom:
    """Codes in a memory file, one word per step."""

    memory: Memory
    multiplies: ClassVar[bool] = True

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.memory,)


@dataclasses.dataclass(frozen=True, eq=False)
class Loadable(Rom):
    """Codes in a memory that is written at run time: any of their format, times elements in ``codes``."""

    codes: Clamp


class Signs(Rom):
    """The signs of weights that are +1 or -1, one bit each, or with 0 among them, two bits: products are
    added, subtracted or dropped.
    """

    multiplies: ClassVar[bool] = False


@dataclasses.dataclass(frozen=True)
class Ones:
    """Nothing: every weight is 1, and products are the elements themselves."""

    multiplies: ClassVar[bool] = False
    memories: ClassVar[tuple[Memory, ...]] = ()
    BITS: ClassVar[int] = 2  # of a signed weight that is always 1


@dataclasses.dataclass(frozen=True, eq=False)
class Unrolled:
    """Constants, all in use in every cycle: ``kernel`` (inputs, outputs) times inputs in [low, high].

    They become a graph of shifts and adds, which is searched for in ``steps`` when it is first asked for.
    """

    kernel: IntArray
    low: int
    high: int
    steps: int = STEPS
    multiplies: ClassVar[bool] = False
    memories: ClassVar[tuple[Memory, ...]] = ()

    @functools.cached_property
    def estimate(self) -> Estimate:
        """What the graph will take, without a search."""
        return estimate(self.kernel, self.low, self.high)

    @functools.cached_property
    def graph(self) -> AdderGraph:
        """The sums themselves."""
        text = self.kernel.astype(np.int64).tobytes()
        return _graph(text, self.kernel.shape[1], self.low, self.high, self.steps)

    @property
    def depth(self) -> int:
        """Cycles from the inputs to all outputs."""
        return self.graph.depth

    @property
    def luts(self) -> float:
        return self.graph.luts

    @property
    def flip_flops(self) -> float:
        return self.graph.flip_flops


class EstimatedUnrolled(Unrolled):
    """The same before any search: nothing of it is less than the graph's own."""

    @property
    def depth(self) -> int:
        return self.estimate.least_depth

    @property
    def luts(self) -> float:
        return self.estimate.luts / TOLERANCE_OF_POWERS

    @property
    def flip_flops(self) -> float:
        return self.estimate.flip_flops / TOLERANCE_OF_REGISTERS


@functools.lru_cache(maxsize=256)
def _graph(kernel: bytes, outputs: int, low: int, high: int, steps: int) -> AdderGraph:
    """The graph of a kernel, which plans for several goals share."""
    return shift_add(np.frombuffer(kernel, np.int64).reshape(-1, outputs), low, high, steps)


WeightSource = Rom | Loadable | Signs | Ones | Unrolled
