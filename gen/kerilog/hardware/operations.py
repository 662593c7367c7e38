# SPDX-License-Identifier: Apache-2.0
"""Stages of a graph beside the plain convolution, dense layer and maximum: further parts of the design."""

from __future__ import annotations

import dataclasses

from kerilog.exact.addition import Addition
from kerilog.hardware.design import (
    Conv2DStage,
    MaxPooling2DStage,
    Memory,
    Stage,
    SumStage,
    Tensor,
)
from kerilog.hardware.modules.window import Vectors, Window


@dataclasses.dataclass(frozen=True, eq=False)
class AveragePooling2DStage(SumStage):
    window: Window
    vectors: Vectors


@dataclasses.dataclass(frozen=True, eq=False)
class GlobalAveragePooling2DStage(SumStage):
    vectors: Vectors


@dataclasses.dataclass(frozen=True, eq=False)
class AddStage(Stage):
    """A ``krl_add``; ``input`` is the left operand, ``right`` the other."""

    right: Tensor
    addition: Addition
    table: Memory | None

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.table,) if self.table else ()


@dataclasses.dataclass(frozen=True, eq=False)
class LookupStage(Stage):
    """A ``krl_lookup``."""

    table: Memory

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.table,)


WindowedStage = Conv2DStage | AveragePooling2DStage | MaxPooling2DStage
