# SPDX-License-Identifier: Apache-2.0
"""The design: what is to be generated, every number final.

A design is a row of stages, a stage a row of library modules. Templates print what they hold and compute
nothing; area, timing, manifest and certificate loop over ``modules``, ``memories`` and ``facts`` and never
ask what kind a stage is.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar

from kerilog.exact.intervals import Interval
from kerilog.formats import Format
from kerilog.graph import Shape
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Module
from kerilog.hardware.weights import Unrolled
from kerilog.manifest import ControlBus, Reset
from kerilog.timing.control import Control
from kerilog.timing.fed import fed
from kerilog.timing.nodes import ControlNode, Join, Node, Stream

INPUT = "guarded"
"""The stream behind a frame guard: of several, the name begins so."""


@dataclasses.dataclass(frozen=True)
class Tensor:
    """What flows between two stages: a tensor of ``shape`` in ``format``, ``lanes`` elements per beat."""

    shape: Shape
    format: Format
    lanes: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def beats_per_frame(self) -> int:
        return -(-self.elements // self.lanes)

    @property
    def bits(self) -> int:
        return self.format.bits

    @property
    def width(self) -> int:
        """Bits of a beat."""
        return self.lanes * self.format.bits


@dataclasses.dataclass(frozen=True)
class Port:
    """A stream of the border: its signals begin with ``name``, ``stream`` carries its beats inside.

    ``tensor`` has the model's own shape, which a stage may see flat. Where a side has several ports,
    ``suffix`` tells what belongs to this one.
    """

    name: str
    stream: str
    tensor: Tensor

    @property
    def suffix(self) -> str:
        return self.name[len("s_axis") :]

    @property
    def width(self) -> int:
        """Bits of a beat that hold elements."""
        return self.tensor.width

    @property
    def tdata_bits(self) -> int:
        """Bits of tdata: whole bytes."""
        return 8 * -(-self.width // 8)

    @property
    def pad_bits(self) -> int:
        """Bits of tdata above the elements."""
        return self.tdata_bits - self.width


@dataclasses.dataclass(frozen=True)
class Facts:
    """What people and scripts are told of a stage; None and 0 where it does not apply.

    ``pe`` lanes of ``simd`` products, ``macs`` useful products per frame, sums of ``accumulator_bits``, of
    ``windows`` side by side, or of what is read out of a memory of ``kept_rows``; ``weight_bits`` in all;
    ``unrolled``: its weights as constants; ``signs``: whether they are signs, so that products are added or
    subtracted; ``depth`` and ``peak`` of a queue in beats.
    """

    pe: int | None = None
    simd: int | None = None
    macs: int = 0
    multipliers: int = 0
    pairs: int = 0
    accumulator_bits: int | None = None
    windows: int | None = None
    kept_rows: int | None = None
    weight_bits: int | None = None
    unrolled: Unrolled | None = None
    signs: bool = False
    depth: int | None = None
    peak: int | None = None

    @property
    def products(self) -> int:
        """Products per cycle, by multipliers or by constants."""
        return (self.pe or 0) * (self.simd or 0)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Stage(abc.ABC):
    """One module of the pipeline.

    ``layer`` is the layer's own name, ``name`` the Verilog identifier, ``kind`` the Keras class; ``sources``
    are the streams that come in, each with the tensor of ``inputs`` at the same place.
    """

    name: str
    layer: str
    kind: str
    sources: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    output: Tensor

    template: ClassVar[str | None] = None  # of the module that is generated for it; None: a library module
    label: ClassVar[str] = ""  # what a picture calls a stage that stands between layers
    relays: ClassVar[bool] = False  # whether what it gives is what it gets

    @property
    def input(self) -> Tensor:
        """What comes in first."""
        return self.inputs[0]

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that go out."""
        return (self.name,)

    @property
    @abc.abstractmethod
    def modules(self) -> tuple[Module, ...]:
        """The library modules inside, in the order of the data."""

    @property
    def memories(self) -> tuple[Memory, ...]:
        return tuple(memory for module in self.modules for memory in module.memories)

    @property
    def stores(self) -> tuple[Memory, ...]:
        """Those of the memories that are written at run time."""
        return tuple(memory for memory in self.memories if memory.banks)

    @property
    def facts(self) -> Facts:
        return Facts()

    @property
    def accumulator(self) -> Interval | None:
        """The sums that can occur, per output; None if it has none."""
        return None

    @property
    @abc.abstractmethod
    def module(self) -> str:
        """The Verilog module that the top module instantiates."""

    @property
    def parameters(self) -> dict[str, int | str]:
        """What the top module gives the instance."""
        return {}

    @property
    def minimum_interval(self) -> int:
        """The fewest cycles per frame that the stage can take by itself."""
        return max(*(tensor.beats_per_frame for tensor in self.inputs), self.output.beats_per_frame)

    def smallest(self) -> Stage:
        """The same stage with the least that any schedule and any search can leave of it."""
        return self

    def controls(self) -> list[Control]:
        """The registers that decide when a beat moves, freshly reset, in the order of the data."""
        return [control for module in self.modules for control in module.controls()]

    def nodes(self, left: Sequence[Stream], right: Sequence[Stream], controls: list[Control]) -> list[Node]:
        """The stage's ``controls`` between the streams: one behind the other, behind a join of several."""
        nodes: list[Node] = []
        first = left[0]
        if len(left) > 1:
            first = Stream()
            nodes.append(Join(left, first))
        joined = fed(controls)
        streams = [first, *(Stream() for _ in joined[1:]), right[0]]
        for control, before, behind in zip(joined, streams, streams[1:], strict=False):
            nodes.append(ControlNode(control, before, behind))
        return nodes


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LayerStage(Stage):
    """A stage with a module of its own, generated from ``template`` for the design named ``design``."""

    design: str

    @property
    def module(self) -> str:
        return f"{self.design}_{self.name}"


@dataclasses.dataclass(frozen=True)
class Cycles:
    """What the plan promises, in clock cycles, with an input that never pauses and an output that never
    stalls.

    ``frame_interval`` separates the last beats of consecutive frames in the steady state; where frames
    alternate, it is the longest. ``latency`` counts from the cycle in which the first beat of the first
    frame is taken to the one in which its last result is given; ``first_output`` to the one in which its
    first result is given.
    """

    frame_interval: int
    latency: int
    first_output: int


@dataclasses.dataclass(frozen=True, eq=False)
class Design:
    """A whole network: its stages in the order of the data, its border, and what they promise.

    ``in_flight``: frames that are under way at once while neither side pauses, at the most. ``registered``:
    whether a register slice stands at every stream of the border. ``reset``: the level that resets it.
    ``control``: the bus of its control block, "none" for no block.
    """

    name: str
    scheme: str
    stages: tuple[Stage, ...]
    cycles: Cycles
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    in_flight: int
    registered: bool = False
    reset: Reset = "active-high"
    control: ControlBus = "none"
    goal: str = ""  # what it was planned for, in words
    device: str = ""  # the FPGA that was asked for

    @property
    def input(self) -> Tensor:
        """What comes in first, in the model's own shape."""
        return self.inputs[0].tensor

    @property
    def output(self) -> Tensor:
        """What the first output gives, in the model's own shape."""
        return self.outputs[0].tensor

    @property
    def products(self) -> int:
        """Products per cycle of all layers with weights: by multipliers, or by constants in their place."""
        return sum(stage.facts.products for stage in self.stages)

    @property
    def multipliers(self) -> int:
        """As ``products``, by multipliers alone."""
        return sum(stage.facts.multipliers for stage in self.stages)

    @property
    def pairs(self) -> int:
        """Pairs of output lanes, over all layers, that may share multipliers."""
        return sum(stage.facts.pairs for stage in self.stages)

    @property
    def macs(self) -> int:
        return sum(stage.facts.macs for stage in self.stages)

    @property
    def memories(self) -> tuple[Memory, ...]:
        return tuple(memory for stage in self.stages for memory in stage.memories)

    @property
    def stores(self) -> tuple[Memory, ...]:
        """The memories that are written at run time, in the order in which they are loaded."""
        return tuple(memory for stage in self.stages for memory in stage.stores)
