# SPDX-License-Identifier: Apache-2.0
"""What becomes of raw samples before the network gets them, and what is doubtful about it.

A factor that the user gives is obeyed. Else integers stay as they are where the model scales them itself;
uint8, which is what images come as, is divided by 255 otherwise; anything else is taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Real

import numpy as np

from kerilog.data.arrays import RawArray
from kerilog.data.intake import Intake
from kerilog.data.samples import finite
from kerilog.errors import KerilogError
from kerilog.graph import Array
from kerilog.manifest import Scaling

PIXEL = 1 / 255
_FEW = 16  # values of uint8 that make no image
_NARROW, _WIDE = 1 / 16, 64.0  # ranges behind a model's own scaling that no network is trained on


def scaling_of(raw: RawArray, intake: Intake, given: float | None) -> Scaling:
    """What is done to the samples ``raw`` (count, *shape) of an input; ``given`` is the user's factor.

    Raises KerilogError for a factor that is not finite or is 0.
    """
    if given is not None and not (isinstance(given, Real) and math.isfinite(given) and given != 0):
        raise KerilogError(f"input scale: expected a finite number other than 0, got {given}")
    whole = raw.dtype.kind in "iu"
    why = intake.why if whole and given is None else ""
    factor = None if given is None else float(given)
    if factor is None:
        factor = PIXEL if raw.dtype == np.uint8 and not why else 1.0
    return Scaling(
        dtype=raw.dtype.name,
        minimum=float(raw.min()),
        maximum=float(raw.max()),
        factor=factor,
        given=given is not None,
        why=why,
    )


def scaled(raw: RawArray, where: str, factor: float) -> Array:
    """float32 ``raw * factor``. Raises KerilogError unless all of it is finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        floats: Array = raw.astype(np.float32)
        if factor == PIXEL:
            floats = floats / np.float32(255)
        elif factor != 1:
            floats = floats * np.float32(factor)
    finite(floats, where)
    return floats


def factor_for(raw: RawArray, scaling: Scaling, where: str) -> float:
    """The factor for raw samples ``raw`` of an input of which a build saw others: ``scaling``.

    Raises KerilogError for integers of a type for which that is not known.
    """
    if scaling.given or raw.dtype.name == scaling.dtype:
        return scaling.factor
    if raw.dtype.kind == "f":
        return 1.0
    raise KerilogError(
        f"{where}: how raw {raw.dtype} is scaled is not known: the network was made with samples of "
        f"{scaling.dtype}"
    )


def together(one: Scaling, other: Scaling) -> Scaling:
    """``one``, its range widened to that of ``other``."""
    low, high = min(one.minimum, other.minimum), max(one.maximum, other.maximum)
    return Scaling(
        dtype=one.dtype, minimum=low, maximum=high, factor=one.factor, given=one.given, why=one.why
    )


def doubts(name: str, scaling: Scaling, intake: Intake, raw: RawArray) -> Iterator[str]:
    """Warnings about the samples ``raw`` (count, *shape) of input ``name``."""
    kind, low, high = scaling.dtype, scaling.minimum, scaling.maximum
    told = f"input '{name}': {kind} {low:g}..{high:g}"
    if intake.plain:
        yield (
            f"input '{name}': layer '{intake.scaled_by}' scales it, layer '{intake.plain}' gets it as it is: "
            "an input scale (1 for none) says what the samples are"
        )
    yield from _of_own_scaling(told, scaling, intake, raw)
    if scaling.given or scaling.why:
        return
    if kind == "uint8" and high <= _FEW:
        yield f"{told}, divided by 255: few values for an image; an input scale of 1 leaves them as they are"
    elif kind != "uint8" and not intake.scaled_by and low >= 0 and 127 < high <= 255 and _is_whole(raw):
        yield f"{told}, as they are, look like pixels; an input scale of 1/255 divides them"
    yield from _outside(told, scaling, intake)


def _of_own_scaling(told: str, scaling: Scaling, intake: Intake, raw: RawArray) -> Iterator[str]:
    """A warning where the model's own scaling makes of the samples what no network is trained on."""
    made, plain = intake.made_of(raw, scaling.factor), intake.made_of(raw, 1.0)
    if made is None or scaling.minimum == scaling.maximum:
        return
    makes = f"layer '{intake.scaled_by}' makes {made[0]:.3g}..{made[1]:.3g} of them"
    if scaling.given and scaling.factor != 1 and raw.dtype.kind in "iu" and (_fits(plain) or not _fits(made)):
        yield (
            f"{told}, times {scaling.factor:g} as the input scale says, although the model scales its input "
            f"itself: {makes}"
        )
    elif made[2] < _NARROW:
        yield f"{told}: {makes}, which is little: are they scaled already?"
    elif not _fits(made):
        advice = "was the model trained on scaled samples?"
        if _fits(intake.made_of(raw, PIXEL)):
            advice += " An input scale of 1/255 divides them"
        yield f"{told}: {makes}, which is much: {advice}"
    elif lost := intake.lost(raw, scaling.factor):
        count, step = lost
        yield (
            f"{told}: layer '{intake.scaled_by}' needs steps finer than the {step:.3g} of 8 bits for {count} "
            f"of {len(intake.factors)} channels: scale the samples before the model instead"
        )


def _fits(made: tuple[float, float, float] | None) -> bool:
    return made is not None and made[2] >= _NARROW and max(-made[0], made[1]) <= _WIDE


def _is_whole(raw: RawArray) -> bool:
    """Whether samples ``raw`` are whole numbers, by their type or by the first of them."""
    if raw.dtype.kind != "f":
        return True
    some = raw[:1000]
    return bool(np.all(some == np.floor(some)))


def _outside(told: str, scaling: Scaling, intake: Intake) -> Iterator[str]:
    """A warning where uint8, divided by 255, fills half of a format that reaches below zero as well."""
    if intake.holds is None or scaling.dtype != "uint8":
        return
    low, high = intake.holds
    if low < -high / 2:
        yield (
            f"{told}, divided by 255, fills 0..1 of the {low:.3g}..{high:.3g} that the model's input holds; "
            "give floats if it was trained on others"
        )
