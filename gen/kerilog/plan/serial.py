# SPDX-License-Identifier: Apache-2.0
"""Requantizers that take several cycles for a beat, where a stage leaves the time and they are smaller."""

from __future__ import annotations

from kerilog import area
from kerilog.area.devices import occupancy
from kerilog.hardware.design import Stage
from kerilog.hardware.modules.requantize import SerialRequantizer
from kerilog.hardware.sums import SumStage

PATIENCE = 16
"""A result may come later by one part in so many of the frame interval, where latency is not bounded."""


def economical(stage: Stage, delay: int) -> Stage:
    """``stage`` with the requantizer that takes the least area: the pipelined one, or one that delays the
    last result of a vector by no more than ``delay`` cycles.

    None delays the vectors that follow, for it is done with the results of one while the next is multiplied.
    Constants are estimated, as in any sketch: their search takes long.
    """
    if not isinstance(stage, SumStage):
        return stage
    patient = (form for form in stage.serial_forms if _delay(form) <= delay)
    return min([stage.pipelined, *patient], key=lambda form: occupancy(area.of_stage(form.smallest())))


def _delay(stage: SumStage) -> int:
    """How many cycles later than with a pipelined requantizer the last result of a vector is there, when none
    of those before waits.
    """
    requantizer, matvec = stage.requantizer, stage.matvec
    assert isinstance(requantizer, SerialRequantizer)
    at_the_end = matvec.slices * (matvec.groups if matvec.beats_per_vector > 1 else 1)
    waiting = (at_the_end - 1) * (requantizer.interval - 1)
    return waiting + requantizer.latency - requantizer.pipelined.latency
