# SPDX-License-Identifier: Apache-2.0
"""The design: what is to be generated, every number final.

One dataclass for each module of ``hw/rtl``, with that module's parameters as fields (lower case), and one
for each stage of the pipeline, which groups them. Templates print these fields and compute nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence

from kerilog.formats import Format
from kerilog.graph import Shape
from kerilog.plan import packing
from kerilog.plan.intervals import Interval
from kerilog.plan.window import Vectors, Window

INPUT = "guarded"  # the stream into the first stage, behind the frame guard


@dataclasses.dataclass(frozen=True, eq=False)
class Memory:
    """A ROM of ``depth`` words of ``width`` bits, made of what ``lanes`` gives when it is asked for.

    ``contents`` says what they hold.
    """

    file: str
    width: int
    depth: int
    block: int
    lanes: Callable[[], Sequence[packing.Lanes]] = dataclasses.field(repr=False)
    contents: str

    @functools.cached_property
    def packed(self) -> packing.Words:
        """The words as bytes (depth, bytes of a word), the most significant first."""
        return packing.packed(self.lanes())

    @functools.cached_property
    def words(self) -> tuple[int, ...]:
        """The words as unsigned integers."""
        return packing.integers(self.packed)


@dataclasses.dataclass(frozen=True)
class MatVec:
    """Parameters of ``krl_matvec``; of several ``vectors`` in a beat, each of ``lanes`` elements, each is for
    an equal share of the ``units``.
    """

    pe: int
    simd: int
    lanes: int
    beats: int
    groups: int
    credits: int
    x_bits: int
    w_bits: int
    acc_bits: int
    vectors: int = 1
    units: int = 0

    @property
    def folds(self) -> int:
        return -(-self.lanes // self.simd)

    @property
    def steps(self) -> int:
        """Cycles a vector, and words of the weight ROM."""
        return self.beats * self.groups * self.folds

    @property
    def multipliers(self) -> int:
        return self.pe * self.simd

    @property
    def sharers(self) -> int:
        """Neighbouring units that multiply the same vector."""
        return self.units // self.vectors

    @property
    def run(self) -> int:
        """Neighbouring output lanes that have one vector in every group."""
        if self.vectors == 1 or self.sharers % self.pe == 0:
            return self.pe
        return self.sharers if self.pe % self.sharers == 0 else 1

    @property
    def pairs(self) -> int:
        """Pairs of output lanes that share multipliers, where those have 25 x 18 bits as in a DSP48E1."""
        fits = self.x_bits + 2 * self.w_bits + 1 <= 25 and self.x_bits <= 18
        # smaller products are cheaper in look-up tables
        return self.pe // self.run * (self.run // 2) if fits and self.x_bits + self.w_bits > 8 else 0

    @property
    def latency(self) -> int:
        """Cycles from a group's last product being issued to ``result_tvalid``."""
        return 6 + (self.simd - 1).bit_length()

    @property
    def input_lanes(self) -> int:
        """Elements of a beat."""
        return self.vectors * self.lanes

    @property
    def input_bits(self) -> int:
        return self.input_lanes * self.x_bits

    @property
    def address_bits(self) -> int:
        return address_bits(self.steps)

    @property
    def weight_bits(self) -> int:
        return self.pe * self.simd * self.w_bits


@dataclasses.dataclass(frozen=True)
class Serializer:
    """Parameters of ``krl_serializer``."""

    pe: int
    lanes: int
    units: int
    depth: int
    bits: int

    @property
    def groups(self) -> int:
        return -(-self.units // self.pe)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Requantizer:
    """Parameters that both requantizers share; ``beats`` counts the beats over all channels."""

    lanes: int
    beats: int
    acc_bits: int
    bits: int
    clamp_min: int
    clamp_max: int
    shift: int

    module = ""
    latency = 0

    @property
    def address_bits(self) -> int:
        return address_bits(self.beats)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AffineRequantizer(Requantizer):
    """Parameters of ``krl_requantize_affine``."""

    multiplier_bits: int
    offset_bits: int
    tilt_bits: int
    total_bits: int
    zero_point: int

    module = "krl_requantize_affine"
    latency = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class FixedRequantizer(Requantizer):
    """Parameters of ``krl_requantize_fixed``."""

    bias_bits: int
    biased_bits: int
    bias_shift: int

    module = "krl_requantize_fixed"
    latency = 5


@dataclasses.dataclass(frozen=True)
class Tensor:
    """What flows between two stages: a tensor of ``shape`` in ``format``, ``lanes`` elements a beat."""

    shape: Shape
    format: Format
    lanes: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def beats(self) -> int:
        return -(-self.elements // self.lanes)

    @property
    def bits(self) -> int:
        return self.format.bits

    @property
    def width(self) -> int:
        return self.lanes * self.format.bits


@dataclasses.dataclass(frozen=True, eq=False)
class Stage:
    """One module of the pipeline.

    ``layer`` is the Keras layer's own name, ``name`` the Verilog identifier. ``sources`` are the streams that
    come in, ``streams`` those that go out.
    """

    name: str
    layer: str
    kind: str
    module: str
    sources: tuple[str, ...]
    input: Tensor
    output: Tensor

    @property
    def streams(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def memories(self) -> tuple[Memory, ...]:
        return ()


@dataclasses.dataclass(frozen=True, eq=False)
class SumStage(Stage):
    """Sums of many elements and what brings them back to codes."""

    matvec: MatVec
    serializer: Serializer
    requantizer: AffineRequantizer | FixedRequantizer
    constants: Memory
    accumulator: Interval

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.constants,)


@dataclasses.dataclass(frozen=True, eq=False)
class MatVecStage(SumStage):
    """What a convolution and a dense layer have in common."""

    weights: Memory  # of no words if the weights are constants
    weight_format: Format
    bias_format: Format
    macs: int

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.weights, self.constants) if self.weights.depth else (self.constants,)


@dataclasses.dataclass(frozen=True, eq=False)
class DenseStage(MatVecStage):
    pass


@dataclasses.dataclass(frozen=True, eq=False)
class PointwiseConv2DStage(MatVecStage):
    """A convolution of kernel size 1: every pixel is a vector, and there is no window."""


@dataclasses.dataclass(frozen=True, eq=False)
class Conv2DStage(MatVecStage):
    """A convolution, in groups of channels or not: depthwise, where a group is one channel."""

    window: Window
    vectors: Vectors


@dataclasses.dataclass(frozen=True, eq=False)
class MaxPooling2DStage(Stage):
    window: Window
    vectors: Vectors
    clamp_min: int
    clamp_max: int

    @property
    def cells(self) -> int:
        return self.vectors.kernel_h * self.vectors.kernel_w

    @property
    def channels(self) -> int:
        """Maxima at a time: the channels of every window."""
        return self.vectors.windows * self.vectors.channels

    @property
    def latency(self) -> int:
        """Cycles of ``krl_max``."""
        return max(1, (self.cells - 1).bit_length())


@dataclasses.dataclass(frozen=True, eq=False)
class LanesStage(Stage):
    """A ``krl_lanes`` or a ``krl_gearbox``: the same elements, another number of lanes.

    The latter counts in ``unit`` elements at once, which divide the lanes of both sides.
    """

    unit: int = 1

    @property
    def uneven(self) -> bool:
        return self.module == "krl_gearbox"

    @property
    def lanes_in(self) -> int:
        return self.input.lanes // self.unit

    @property
    def lanes_out(self) -> int:
        return self.output.lanes // self.unit

    @property
    def elements(self) -> int:
        return self.input.elements // self.unit

    @property
    def bits(self) -> int:
        return self.input.bits * self.unit


@dataclasses.dataclass(frozen=True, eq=False)
class FifoStage(Stage):
    """A ``krl_fifo`` of ``depth`` beats.

    It is never fuller than ``peak`` while the input does not pause and the output does not stall, and it does
    get so full.
    """

    depth: int
    peak: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class ForkStage(Stage):
    """A ``krl_fork``: the same beats to each of the streams ``branches``."""

    branches: tuple[str, ...]

    @property
    def outputs(self) -> int:
        return len(self.branches)

    @property
    def streams(self) -> tuple[str, ...]:
        return self.branches


@dataclasses.dataclass(frozen=True)
class Cycles:
    """What the plan promises, in clock cycles, with an input that never pauses and an output that never
    stalls.

    ``frame_interval`` separates the last beats of consecutive frames in the steady state; where frames
    take turns, it is the longest. ``latency`` counts from the cycle in which the first beat of the first
    frame is taken to the one in which its last result is given; ``first_output`` to the one in which its
    first result is given.
    """

    frame_interval: int
    latency: int
    first_output: int


@dataclasses.dataclass(frozen=True, eq=False)
class Design:
    """A whole network: its stages in the order of the data, and what they promise."""

    name: str
    scheme: str
    stages: tuple[Stage, ...]
    cycles: Cycles
    input_shape: Shape
    output_shape: Shape

    @property
    def input(self) -> Tensor:
        """What comes in, in the model's own shape, which a stage may see flat."""
        return dataclasses.replace(self.stages[0].input, shape=self.input_shape)

    @property
    def output(self) -> Tensor:
        """What goes out, in the model's own shape."""
        return dataclasses.replace(self.stages[-1].output, shape=self.output_shape)

    @property
    def multipliers(self) -> int:
        return sum(stage.matvec.multipliers for stage in self.matvec_stages)

    @property
    def pairs(self) -> int:
        """Pairs of output lanes, over all layers, that may share multipliers."""
        return sum(stage.matvec.pairs for stage in self.matvec_stages)

    @property
    def macs(self) -> int:
        return sum(stage.macs for stage in self.matvec_stages)

    @property
    def matvec_stages(self) -> tuple[MatVecStage, ...]:
        return tuple(stage for stage in self.stages if isinstance(stage, MatVecStage))

    @property
    def memories(self) -> tuple[Memory, ...]:
        return tuple(memory for stage in self.stages for memory in stage.memories)


def address_bits(depth: int) -> int:
    """Width of an address of ``depth`` words; at least 1."""
    return max(1, (depth - 1).bit_length())
