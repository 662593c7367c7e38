# SPDX-License-Identifier: Apache-2.0
"""MaxPooling2D; over the whole image, as the global one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from kerilog.graph import Shape
from kerilog.hardware import whole_image
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring
from kerilog.hardware.module import Module
from kerilog.hardware.modules.max import Max
from kerilog.hardware.modules.vectors import Vectors
from kerilog.hardware.pace import shortest_interval
from kerilog.hardware.windowed import Geometry, WindowedStage, cut_to_windows, image_refusals
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


class MaxPooling2D(LayerKind):
    """A window per cycle, or several side by side."""

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
        flow, window, slicing = cut_to_windows(node, source, wiring, _geometry(node))
        frame = Frame.of(node, wiring, (flow,), slicing.windows * slicing.channels)
        cells, channels = slicing.kernel_h * slicing.kernel_w, slicing.windows * slicing.channels
        largest = Max(cells, channels, window.bits, *op.clamp)
        stage = MaxPooling2DStage(**vars(frame), window=window, slicing=slicing, max=largest)
        low, high = flow.codes
        return wiring.append(stage, (max(low, op.clamp[0]), min(high, op.clamp[1])))


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
