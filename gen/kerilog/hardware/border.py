# SPDX-License-Identifier: Apache-2.0
"""What stands between the ports of a design and its stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.design import Design, Stage, Tensor
from kerilog.hardware.module import Module
from kerilog.hardware.modules.control import AxiLite, FrameWatch, StreamWatch
from kerilog.hardware.modules.frame import FrameGuard, FrameMark
from kerilog.hardware.modules.loader import FrameGate, Loader
from kerilog.hardware.modules.register import Register


@dataclasses.dataclass(frozen=True)
class Watch:
    """What a control block has at every input and output, and between them."""

    inputs: tuple[StreamWatch, ...]
    outputs: tuple[StreamWatch, ...]
    frames: FrameWatch
    gate: FrameGate | None = None
    loader: Loader | None = None

    @property
    def modules(self) -> tuple[Module, ...]:
        """With the bus, whose words are counted as the description places them."""
        streams = (*self.inputs, *self.outputs)
        loads = self.gate is not None
        words = {
            *range(_COMMON_WORDS + loads * _LOAD_WORDS),
            *(16 + 4 * place + word for place in range(len(streams)) for word in range(3)),
        }
        writable = (*_WRITABLE_WORDS, *_WRITABLE_TO_LOAD) if loads else _WRITABLE_WORDS
        bus = AxiLite(frozenset(words), frozenset(writable))
        return (*streams, self.frames, *filter(None, (self.gate, self.loader)), bus)


_COMMON_WORDS = 12
_WRITABLE_WORDS = (7, 8, 9)
_LOAD_WORDS = 4
_WRITABLE_TO_LOAD = (12, 13)
_SLICES = 4
"""Frames of one beat in the register slices at both ends of a core."""


@dataclasses.dataclass(frozen=True)
class Border:
    """The guard of every input and the mark of every output, and their register slices, if there are any;
    what ``control`` watches, if there is a control block.
    """

    guards: tuple[FrameGuard, ...]
    marks: tuple[FrameMark, ...]
    entries: tuple[Register, ...] = ()
    exits: tuple[Register, ...] = ()
    control: Watch | None = None

    @property
    def modules(self) -> tuple[Module, ...]:
        watch = () if self.control is None else self.control.modules
        return (*self.entries, *self.guards, *self.marks, *self.exits, *watch)


def of(design: Design) -> Border:
    """The border of ``design``."""
    inputs, outputs = ([port.tensor for port in ports] for ports in (design.inputs, design.outputs))
    around = between(inputs, outputs, design.in_flight, design.registered)
    if design.control == "none":
        return around
    watch = _watch(inputs, outputs, design.in_flight, design.registered)
    if design.stores:
        gate, loader = FrameGate(len(inputs)), Loader.of(design.stores)
        watch = dataclasses.replace(watch, gate=gate, loader=loader)
    return dataclasses.replace(around, control=watch)


def _watch(inputs: Sequence[Tensor], outputs: Sequence[Tensor], in_flight: int, registered: bool) -> Watch:
    return Watch(
        tuple(StreamWatch(tensor.beats_per_frame) for tensor in inputs),
        tuple(StreamWatch(tensor.beats_per_frame) for tensor in outputs),
        # a guard lets no frame in that has no room for a verdict
        FrameWatch(len(inputs), len(outputs), in_flight + registered * _SLICES),
    )


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
