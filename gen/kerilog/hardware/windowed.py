# SPDX-License-Identifier: Apache-2.0
"""What the layers with windows have in common: convolutions and pools."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator
from typing import Self

from kerilog.errors import UnreachedError
from kerilog.graph import Pair, Shape, windows_meet_image
from kerilog.hardware import memories
from kerilog.hardware.design import Facts, Stage, Tensor
from kerilog.hardware.kind import Flow, Wiring, title
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.window import VectorSlicing, Window
from kerilog.hardware.modules.window_reader import WindowReader
from kerilog.hardware.pace import shortest_interval, windows_wide_enough
from kerilog.qgraph import Padding, QNode


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class RingStage(Stage):
    """A stage that begins with a ring of rows."""

    @property
    @abc.abstractmethod
    def fewest_rows(self) -> int:
        """Rows without which no window is whole."""

    @abc.abstractmethod
    def with_rows(self, rows: int) -> Self:
        """The same stage with a ring of ``rows`` rows."""

    def smallest(self) -> Stage:
        least = super().smallest()
        assert isinstance(least, RingStage)
        return least.with_rows(self.fewest_rows)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ReaderStage(RingStage):
    """A stage whose windows are read word by word."""

    reader: WindowReader

    @property
    def facts(self) -> Facts:
        return dataclasses.replace(super().facts, kept_rows=self.reader.rows)

    @property
    def fewest_rows(self) -> int:
        return self.reader.fewest_rows

    def with_rows(self, rows: int) -> Self:
        return dataclasses.replace(self, reader=dataclasses.replace(self.reader, rows=rows))


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class WindowedStage(RingStage):
    """A stage that begins with windows; ``slicing`` says how they become vectors."""

    window: Window
    slicing: VectorSlicing

    @property
    def facts(self) -> Facts:
        return dataclasses.replace(super().facts, windows=self.slicing.windows)

    @property
    def minimum_interval(self) -> int:
        return max(super().minimum_interval, self.window.cycles)

    @property
    def fewest_rows(self) -> int:
        return self.window.kernel_h

    def with_rows(self, rows: int) -> Self:
        return dataclasses.replace(self, window=dataclasses.replace(self.window, rows=rows))


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The windows of a layer, in its own words. ``depth``: channels that a vector has of each pixel;
    ``dilation``: rows and columns from cell to cell.
    """

    kernel: Pair
    strides: Pair
    padding: Padding
    pad_code: int
    depth: int
    dilation: Pair = (1, 1)

    @property
    def span(self) -> Pair:
        """Rows and columns from the first cell of a window to the last."""
        return (self.kernel[0] - 1) * self.dilation[0] + 1, (self.kernel[1] - 1) * self.dilation[1] + 1

    def window(self, tensor: Tensor, out: Shape) -> Window:
        """The windows of an image that comes one pixel per beat, with a ring of ample rows; their cells are
        side by side.
        """
        assert self.dilation == (1, 1)
        height, width, channels = tensor.shape
        (pad_top, _), (pad_left, _) = self.padding
        return Window(
            height=height,
            width=width,
            channels=channels,
            bits=tensor.bits,
            pixels=1,
            kernel_h=self.kernel[0],
            kernel_w=self.kernel[1],
            stride_h=self.strides[0],
            stride_w=self.strides[1],
            pad_top=pad_top,
            pad_left=pad_left,
            out_height=out[0],
            out_width=out[1],
            pad_code=self.pad_code,
            rows=ample_rows(self.kernel[0], pad_top),
            block=int(width * channels * tensor.bits >= memories.BLOCK_BITS),
        )

    def reader(self, tensor: Tensor, out: Shape, folding: Folding) -> WindowReader:
        """What reads the windows for sums that are folded as ``folding``, with a ring of ample rows."""
        height, width, channels = tensor.shape
        (pad_top, _), (pad_left, _) = self.padding
        lanes = folding.vectors * folding.lanes
        groups = channels // self.depth // folding.vectors
        return WindowReader(
            height=height,
            width=width,
            slices=channels // lanes,
            lanes=lanes,
            bits=tensor.bits,
            kernel_h=self.kernel[0],
            kernel_w=self.kernel[1],
            dilation_h=self.dilation[0],
            dilation_w=self.dilation[1],
            stride_h=self.strides[0],
            stride_w=self.strides[1],
            pad_top=pad_top,
            pad_left=pad_left,
            out_height=out[0],
            out_width=out[1],
            pad_code=self.pad_code,
            passes=folding.turns // groups,
            groups=groups,
            rows=ample_rows(self.span[0], pad_top),
        )


def ample_rows(span: int, pad_top: int) -> int:
    """Rows with which a frame's first window is complete when the last one before it has been read."""
    return 2 * span + pad_top


def image_refusals(node: QNode, image: Shape, geometry: Geometry) -> Iterator[str]:
    """Why the windows cannot be built over ``image``: each must have a pixel of it."""
    for size, count, side, step, cells in zip(
        image[:2], node.shape[:2], geometry.span, geometry.strides, geometry.padding, strict=True
    ):
        if not windows_meet_image(size, count, side, step, cells[0]):
            yield (
                f"hardware needs a pixel of the image in every window, found a padding of {cells} around "
                f"{size} with a kernel of {side}"
            )


def single_window(node: QNode, tensor: Tensor, wiring: Wiring, geometry: Geometry) -> Window | None:
    """The windows of ``node`` over ``tensor``; None where several side by side, or several pixels per beat,
    are needed to keep up.
    """
    found = next(windows_wide_enough(geometry.window(tensor, node.shape), wiring.interval), None)
    return found[0] if found and found[1] == 1 and found[0].pixels == 1 else None


def cut_to_windows(
    node: QNode, flow: Flow, wiring: Wiring, geometry: Geometry
) -> tuple[Flow, Window, VectorSlicing]:
    """The ``flow`` into ``node`` cut to the beats of its windows, the windows, and how they become vectors.

    As few windows side by side as keep up, then as few pixels per beat. Raises UnreachedError if whole rows
    per beat are not enough.
    """
    single = geometry.window(flow.tensor, node.shape)
    found = next(windows_wide_enough(single, wiring.interval), None)
    if found is None:
        raise UnreachedError(title(node), wiring.interval, shortest_interval(single))
    window, count = found
    slicing = VectorSlicing(
        windows=count,
        kernel_h=geometry.kernel[0],
        kernel_w=geometry.kernel[1],
        stride_w=geometry.strides[1],
        row=window.kernel_w,
        channels=window.channels,
        depth=geometry.depth,
    )
    return wiring.cut(flow, window.pixels * window.channels, title(node)), window, slicing
