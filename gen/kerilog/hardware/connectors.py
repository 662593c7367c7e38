# SPDX-License-Identifier: Apache-2.0
"""The stages that stand between layers: queues, register slices, converters of lanes, forks."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from kerilog.hardware.design import Facts, Stage, Tensor
from kerilog.hardware.module import Module
from kerilog.hardware.modules.fifo import Fifo
from kerilog.hardware.modules.fork import Fork
from kerilog.hardware.modules.gearbox import Gearbox
from kerilog.hardware.modules.lanes import Lanes
from kerilog.hardware.modules.register import Register
from kerilog.timing import nodes
from kerilog.timing.control import Control
from kerilog.timing.nodes import Node, Stream


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ConnectorStage(Stage):
    """A single library module."""

    instance: Module

    relays = True

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.instance,)

    @property
    def module(self) -> str:
        return self.instance.library

    @property
    def parameters(self) -> dict[str, int | str]:
        return self.instance.parameters()


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LanesStage(ConnectorStage):
    """A ``krl_lanes`` or a ``krl_gearbox``: the same elements, another number of lanes."""

    kind: str = "Lanes"

    label = "lanes"


def lanes(name: str, layer: str, source: str, tensor: Tensor, count: int) -> LanesStage:
    """The converter of ``tensor`` to ``count`` lanes."""
    out = dataclasses.replace(tensor, lanes=count)
    common = math.gcd(tensor.lanes, count)
    if common in (tensor.lanes, count):
        instance: Module = Lanes(tensor.bits, tensor.lanes, count, tensor.elements)
    else:
        # several elements count as one where they divide everything
        unit = 1 if tensor.elements % common else common
        instance = Gearbox(tensor.bits * unit, tensor.lanes // unit, count // unit, tensor.elements // unit)
    return LanesStage(
        name=name, layer=layer, sources=(source,), inputs=(tensor,), output=out, instance=instance
    )


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FifoStage(ConnectorStage):
    """A ``krl_fifo``.

    It is never fuller than ``peak`` beats while the input does not pause and the output does not stall, and
    it does get so full.
    """

    kind: str = "Fifo"
    instance: Fifo
    peak: int = 0

    label = "FIFO"

    @property
    def depth(self) -> int:
        return self.instance.depth

    @property
    def facts(self) -> Facts:
        return Facts(depth=self.depth, peak=self.peak)

    def smallest(self) -> FifoStage:
        return self.with_depth(2)

    def with_depth(self, depth: int) -> FifoStage:
        """The same queue, ``depth`` beats deep."""
        return dataclasses.replace(self, instance=dataclasses.replace(self.instance, depth=depth))


def fifo(name: str, layer: str, source: str, tensor: Tensor, depth: int) -> FifoStage:
    """A queue of ``depth`` beats of ``tensor``."""
    instance = Fifo(tensor.width, depth)
    return FifoStage(
        name=name, layer=layer, sources=(source,), inputs=(tensor,), output=tensor, instance=instance
    )


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class RegisterStage(ConnectorStage):
    """A ``krl_register``."""

    kind: str = "Register"

    label = "register slice"


def register(name: str, before: Stage) -> RegisterStage:
    """The register slice of what the stage ``before`` gives."""
    tensor = before.output
    return RegisterStage(
        name=name,
        layer=before.layer,
        sources=(before.name,),
        inputs=(tensor,),
        output=tensor,
        instance=Register(tensor.width),
    )


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ForkStage(ConnectorStage):
    """A ``krl_fork``: the same beats to each of the streams ``branches``."""

    kind: str = "Fork"
    branches: tuple[str, ...]

    label = "fork"

    @property
    def outputs(self) -> int:
        return len(self.branches)

    @property
    def streams(self) -> tuple[str, ...]:
        return self.branches

    def nodes(self, left: Sequence[Stream], right: Sequence[Stream], controls: list[Control]) -> list[Node]:
        return [nodes.Fork(left[0], right)]


def fork(name: str, layer: str, source: str, tensor: Tensor, branches: tuple[str, ...]) -> ForkStage:
    """A fork of ``tensor`` into the streams ``branches``."""
    return ForkStage(
        name=name,
        layer=layer,
        sources=(source,),
        inputs=(tensor,),
        output=tensor,
        branches=branches,
        instance=Fork(tensor.width, len(branches)),
    )
