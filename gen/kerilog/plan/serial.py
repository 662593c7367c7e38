# SPDX-License-Identifier: Apache-2.0
"""Requantizers that take several cycles for a beat, where a stage leaves the time and they are smaller."""

from __future__ import annotations

import dataclasses

from kerilog import area
from kerilog.area import Area
from kerilog.area.devices import occupancy
from kerilog.exact.caching import by_owner
from kerilog.hardware.design import Stage
from kerilog.hardware.modules.matvec import MatVec, UnrolledMatVec
from kerilog.hardware.modules.requantize import AffineRequantizer, SerialRequantizer
from kerilog.hardware.modules.serializer import Serializer
from kerilog.hardware.sums import SumStage

PATIENCE = 16
"""A result may come later by one part in so many of the frame interval, where latency is not bounded."""


def economical(stage: Stage, delay: int) -> Stage:
    """``stage`` with the requantizer that takes the least area: the pipelined one, or one that delays the
    last result of a vector by no more than ``delay`` cycles, or the stage's own patience.

    None delays the vectors that follow, for it is done with the results of one while the next is multiplied.
    """
    if not isinstance(stage, SumStage):
        return stage
    pipelined = stage.pipelined
    if not isinstance(pipelined.requantizer, AffineRequantizer):
        return pipelined
    return stage.with_requantizer(
        _smallest(pipelined.requantizer, pipelined.matvec, max(delay, stage.patience))
    )


@by_owner
def _smallest(
    requantizer: AffineRequantizer, matvec: MatVec, delay: int
) -> AffineRequantizer | SerialRequantizer:
    """What stands behind ``matvec`` in the place of ``requantizer``.

    Constants are estimated, as in any sketch: their search takes long.
    """
    least = matvec.estimated() if isinstance(matvec, UnrolledMatVec) else matvec
    beats = matvec.outputs // matvec.result_lanes
    forms = requantizer.forms(requantizer, matvec.steps // beats)

    def share(form: AffineRequantizer | SerialRequantizer) -> float:
        before = dataclasses.replace(least, result_cycles=form.interval)
        modules = before, Serializer.behind(before), form
        return occupancy(sum((area.of_module(module) for module in modules), Area()))

    patient = (form for form in forms if _delay(form, matvec) <= delay)
    choices: list[AffineRequantizer | SerialRequantizer] = [requantizer, *patient]
    return min(choices, key=share)


def _delay(requantizer: SerialRequantizer, matvec: MatVec) -> int:
    """How many cycles later than with a pipelined requantizer the last result of a vector is there, when none
    of those before waits.
    """
    at_the_end = matvec.slices * (matvec.groups if matvec.beats_per_vector > 1 else 1)
    waiting = (at_the_end - 1) * (requantizer.interval - 1)
    return waiting + requantizer.latency - requantizer.pipelined.latency
