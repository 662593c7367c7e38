# SPDX-License-Identifier: Apache-2.0
"""Which controls of ``kerilog.timing`` a stage has."""

from __future__ import annotations

from kerilog.hardware.design import (
    FifoStage,
    LanesStage,
    MatVec,
    MaxPooling2DStage,
    Serializer,
    Stage,
    SumStage,
)
from kerilog.hardware.modules.window import Window
from kerilog.hardware.operations import AddStage, LookupStage, WindowedStage
from kerilog.timing.control import Control
from kerilog.timing.fifo import Fifo
from kerilog.timing.gearbox import Gearbox
from kerilog.timing.lanes import Narrow, Widen
from kerilog.timing.line_buffer import LineBuffer, RowStream
from kerilog.timing.matvec import MatrixVector
from kerilog.timing.pipe import Pipe
from kerilog.timing.window import QueuedWindow, ShiftedWindow


def controls_of(stage: Stage) -> list[Control]:
    """The controls of a stage that is neither a fork nor more than the join of its inputs, in the order of
    the data.
    """
    if isinstance(stage, FifoStage):
        return [Fifo(depth=stage.depth)]
    if isinstance(stage, LanesStage):
        return [_lanes(stage)]
    if isinstance(stage, SumStage):
        windows = _windows_of(stage)
        output_register = Pipe(depth=1)  # of krl_serializer
        pipe = Pipe(depth=stage.requantizer.latency)
        return [*windows, matrix_vector(stage.matvec, stage.serializer), output_register, pipe]
    if isinstance(stage, MaxPooling2DStage):
        return [*_windows_of(stage), Pipe(depth=stage.latency)]
    if isinstance(stage, AddStage):
        return [Pipe(depth=stage.addition.latency)]
    if isinstance(stage, LookupStage):
        return [Pipe(depth=1)]
    raise TypeError(f"no timing model for {type(stage).__name__}")


def _windows_of(stage: Stage) -> list[Control]:
    return window_controls(stage.window) if isinstance(stage, WindowedStage) else []


def _lanes(stage: LanesStage) -> Control:
    if stage.uneven:
        return Gearbox(lanes_in=stage.lanes_in, lanes_out=stage.lanes_out, elements=stage.elements)
    if stage.output.lanes >= stage.input.lanes:
        return Widen(ratio=stage.output.lanes // stage.input.lanes, beats=stage.input.beats)
    return Narrow(ratio=stage.input.lanes // stage.output.lanes)


def matrix_vector(matvec: MatVec, serializer: Serializer) -> MatrixVector:
    """The control of a folded matrix, its finished sums and their turning into beats."""
    units_of_last = serializer.units - (matvec.groups - 1) * serializer.pe
    return MatrixVector(
        beats=matvec.beats,
        groups=matvec.groups,
        folds=matvec.folds,
        latency=matvec.latency,
        credits=matvec.credits,
        slices=serializer.pe // serializer.lanes,
        slices_of_last=units_of_last // serializer.lanes,
    )


def window_controls(window: Window) -> list[Control]:
    """The controls inside ``krl_window``."""
    buffer = _line_buffer(window)
    if window.pixels > 1:
        return [buffer, _queued(window)]
    if window.kernel_w > 1 or window.stride_w > 1:
        return [buffer, _shifted(window)]
    return [buffer]


def _line_buffer(window: Window) -> Control:
    if window.has_no_memory:
        return RowStream(
            height=window.height,
            row_words=window.row_words,
            out_height=window.out_height,
            reads=window.reads,
        )
    return LineBuffer(
        rows=window.rows,
        height=window.height,
        row_words=window.row_words,
        kernel_h=window.kernel_h,
        stride_h=window.stride_h,
        pad_top=window.pad_top,
        pad_words=window.pad_words,
        out_height=window.out_height,
        reads=window.reads,
    )


def _shifted(window: Window) -> ShiftedWindow:
    return ShiftedWindow(
        out_width=window.out_width,
        reads=window.reads,
        kernel_w=window.kernel_w,
        stride_w=window.stride_w,
        pad_left=window.pad_left,
        tail=window.tail,
        unshared=window.unshared,
        waiting=window.waiting,
    )


def _queued(window: Window) -> QueuedWindow:
    return QueuedWindow(
        out_width=window.out_width,
        columns=window.columns,
        reads=window.reads,
        pixels=window.pixels,
        skipped=window.pad_words * window.pixels - window.pad_left,
        kernel_w=window.kernel_w,
        stride_w=window.stride_w,
    )
