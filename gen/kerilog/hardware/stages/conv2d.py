# SPDX-License-Identifier: Apache-2.0
"""Conv2D, in groups of channels or not: depthwise, where a group is one channel."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np

from kerilog.graph import Pair
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, code_range, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.window import VectorSlicing
from kerilog.hardware.pace import fold, shortest_interval
from kerilog.hardware.reading import Held, Reading, fewest_to_read, folding_to_read
from kerilog.hardware.sums import SlicedStage, WeightedStage, multiplier, weighted
from kerilog.hardware.windowed import (
    Geometry,
    ReaderStage,
    WindowedStage,
    cut_to_windows,
    image_refusals,
    single_window,
)
from kerilog.qgraph import QConv2D, QGraph, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Conv2DStage(WindowedStage, SlicedStage, WeightedStage, LayerStage):
    """Windows, and a matrix for each of them."""

    template = "stages/conv2d.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.window, *super().modules)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ReadConv2DStage(ReaderStage, WeightedStage, LayerStage):
    """Windows that are read word by word, as often as there are groups of filters."""

    template = "stages/read_conv2d.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.reader, *super().modules)

    @property
    def groups(self) -> int:
        """Groups of channels that do not see each other: read one by one, and within a vector."""
        return self.reader.groups * self.matvec.vectors

    @property
    def inputs_of_group(self) -> int:
        return self.input.shape[-1] // self.groups

    @property
    def outputs_of_group(self) -> int:
        return self.output.shape[-1] // self.groups


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class PointwiseConv2DStage(WeightedStage, LayerStage):
    """A convolution of kernel size 1: every pixel is a vector, and there is no window."""

    template = "stages/pointwise_conv2d.v.j2"


class Conv2D(LayerKind):
    """Pixels or windows, one after the other or several side by side, each a vector of the same matrix."""

    operations = (QConv2D,)
    supported = (
        "any kernel size, strides, dilation_rate and groups (depthwise too), padding with a pixel of the "
        "image from the first to the last cell of every window, ZeroPadding2D before it; with a "
        "dilation_rate a window takes a cycle per cell or more"
    )

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        op = _op(node)
        if not _is_pointwise(op):
            yield from image_refusals(node, graph[node.inputs[0]].shape, _geometry(op, 0))

    def job(self, node: QNode) -> MatrixJob:
        op = _op(node)
        height, width, filters = node.shape
        inputs = int(np.prod(op.kernel.shape[:3]))
        if _is_dilated(op):
            channels = op.groups * op.kernel.shape[2]
            return MatrixJob(height * width, inputs, filters, vectors=op.groups, channels=channels)
        return MatrixJob(height * width, inputs, filters, vectors=op.groups, across=width)

    def unrollable(self, node: QNode) -> bool:
        return _op(node).groups == 1 and not _is_dilated(_op(node))

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        op = _op(node)
        if _is_pointwise(op):
            return 1
        if _is_dilated(op):
            return self._reading(node, source).shortest_interval
        return shortest_interval(_geometry(op, op.border(source.format)).window(source, node.shape))

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        return self._pointwise(node, wiring) if _is_pointwise(_op(node)) else self._windowed(node, wiring)

    def _pointwise(self, node: QNode, wiring: Wiring) -> Flow:
        layer, job, before = title(node), self.job(node), wiring.take(node)
        windows, channels = job.windows_for(wiring.interval), before.tensor.shape[-1]
        slicing = VectorSlicing(windows, 1, 1, 1, windows, channels, channels)
        job, forced = job.side_by_side(windows), wiring.is_unrolled(node)
        folding = fold(job, None, before.lanes, wiring.interval, layer, forced)
        lanes = folding.vectors * folding.lanes
        flow = wiring.buffered(before, wiring.cut(before, lanes, layer), layer)
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        sums = weighted(node, _op(node), folding, slicing, flow, frame, job.macs, forced, wiring.banks(node))
        return wiring.append(PointwiseConv2DStage(**vars(frame), **vars(sums)), code_range(node))

    def _windowed(self, node: QNode, wiring: Wiring) -> Flow:
        op, layer = _op(node), title(node)
        zero = op.border(wiring.source(node).format)
        folding = self._word_by_word(node, wiring)
        if folding:
            return self._read(node, wiring, _geometry(op, zero), folding)
        flow, window, slicing = cut_to_windows(node, wiring.take(node), wiring, _geometry(op, zero))
        job, forced = self.job(node).side_by_side(slicing.windows), wiring.is_unrolled(node)
        folding = fold(job, window, flow.lanes, wiring.interval, layer, forced)
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        sums = weighted(node, op, folding, slicing, flow, frame, job.macs, forced, wiring.banks(node))
        window = window.waiting_for(folding.steps)
        stage = Conv2DStage(**vars(frame), **vars(sums), window=window, slicing=slicing)
        return wiring.append(stage, code_range(node))

    def _word_by_word(self, node: QNode, wiring: Wiring) -> Folding | None:
        """The folding with which windows are read word by word; None where they are better held whole: where
        a window is worked on in few cycles, or reading takes more of an FPGA, or more multipliers. Cells that
        are apart are only ever read. Raises UnreachedError where that is too slow.
        """
        op, job, source = _op(node), self.job(node), wiring.source(node)
        tensor = Tensor(source.shape, source.format, 1)
        reading = self._reading(node, tensor)
        if _is_dilated(op):
            return fewest_to_read(reading, wiring, title(node))
        window = single_window(node, tensor, wiring, _geometry(op, 0))
        if window is None or wiring.is_unrolled(node):
            return None
        folding = fold(job, window, None, wiring.interval, title(node))
        held = Held((window, reading.unit_of(folding)), folding.products)
        return folding_to_read(reading, held, wiring, cycles=wiring.interval)

    def _reading(self, node: QNode, source: Tensor) -> Reading:
        op, job = _op(node), self.job(node)
        reader_of = functools.partial(_geometry(op, 0).reader, source, node.shape)
        unit_of = functools.partial(multiplier, job, x_bits=source.bits, weights=op.kernel_format)
        return Reading(job, source.shape[-1], reader_of, unit_of)

    def _read(self, node: QNode, wiring: Wiring, geometry: Geometry, folding: Folding) -> Flow:
        before = wiring.take(node)
        flow = wiring.cut(before, folding.vectors * folding.lanes, title(node))
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        macs, banks = self.job(node).macs, wiring.banks(node)
        sums = weighted(node, _op(node), folding, None, flow, frame, macs, forced=False, banks=banks)
        reader = geometry.reader(flow.tensor, node.shape, folding)
        return wiring.append(ReadConv2DStage(**vars(frame), **vars(sums), reader=reader), code_range(node))


def _op(node: QNode) -> QConv2D:
    assert isinstance(node.op, QConv2D)
    return node.op


def _is_pointwise(op: QConv2D) -> bool:
    """Whether every window is one pixel, and every pixel a window."""
    flat = op.kernel.shape[:2] == (1, 1) and op.strides == (1, 1)
    return flat and op.groups == 1 and op.padding == ((0, 0), (0, 0))


def _geometry(op: QConv2D, pad_code: int) -> Geometry:
    height, width, depth, _ = op.kernel.shape
    return Geometry((height, width), op.strides, op.padding, pad_code, depth, _dilation(op))


def _dilation(op: QConv2D) -> Pair:
    """Rows and columns from cell to cell; 1 where there is one cell."""
    down, across = (
        rate if cells > 1 else 1 for rate, cells in zip(op.dilation_rate, op.kernel.shape[:2], strict=True)
    )
    return down, across


def _is_dilated(op: QConv2D) -> bool:
    return _dilation(op) != (1, 1)


KIND = Conv2D()
