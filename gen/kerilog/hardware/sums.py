# SPDX-License-Identifier: Apache-2.0
"""What the layers that sum have in common: convolutions, dense layers and averages."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from kerilog.exact.caching import by_owner
from kerilog.exact.intervals import Interval, dot_interval
from kerilog.formats import Binary, FewLevels, Format, IntArray, Sign
from kerilog.hardware import memories
from kerilog.hardware.design import Facts, Stage
from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.kind import Flow, Frame
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding, MatVec, UnrolledMatVec, Widths
from kerilog.hardware.modules.requantize import (
    AffineRequantizer,
    FixedRequantizer,
    SerialRequantizer,
    Thresholds,
)
from kerilog.hardware.modules.serializer import Serializer
from kerilog.hardware.modules.vectors import Vectors
from kerilog.hardware.modules.window import VectorSlicing
from kerilog.hardware.requantizer import loaded_requantizer, requantizer_of
from kerilog.hardware.room import any_reach
from kerilog.hardware.unrolled import unrolled
from kerilog.hardware.weights import Loadable, Rom, Signs
from kerilog.qgraph import Clamp, QConv2D, QDense, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class SumStage(Stage):
    """Sums of many elements, in the interval ``reach`` per output, and what brings them back to codes.

    The last result of a vector may be ``patience`` cycles later than with a pipelined requantizer.
    """

    matvec: MatVec
    requantizer: AffineRequantizer | FixedRequantizer | SerialRequantizer | Thresholds
    reach: Interval
    patience: int = 0

    @property
    def serializer(self) -> Serializer:
        return Serializer.behind(self.matvec)

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.matvec, self.serializer, self.requantizer)

    @property
    def accumulator(self) -> Interval | None:
        return self.reach

    @property
    def pipelined(self) -> SumStage:
        """The same stage with a requantizer that takes a beat per cycle."""
        requantizer = self.requantizer
        if isinstance(requantizer, SerialRequantizer):
            return self.with_requantizer(requantizer.pipelined)
        return self

    def with_requantizer(self, requantizer: AffineRequantizer | SerialRequantizer) -> SumStage:
        """The same stage with another ``requantizer`` that computes the same."""
        matvec = dataclasses.replace(self.matvec, result_cycles=requantizer.interval)
        return dataclasses.replace(self, requantizer=requantizer, matvec=matvec)

    @property
    def minimum_interval(self) -> int:
        vectors = self.output.elements // self.matvec.outputs
        return max(super().minimum_interval, vectors * self.matvec.steps)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class SlicedStage(SumStage):
    """Sums of vectors that lie side by side in a beat of pixels, as ``slicing`` says."""

    slicing: VectorSlicing

    @property
    def vectors(self) -> Vectors | None:
        """What deals out the pixels; None if a beat is one vector."""
        return Vectors(self.slicing, self.matvec.x_bits) if self.matvec.vectors > 1 else None

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.vectors, *super().modules) if self.vectors else super().modules


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class WeightedStage(SumStage):
    """What a convolution and a dense layer have in common. ``macs``: useful products per frame."""

    weight_format: Format
    bias_format: Format
    macs: int

    @property
    def facts(self) -> Facts:
        matvec = self.matvec
        return Facts(
            pe=matvec.pe,
            simd=matvec.simd,
            macs=self.macs,
            multipliers=matvec.multipliers,
            pairs=matvec.pairs,
            accumulator_bits=matvec.acc_bits,
            weight_bits=sum(memory.depth * memory.width for memory in matvec.memories),
            unrolled=matvec.weights if isinstance(matvec, UnrolledMatVec) else None,
            signs=matvec.signs,
        )

    def smallest(self) -> Stage:
        matvec = self.matvec
        least = matvec.estimated() if isinstance(matvec, UnrolledMatVec) else matvec
        return dataclasses.replace(self, matvec=least)

    @property
    def parameters(self) -> dict[str, int | str]:
        return {"PAIRS": "PAIRS"} if self.matvec.pairs else {}


@dataclasses.dataclass(frozen=True, eq=False)
class Sums:
    """The fields that ``WeightedStage`` adds to ``Stage``."""

    matvec: MatVec
    requantizer: AffineRequantizer | FixedRequantizer | Thresholds
    reach: Interval
    weight_format: Format
    bias_format: Format
    macs: int = 0


def weighted(
    node: QNode,
    op: QConv2D | QDense,
    folding: Folding,
    slicing: VectorSlicing | None,
    flow: Flow,
    frame: Frame,
    macs: int,
    forced: bool,
    banks: int,
) -> Sums:
    """The sums of a layer with weights, folded as ``folding``.

    Weights are unrolled into constants where that is cheaper, and where it is ``forced``; never of vectors
    that come in parts, without a ``slicing``, nor where there are ``banks`` of them that are written at run
    time.
    """
    source = flow.tensor.format, flow.codes
    files = frame.memory("weights"), frame.memory("requantizer")
    sums = _weighted(
        op, (node.name, node.format), folding, slicing, source, files, frame.layer, forced, banks
    )
    return dataclasses.replace(sums, macs=macs)


@by_owner
def _weighted(
    op: QConv2D | QDense,
    result: tuple[str, Format],
    folding: Folding,
    slicing: VectorSlicing | None,
    source: tuple[Format, Clamp],
    files: tuple[str, str],
    layer: str,
    forced: bool,
    banks: int,
) -> Sums:
    """Those of ``op``, whose tensor is ``result``, fed with codes of ``source``; its ``files`` are those of
    the weights and of the requantizer.
    """
    format, codes = source
    kernel: IntArray = op.kernel.reshape(-1, op.kernel.shape[-1])  # in the order of the stream
    codes = _with_padding(codes, op, format)
    # the multipliers see raw codes: what code 0 stands for times the weights joins the bias
    factor, offset = format.line
    steps = kernel * factor
    reach = dot_interval(steps, *codes)
    bias = op.bias + offset * kernel.sum(axis=0)
    if banks:
        return _loaded(op, result, folding, source, codes, (reach, bias), files, banks)
    widths = Widths(format.bits, op.kernel_format.bits, reach.bits)
    matvec: MatVec | None = None
    if folding.steps == 1 and slicing and slicing.groups == 1:
        matvec = unrolled(_wide_kernel(steps, slicing), codes, folding, widths, layer, forced)
    if matvec is None:
        stored = (kernel < 0).astype(np.int64) if isinstance(op.kernel_format, Binary) else kernel
        rom = weight_memory(files[0], stored, folding, widths.w)
        matvec = MatVec.of(folding, widths, _source(op.kernel_format)(rom))
        if isinstance(format, Sign):
            counted = matvec.counted(kernel.shape[0]) + kernel.sum(axis=0)
            reach, bias = reach + counted, bias - counted
            matvec = dataclasses.replace(matvec, acc_bits=reach.bits)
    requantizer = requantizer_of(result, op, matvec.result_lanes, reach, bias, files[1])
    return Sums(matvec, requantizer, reach, op.kernel_format, op.bias_format)


def _loaded(
    op: QConv2D | QDense,
    result: tuple[str, Format],
    folding: Folding,
    source: tuple[Format, Clamp],
    codes: Clamp,
    held: tuple[Interval, IntArray],
    files: tuple[str, str],
    banks: int,
) -> Sums:
    """As ``_weighted``, for any weights of the format; ``held``: the sums and the bias of those that it
    begins with, ``codes``: what is multiplied.
    """
    format = source[0]
    reach = any_reach(op.kernel[..., 0].size, op.bias.size, op.kernel_format, codes)
    widths = Widths(format.bits, op.kernel_format.bits, reach.bits)
    kernel: IntArray = op.kernel.reshape(-1, op.kernel.shape[-1])
    memory = weight_memory(files[0], kernel, folding, widths.w).stored(banks)
    matvec = MatVec.of(folding, widths, Loadable(memory, codes))
    requantizer = loaded_requantizer(result, op, format, matvec.result_lanes, reach, held, files[1])
    requantizer = dataclasses.replace(requantizer, rom=requantizer.rom.stored(banks))
    return Sums(matvec, requantizer, reach, op.kernel_format, op.bias_format)


def weight_memory(file: str, kernel: IntArray, folding: Folding, bits: int) -> memories.Memory:
    """The memory of ``kernel`` (inputs, outputs of one window), codes of ``bits``, for ``folding``."""
    split = functools.partial(_by_step, kernel, folding)
    return memories.weights(file, split, folding.steps, folding.pe, folding.simd, bits)


def _source(weights: Format) -> type[Rom]:
    """What reads weights of that format."""
    return Signs if isinstance(weights, FewLevels) else Rom


@functools.lru_cache(maxsize=4096)
def multiplier(job: MatrixJob, folding: Folding, x_bits: int, weights: Format) -> MatVec:
    """``folding`` of ``job`` for elements of ``x_bits`` beside a ROM of no weights, to be counted."""
    product = x_bits + (1 if isinstance(weights, FewLevels) else weights.bits)
    widths = Widths(x_bits, weights.bits, product + job.inputs.bit_length())
    counts = folding.steps, folding.pe, folding.simd
    empty = memories.weights("", lambda: np.zeros(0, np.int64), *counts, widths.w)
    return MatVec.of(folding, widths, _source(weights)(empty))


def _with_padding(codes: Clamp, op: QConv2D | QDense, format: Format) -> Clamp:
    """The codes that the multipliers see: the tensor's, and that of padding where windows overhang."""
    if isinstance(op, QDense) or op.padding == ((0, 0), (0, 0)):
        return codes
    return min(codes[0], op.border(format)), max(codes[1], op.border(format))


def _wide_kernel(kernel: IntArray, slicing: VectorSlicing) -> IntArray:
    """``kernel`` (inputs of one, filters) of windows side by side: (inputs of all, outputs).

    A window has weights for its own inputs alone.
    """
    height, width, filters = slicing.kernel_h, slicing.kernel_w, kernel.shape[1]
    wide = np.zeros((height, slicing.row, slicing.channels, slicing.windows, filters), kernel.dtype)
    for number in range(slicing.windows):
        left = number * slicing.stride_w
        wide[:, left : left + width, :, number] = kernel.reshape(height, width, slicing.channels, filters)
    return wide.reshape(-1, slicing.windows * filters)


def _by_step(kernel: IntArray, folding: Folding) -> IntArray:
    """``kernel`` (inputs, outputs of one window) in the order in which it is used: (steps, pe, simd).

    Word (turn, beat, group, fold) has, for each lane and product, the weight of input (beat, fold, product)
    and output (turn, group, lane). What lies past the last input of a beat or past the last output is zero.
    Windows side by side have the same weights.
    """
    inputs, outputs = kernel.shape
    beats, columns = folding.beats_per_vector, folding.turns * folding.groups * folding.pe
    narrow = np.int8 if kernel.min() >= -128 and kernel.max() <= 127 else np.int64
    padded = np.zeros((beats * folding.lanes, columns), narrow)
    for first in range(0, folding.outputs, outputs):
        padded[:inputs, first : first + outputs] = kernel
    per_beat = np.zeros((beats, folding.folds * folding.simd, columns), narrow)
    per_beat[:, : folding.lanes] = padded.reshape(beats, folding.lanes, -1)
    shape = (beats, folding.folds, folding.simd, folding.turns, folding.groups, folding.pe)
    split = per_beat.reshape(shape).transpose(3, 0, 4, 1, 5, 2)
    return split.reshape(folding.steps, folding.pe, folding.simd)
