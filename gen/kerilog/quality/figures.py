# SPDX-License-Identifier: Apache-2.0
"""What was measured at the outputs, as the manifest tells it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from msgspec import UNSET, UnsetType

from kerilog.manifest import Accuracy, Distances, Quality, Rates
from kerilog.quality.heads import FLOAT, INTEGER, NAIVE, HeadQuality
from kerilog.quality.labels import NoAccuracy, Target

NO_FLOAT = "a TFLite file has no float original"
NO_DATA = "there were no samples to measure on"


def unmeasured(names: tuple[str, ...]) -> dict[str, Quality]:
    """Of the outputs ``names`` of a network that came without samples: nothing, and why."""
    nothing = Quality(samples=0, why_no_error=NO_FLOAT, why_no_accuracy=NO_DATA)
    return dict.fromkeys(names, nothing)


def qualities(measured: Mapping[str, HeadQuality]) -> dict[str, Quality]:
    """All figures, by the name of the output."""
    return {name: _quality(one) for name, one in measured.items()}


def accuracies(measured: Mapping[str, HeadQuality]) -> dict[str, Accuracy]:
    """The accuracies of outputs that have one in the float network, the integer one and the naive one."""
    found = {}
    for name, one in measured.items():
        original, integer, naive = (one.accuracy(network) for network in (FLOAT, INTEGER, NAIVE))
        if original is not None and integer is not None and naive is not None:
            found[name] = Accuracy(samples=one.samples, original=original, integer=integer, naive=naive)
    return found


def _quality(one: HeadQuality) -> Quality:
    error, goal = one.error, one.goal
    snr = None if error is None else error.snr_db
    return Quality(
        samples=one.samples,
        rmse=UNSET if error is None else error.rmse,
        snr_db=UNSET if error is None else None if snr is None or math.isinf(snr) else snr,
        correlation=UNSET if error is None else error.correlation,
        why_no_error=NO_FLOAT if error is None else UNSET,
        rule=goal.rule if isinstance(goal, Target) else UNSET,
        accuracy=_rates(one.accuracy),
        exact_match=_rates(one.exact_match),
        largest_class=UNSET if one.largest_class is None else one.largest_class,
        label_rmse=_distances(one),
        why_no_accuracy=goal.reason if isinstance(goal, NoAccuracy) else UNSET,
    )


def _rates(of: Callable[[str], float | None]) -> Rates | UnsetType:
    original, integer, naive = (_given(of(network)) for network in (FLOAT, INTEGER, NAIVE))
    return UNSET if integer is UNSET else Rates(in_float=original, in_integers=integer, naive=naive)


def _distances(one: HeadQuality) -> Distances | UnsetType:
    original, integer = (_given(one.label_rmse(network)) for network in (FLOAT, INTEGER))
    return UNSET if integer is UNSET else Distances(in_float=original, in_integers=integer)


def _given(value: float | None) -> float | UnsetType:
    return UNSET if value is None else value
