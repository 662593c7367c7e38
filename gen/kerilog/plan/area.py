# SPDX-License-Identifier: Apache-2.0
"""The area that a design will take on Xilinx 7-series, predicted without synthesis.

DSPs and block RAMs follow from how Yosys maps multiplications and memories. Look-up tables and flip-flops
are sums of counts that the structure of a module gives (bits of its registers, adders and multiplexers), each
with a weight that was fitted to what Yosys 0.23 makes of the module over many parameters:
``benchmarks/area_model.py`` draws them, fits ``area_weights.py`` anew and compares the prediction with Yosys.
"""

from __future__ import annotations

import dataclasses
import functools

from kerilog.plan import area_counts, area_weights, mapping
from kerilog.plan.area_counts import Counts
from kerilog.plan.design import (
    AffineRequantizer,
    Conv2DStage,
    Design,
    FifoStage,
    FixedRequantizer,
    ForkStage,
    LanesStage,
    MatVec,
    MatVecStage,
    MaxPooling2DStage,
    Memory,
    Serializer,
    Stage,
    SumStage,
)
from kerilog.plan.operations import AddStage, AveragePooling2DStage, LookupStage
from kerilog.plan.unrolled import UnrolledMatVec
from kerilog.plan.window import Window


@dataclasses.dataclass(frozen=True)
class Area:
    """``lut``: look-up tables of logic; ``lutram``: those used as memories and shift registers; ``ff``:
    flip-flops; ``bram18``: block RAMs of 18 Kbit; ``bram_bits``: what is stored in them; ``dsp``: DSP48E1.
    """

    lut: float = 0
    lutram: float = 0
    ff: float = 0
    bram18: int = 0
    bram_bits: int = 0
    dsp: int = 0

    def __add__(self, other: Area) -> Area:
        return Area(
            *(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True))
        )

    @property
    def luts(self) -> int:
        """All look-up tables, of logic and of memories."""
        return round(self.lut + self.lutram)


def of(design: Design) -> Area:
    """The area of a whole design, with the frame guard and the counter of the last beat."""
    guard = fitted("krl_frame_guard", area_counts.frame_guard(design.input.width, design.input.beats))
    last = fitted("krl_frame_last", area_counts.frame_last(design.output.beats))
    return sum((of_stage(stage) for stage in design.stages), guard + last)


@functools.singledispatch
def of_stage(stage: Stage) -> Area:
    """The area of one stage. TypeError for a kind of stage that has no model."""
    raise TypeError(f"no area model for {type(stage).__name__}")


@of_stage.register
def _(stage: SumStage) -> Area:
    sums = of_unrolled(stage.matvec) if isinstance(stage.matvec, UnrolledMatVec) else of_matvec(stage.matvec)
    if isinstance(stage, MatVecStage):
        sums += of_rom(stage.weights)
    else:
        sums = dataclasses.replace(sums, dsp=0)  # an average: every weight is 1
    return (
        sums + of_serializer(stage.serializer) + of_requantizer(stage.requantizer) + of_rom(stage.constants)
    )


@of_stage.register(Conv2DStage)
@of_stage.register(AveragePooling2DStage)
def _(stage: Conv2DStage | AveragePooling2DStage) -> Area:
    return of_stage.dispatch(SumStage)(stage) + of_window(stage.window)


@of_stage.register
def _(stage: MaxPooling2DStage) -> Area:
    return of_window(stage.window) + fitted(
        "krl_max", area_counts.maximum(stage.cells, stage.channels, stage.window.bits)
    )


@of_stage.register
def _(stage: LanesStage) -> Area:
    if stage.uneven:
        return fitted("krl_gearbox", area_counts.gearbox(stage.bits, stage.lanes_in, stage.lanes_out))
    return fitted("krl_lanes", area_counts.lanes(stage.input.bits, stage.input.lanes, stage.output.lanes))


@of_stage.register
def _(stage: ForkStage) -> Area:
    return fitted("krl_fork", area_counts.fork(stage.outputs))


@of_stage.register
def _(stage: AddStage) -> Area:
    table = of_rom(stage.table) if stage.table else Area()
    return fitted("krl_add", area_counts.add(stage.addition)) + sum([table] * stage.addition.lanes, Area())


@of_stage.register
def _(stage: LookupStage) -> Area:
    table = of_rom(stage.table)
    return fitted("krl_lookup", {"one": 1}) + sum([table] * stage.input.lanes, Area())


@of_stage.register
def _(stage: FifoStage) -> Area:
    return of_fifo(stage.output.width, stage.depth)


# ---- modules ----


def of_matvec(matvec: MatVec) -> Area:
    """``krl_matvec``: a DSP for two products that share their activation, or for one; running sums in LUT
    memory.
    """
    sums = matvec.groups if matvec.beats > 1 else 1
    memory = matvec.pe * mapping.distributed_ram(matvec.acc_bits, sums) if sums > 1 else 0
    paired = matvec.pairs * matvec.simd
    dsp = paired + (matvec.multipliers - 2 * paired) * mapping.multiplier_dsps(matvec.x_bits, matvec.w_bits)
    return fitted("krl_matvec", area_counts.matvec(matvec)) + Area(lutram=memory, dsp=dsp)


def of_unrolled(matvec: UnrolledMatVec) -> Area:
    """The adders of a layer whose weights are constants, a LUT a bit, and ``krl_issue``."""
    adders = Area(lut=matvec.graph.luts, ff=matvec.graph.flip_flops)
    return adders + fitted("krl_issue", area_counts.issue(matvec.latency, matvec.credits))


def of_serializer(serializer: Serializer) -> Area:
    """``krl_serializer``: a LUT memory of ``depth`` words, and the choice of a slice of the word."""
    width = serializer.pe * serializer.bits
    return fitted("krl_serializer", area_counts.serializer(serializer)) + Area(
        lutram=mapping.distributed_ram(width, serializer.depth)
    )


def of_requantizer(requantizer: AffineRequantizer | FixedRequantizer) -> Area:
    """``krl_requantize_affine`` with its multiplier in DSPs, or ``krl_requantize_fixed``."""
    if isinstance(requantizer, AffineRequantizer):
        dsp = requantizer.lanes * mapping.multiplier_dsps(
            requantizer.acc_bits, requantizer.multiplier_bits + 1
        )
        return fitted("krl_requantize_affine", area_counts.affine(requantizer)) + Area(dsp=dsp)
    return fitted("krl_requantize_fixed", area_counts.fixed(requantizer))


def of_window(window: Window) -> Area:
    """``krl_window`` and its line buffer: a memory for each row of the kernel, in block RAM or LUTs."""
    word = window.pixels * window.pixel_bits
    slots = -(-window.rows // window.kernel_h)
    depth = (slots - 1) * (1 << max(1, mapping.bits(window.row_words))) + window.row_words
    banks = Area()
    if window.has_no_memory:
        banks = Area(lutram=mapping.distributed_ram(word, 2))  # a queue of two beats
    elif window.block:
        ram, _ = mapping.block_ram(word, depth)
        banks = Area(bram18=window.kernel_h * ram, bram_bits=window.kernel_h * word * depth)
    else:
        banks = Area(lutram=window.kernel_h * mapping.distributed_ram(word, depth))
    return fitted("krl_window", area_counts.window(window)) + banks


def of_fifo(width: int, depth: int) -> Area:
    """``krl_fifo``: a LUT memory, two pointers and a level."""
    return fitted("krl_fifo", area_counts.fifo(width, depth)) + Area(
        lutram=mapping.distributed_ram(width, depth)
    )


def of_rom(memory: Memory) -> Area:
    """``krl_rom``: block RAM, or a LUT for every 64 words of each column of bits that is one of its kind."""
    if not memory.depth:
        return Area()
    if memory.block:
        ram, lines = mapping.block_ram(memory.width, memory.depth)
        read = Area(lut=memory.width * mapping.mux(lines), ff=mapping.bits(lines))
        return read + Area(bram18=ram, bram_bits=memory.width * memory.depth)
    return fitted("krl_rom", area_counts.rom(area_counts.columns_of(memory), memory.depth))


# ---- sums of counts ----


def fitted(module: str, counts: Counts) -> Area:
    """LUTs, shift registers and flip-flops from the counts of a module."""

    def total(weights: dict[str, float]) -> float:
        return sum(weights.get(name, 0.0) * count for name, count in counts.items())

    return Area(
        lut=total(area_weights.LUT[module]),
        lutram=total(area_weights.SRL[module]),
        ff=total(area_weights.FF[module]),
    )
