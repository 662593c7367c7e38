# SPDX-License-Identifier: Apache-2.0
"""UpSampling2D between pixels, and RESIZE_BILINEAR."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from kerilog.graph import Shape
from kerilog.hardware.design import LayerStage, Tensor
from kerilog.hardware.kind import Flow, Frame, LayerKind, Wiring
from kerilog.hardware.module import Module
from kerilog.hardware.modules.bilinear import Bilinear
from kerilog.hardware.modules.resize import Axis, Resize
from kerilog.hardware.moving import as_image, beats_of_pixels, in_shares
from kerilog.qgraph import QGraph, QNode, QResizeBilinear


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ResizeBilinearStage(LayerStage):
    """A ``krl_resize`` with its two tables, and a ``krl_bilinear``."""

    resize: Resize
    bilinear: Bilinear

    template = "stages/resize_bilinear.v.j2"

    @property
    def modules(self) -> tuple[Module, ...]:
        return self.resize, self.bilinear


class ResizeBilinear(LayerKind):
    """Two rows are kept; each pixel is made of four at once."""

    operations = (QResizeBilinear,)
    supported = "any sizes, larger and smaller; up to a pixel per cycle"

    def refusals(self, node: QNode, graph: QGraph) -> Iterator[str]:
        for name, axis in zip(
            ("rows", "columns"), _axes(_op(node), graph[node.inputs[0]].shape), strict=True
        ):
            if not axis.is_in_order:
                yield f"hardware supports resizes that read {name} in order, found {axis.first.tolist()}"

    def shortest_interval(self, node: QNode, source: Tensor) -> int:
        return beats_of_pixels(node, source, node.shape[-1])

    def place(self, node: QNode, wiring: Wiring) -> Flow:
        source, op = wiring.take(node), _op(node)
        rows, columns = _axes(op, source.tensor.shape)
        if rows.stays and columns.stays:
            return dataclasses.replace(source, tensor=dataclasses.replace(source.tensor, shape=node.shape))
        if columns.stays and columns.size == 1:  # a column comes in the order of a row
            rows, columns = columns, rows
        flow = in_shares(node, source, wiring, node.shape[-1])
        lanes = flow.tensor.lanes
        frame = Frame.of(node, wiring, (flow,), lanes)
        stage = ResizeBilinearStage(
            **vars(frame),
            resize=Resize.of(
                flow.tensor.width,
                node.shape[-1] // lanes,
                rows,
                columns,
                (frame.memory("rows"), frame.memory("columns")),
            ),
            bilinear=Bilinear(lanes, node.format.bits, rows.bits, columns.bits, op.rounding == "away"),
        )
        return wiring.append(stage, flow.codes)


def _axes(op: QResizeBilinear, shape: Shape) -> tuple[Axis, Axis]:
    """Rows and columns of a resize of ``shape``."""
    height, width, _ = as_image(shape)
    return Axis.of(height, op.rows, op.bits), Axis.of(width, op.columns, op.bits)


def _op(node: QNode) -> QResizeBilinear:
    assert isinstance(node.op, QResizeBilinear)
    return node.op


KIND = ResizeBilinear()
