# SPDX-License-Identifier: Apache-2.0
"""AveragePooling2D: as a depthwise convolution, all weights 1; over the whole image, as the global one."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator

from kerilog.exact.average import cells_inside, sums
from kerilog.exact.intervals import Interval
from kerilog.graph import Shape
from kerilog.hardware import average, whole_image
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, clamped, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding, MatVec, Widths
from kerilog.hardware.modules.requantize import AffineRequantizer
from kerilog.hardware.pace import fold, shortest_interval
from kerilog.hardware.reading import Held, Reading, folding_to_read
from kerilog.hardware.sums import SlicedStage, SumStage
from kerilog.hardware.weights import Ones
from kerilog.hardware.windowed import (
    Geometry,
    ReaderStage,
    WindowedStage,
    cut_to_windows,
    image_refusals,
    single_window,
)
from kerilog.qgraph import QAveragePooling2D, QGraph, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class AveragePooling2DStage(WindowedStage, SlicedStage, LayerStage):
    """Windows, and sums of their cells, channel by channel."""

    template = "stages/average_pooling2d.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.window, *super().modules)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ReadAveragePooling2DStage(ReaderStage, SumStage, LayerStage):
    """Windows that are read word by word, and sums that grow, channel by channel."""

    template = "stages/read_average_pooling2d.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.reader, *super().modules)


class AveragePooling2D(LayerKind):
    """Each channel of each window is a vector for an output of its own."""

    operations = (QAveragePooling2D,)
    supported = "any pool size, strides and padding with a pixel of the image in every window"

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        return image_refusals(node, graph[node.inputs[0]].shape, _geometry(node))

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        if _sees_all(node, source.shape):
            return super().shortest_interval(node, source)
        return shortest_interval(_geometry(node).window(source, node.shape))

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = node.op
        assert isinstance(op, QAveragePooling2D)
        source = wiring.take(node)
        if _sees_all(node, source.tensor.shape):
            return _place_whole(node, op, source, wiring)
        reading = _reading(node, op, source)
        folding = self._word_by_word(node, reading, source.tensor, wiring)
        if folding:
            return self._read(node, source, wiring, reading, folding)
        flow, window, slicing = cut_to_windows(node, source, wiring, _geometry(node))
        turns, outputs = window.out_height * window.out_width, slicing.count
        job = MatrixJob(turns, slicing.pixels, outputs, vectors=outputs)
        folding = fold(job, window, flow.lanes, wiring.interval, title(node))
        frame = Frame.of(node, wiring, (flow,), folding.result_lanes)
        image, file = flow.tensor.shape, frame.memory("requantizer")
        reach = _reach(node, flow, outputs)
        stage = AveragePooling2DStage(
            **vars(frame),
            window=window.waiting_for(folding.steps),
            slicing=slicing,
            matvec=MatVec.of(folding, Widths(flow.tensor.bits, Ones.BITS, reach.bits), Ones()),
            requantizer=average.pooling_requantizer(node, op, image, flow.codes, folding.result_lanes, file),
            reach=reach,
        )
        return wiring.append(stage, clamped(flow.codes, op.clamp))

    def _word_by_word(self, node: QNode, reading: Reading, tensor: Tensor, wiring: Wiring) -> Folding | None:
        """How windows are read word by word; None where they are better held whole."""
        window = single_window(node, tensor, wiring, _geometry(node))
        if window is None:
            return None
        whole = reading.unit_of(fold(reading.job, window, None, wiring.interval, title(node)))
        return folding_to_read(reading, Held((window, whole)), wiring, cycles=wiring.interval)

    def _read(self, node: QNode, before: Flow, wiring: Wiring, reading: Reading, folding: Folding) -> Flow:
        op, lanes = node.op, folding.result_lanes
        assert isinstance(op, QAveragePooling2D)
        flow = wiring.cut(before, folding.vectors, title(node))
        frame = Frame.of(node, wiring, (flow,), lanes)
        image, file = flow.tensor.shape, frame.memory("requantizer")
        matvec = reading.unit_of(folding)
        assert isinstance(matvec, MatVec)
        stage = ReadAveragePooling2DStage(
            **vars(frame),
            reader=reading.reader_of(folding),
            matvec=matvec,
            requantizer=average.pooling_requantizer(node, op, image, flow.codes, lanes, file),
            reach=_reach(node, flow, folding.outputs),
        )
        return wiring.append(stage, clamped(flow.codes, op.clamp))


def _reach(node: QNode, flow: Flow, outputs: int) -> Interval:
    op = node.op
    assert isinstance(op, QAveragePooling2D)
    # fewer than the window has, where the image is smaller than the window
    most = int(cells_inside(op, flow.tensor.shape, node.shape).max())
    return average.repeated(sums(most, flow.codes), outputs)


def _reading(node: QNode, op: QAveragePooling2D, flow: Flow) -> Reading:
    tensor, channels = flow.tensor, node.shape[-1]
    widths = Widths(tensor.bits, Ones.BITS, _reach(node, flow, channels).bits)

    def adders(folding: Folding) -> MatVec:
        return MatVec.of(folding, widths, Ones())

    job = MatrixJob(math.prod(node.shape[:2]), math.prod(op.pool_size), channels, vectors=channels)
    return Reading(job, channels, functools.partial(_geometry(node).reader, tensor, node.shape), adders)


def _sees_all(node: QNode, image: Shape) -> bool:
    """Whether the only window holds every pixel of the ``image``."""
    op = node.op
    assert isinstance(op, QAveragePooling2D)
    return node.shape[:2] == (1, 1) and cells_inside(op, image, node.shape).item() == math.prod(image[:2])


def _place_whole(node: QNode, op: QAveragePooling2D, source: Flow, wiring: Wiring) -> Flow:
    def divider(flow: Flow, lanes: int, file: str) -> AffineRequantizer:
        return average.pooling_requantizer(node, op, flow.tensor.shape, flow.codes, lanes, file)

    return whole_image.place(node, source, wiring, divider, lambda codes: clamped(codes, op.clamp))


def _geometry(node: QNode) -> Geometry:
    op = node.op
    assert isinstance(op, QAveragePooling2D)
    return Geometry(op.pool_size, op.strides, op.padding, pad_code=0, depth=1)


KIND = AveragePooling2D()
