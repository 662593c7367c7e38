# SPDX-License-Identifier: Apache-2.0
"""What stands between the ports of a design and its stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.design import Design, Stage, Tensor
from kerilog.hardware.module import Module
from kerilog.hardware.modules.frame import FrameGuard, FrameMark
from kerilog.hardware.modules.register import Register


@dataclasses.dataclass(frozen=True)
class Border:
    """The guard of every input and the mark of every output, and their register slices, if there are any."""

    guards: tuple[FrameGuard, ...]
    marks: tuple[FrameMark, ...]
    entries: tuple[Register, ...] = ()
    exits: tuple[Register, ...] = ()

    @property
    def modules(self) -> tuple[Module, ...]:
        return (*self.entries, *self.guards, *self.marks, *self.exits)


def of(design: Design) -> Border:
    """The border of ``design``."""
    inputs, outputs = ([port.tensor for port in ports] for ports in (design.inputs, design.outputs))
    return between(inputs, outputs, design.in_flight, design.registered)


def between(
    inputs: Sequence[Tensor], outputs: Sequence[Tensor], in_flight: int, registered: bool = False
) -> Border:
    """The border around what computes ``outputs`` from ``inputs``, ``in_flight`` frames at once."""
    guards = tuple(FrameGuard(tensor.width, tensor.beats_per_frame) for tensor in inputs)
    marks = tuple(
        FrameMark(tensor.width, tensor.beats_per_frame, len(inputs), in_flight) for tensor in outputs
    )
    if not registered:
        return Border(guards, marks)
    # beside the data tlast, and on outputs tuser
    entries = tuple(Register(tensor.width + 1) for tensor in inputs)
    return Border(guards, marks, entries, tuple(Register(tensor.width + 2) for tensor in outputs))


def inputs_of(stages: Sequence[Stage]) -> dict[str, Tensor]:
    """The streams that no stage gives, with what flows in them."""
    given = {stream for stage in stages for stream in stage.streams}
    taken = (
        (source, one) for stage in stages for source, one in zip(stage.sources, stage.inputs, strict=True)
    )
    return {source: tensor for source, tensor in taken if source not in given}


def outputs_of(stages: Sequence[Stage]) -> dict[str, Tensor]:
    """The streams that no stage takes, with what flows in them."""
    taken = {source for stage in stages for source in stage.sources}
    return {stream: stage.output for stage in stages for stream in stage.streams if stream not in taken}
