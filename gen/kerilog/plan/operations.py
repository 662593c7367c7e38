# SPDX-License-Identifier: Apache-2.0
"""Stages of a graph beside the plain convolution, dense layer and maximum: further parts of the design."""

from __future__ import annotations

import dataclasses

from kerilog.plan.addition import Addition
from kerilog.plan.design import (
    Conv2DStage,
    MatVecStage,
    MaxPooling2DStage,
    Memory,
    Stage,
    SumStage,
    Tensor,
)
from kerilog.plan.window import Window


@dataclasses.dataclass(frozen=True)
class Units:
    """How a beat of ``pixels`` pixels of ``channels`` elements is dealt out to ``units`` sums.

    Each unit takes ``depth`` neighbouring elements of every pixel, the same as the other ``sharers`` of its
    group.
    """

    units: int
    pixels: int
    channels: int
    depth: int
    sharers: int


@dataclasses.dataclass(frozen=True, eq=False)
class DepthwiseConv2DStage(MatVecStage):
    """A convolution in groups of channels: depthwise, where a group is one channel."""

    window: Window
    units: Units


@dataclasses.dataclass(frozen=True, eq=False)
class AveragePooling2DStage(SumStage):
    window: Window
    units: Units


@dataclasses.dataclass(frozen=True, eq=False)
class GlobalAveragePooling2DStage(SumStage):
    units: Units


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


WindowedStage = Conv2DStage | DepthwiseConv2DStage | AveragePooling2DStage | MaxPooling2DStage
