# SPDX-License-Identifier: Apache-2.0
"""MaxPooling2D; over the whole image, as the global one."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator

from kerilog.graph import Shape
from kerilog.hardware import whole_image
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.folding import MatrixJob
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring, clamped, title
from kerilog.hardware.module import Module
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.max import Max
from kerilog.hardware.modules.running_max import RunningMax
from kerilog.hardware.modules.vectors import Vectors
from kerilog.hardware.pace import shortest_interval
from kerilog.hardware.reading import Held, Reading, folding_to_read
from kerilog.hardware.windowed import (
    Geometry,
    ReaderStage,
    WindowedStage,
    cut_to_windows,
    image_refusals,
    single_window,
)
from kerilog.qgraph import QGraph, QMaxPooling2D, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class MaxPooling2DStage(WindowedStage, LayerStage):
    """Windows and the largest of their cells."""

    max: Max

    template = "stages/max_pooling2d.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.window, self.vectors, self.max) if self.vectors else (self.window, self.max)

    @property
    def vectors(self) -> Vectors | None:
        """What brings the cells of several windows together; None if there is one."""
        if self.slicing.windows == 1:
            return None
        whole = dataclasses.replace(self.slicing, depth=self.slicing.channels)
        return Vectors(whole, self.window.bits, pixel_by_pixel=True)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ReadMaxPooling2DStage(ReaderStage, LayerStage):
    """Windows that are read word by word, and the largest so far."""

    running: RunningMax

    template = "stages/read_max_pooling2d.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return (self.reader, self.running)


class MaxPooling2D(LayerKind):
    """A window per cycle, or several side by side; or a word of each channel's window after the other."""

    operations = (QMaxPooling2D,)
    supported = "any pool size, strides and padding with a pixel of the image in every window"

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        if _sees_all(node, graph[node.inputs[0]].shape):
            return iter(())
        return image_refusals(node, graph[node.inputs[0]].shape, _geometry(node))

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        if _sees_all(node, source.shape):
            return source.shape[0]
        return shortest_interval(_geometry(node).window(source, node.shape))

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        op = node.op
        assert isinstance(op, QMaxPooling2D)
        source = wiring.take(node)
        if _sees_all(node, source.tensor.shape):
            return whole_image.place_max(node, source, wiring, op.clamp)
        reading = _reading(node, op, source.tensor)
        folding = self._word_by_word(node, reading, source.tensor, wiring)
        if folding:
            return self._read(node, source, wiring, reading, folding)
        flow, window, slicing = cut_to_windows(node, source, wiring, _geometry(node))
        frame = Frame.of(node, wiring, (flow,), slicing.windows * slicing.channels)
        cells, channels = slicing.kernel_h * slicing.kernel_w, slicing.windows * slicing.channels
        largest = Max(cells, channels, window.bits, *op.clamp)
        stage = MaxPooling2DStage(**vars(frame), window=window, slicing=slicing, max=largest)
        return wiring.append(stage, clamped(flow.codes, op.clamp))

    def _word_by_word(self, node: QNode, reading: Reading, tensor: Tensor, wiring: Wiring) -> Folding | None:
        """How windows are read word by word; None where they are better held whole."""
        op = node.op
        assert isinstance(op, QMaxPooling2D)
        window = single_window(node, tensor, wiring, _geometry(node))
        if window is None:
            return None
        whole = Max(math.prod(op.pool_size), window.channels, window.bits, *op.clamp)
        return folding_to_read(reading, Held((window, whole)), wiring, cycles=wiring.interval)

    def _read(self, node: QNode, before: Flow, wiring: Wiring, reading: Reading, folding: Folding) -> Flow:
        flow = wiring.cut(before, folding.vectors, title(node))
        frame = Frame.of(node, wiring, (flow,), folding.vectors)
        reader, running = reading.reader_of(folding), reading.unit_of(folding)
        assert isinstance(running, RunningMax)
        stage = ReadMaxPooling2DStage(**vars(frame), reader=reader, running=running)
        return wiring.append(stage, clamped(flow.codes, (running.clamp_min, running.clamp_max)))


def _reading(node: QNode, op: QMaxPooling2D, tensor: Tensor) -> Reading:
    cells, channels = math.prod(op.pool_size), node.shape[-1]

    def largest(folding: Folding) -> RunningMax:
        return RunningMax(folding.vectors, tensor.bits, 1, cells, *op.clamp)

    job = MatrixJob(math.prod(node.shape[:2]), cells, channels, vectors=channels)
    return Reading(job, channels, functools.partial(_geometry(node).reader, tensor, node.shape), largest)


def _sees_all(node: QNode, image: Shape) -> bool:
    """Whether the only window holds every pixel of the ``image``."""
    op = node.op
    assert isinstance(op, QMaxPooling2D)
    spans = zip(image[:2], op.pool_size, op.padding, strict=True)
    return node.shape[:2] == (1, 1) and all(side - before >= size for size, side, (before, _) in spans)


def _geometry(node: QNode) -> Geometry:
    op = node.op
    assert isinstance(op, QMaxPooling2D)
    # what is outside the image is never the largest
    return Geometry(op.pool_size, op.strides, op.padding, node.format.minimum, depth=1)


KIND = MaxPooling2D()
