# SPDX-License-Identifier: Apache-2.0
"""What is doubtful about data and figures: one line each, for the manifest's warnings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog import floating
from kerilog.calibrate import Observation
from kerilog.floating import Samples
from kerilog.formats import Format
from kerilog.qgraph import QGraph
from kerilog.quality.batches import named
from kerilog.quality.heads import FLOAT, INTEGER, HeadQuality
from kerilog.quality.labels import NoAccuracy
from kerilog.quantize.ranges import values_of

ABOVE_CHANCE = 0.05  # a network of use is better than the commonest answer by so much
LOSS = 0.01  # of accuracy that integers may cost
_LOST_SAMPLES = 3  # fewer are chance
SATURATED = 0.02  # part of a tensor's values that may saturate beyond what calibration let saturate
_RARE = 0.001  # part that may do so where values reach twice as far as calibration saw
_MARGIN = 0.05  # of an input's range: what lies so close to it loses little
_TOLD = 3  # layers, or columns, that a warning names
_COARSE = 0.2  # error of a column by its format, as a part of how far the column varies


@dataclasses.dataclass(frozen=True)
class Seen:
    """A float tensor over test samples: ``saturated`` of ``count`` values, from ``low`` to ``high``."""

    layer: str
    count: int
    saturated: int
    low: float
    high: float


def about_accuracy(measured: Mapping[str, HeadQuality]) -> Iterator[str]:
    """Float accuracy that is no better than chance; accuracy that integers lose."""
    for one in measured.values():
        output = f"output '{one.output}': " if len(measured) > 1 else ""
        for doubt in (_chance(one), _loss(one)):
            if doubt:
                yield output + doubt


def _chance(one: HeadQuality) -> str:
    """The bound is the commonest answer and 5 points, or half of what it lacks of 100 % if that is less."""
    accuracy, largest = one.accuracy(FLOAT), one.largest_class
    if accuracy is None:
        accuracy = one.accuracy(INTEGER)
    if accuracy is None or largest is None:
        return ""
    if largest == 1:
        return "all labels of the test samples are the same: accuracy says little"
    if accuracy >= largest + min(ABOVE_CHANCE, (1 - largest) / 2):
        return ""
    network = "float" if one.accuracy(FLOAT) is not None else "integer"
    return (
        f"{network} accuracy {accuracy:.2%} is near or below chance (always the commonest answer: "
        f"{largest:.2%}): check how the samples are scaled and how the classes are numbered"
    )


def _loss(one: HeadQuality) -> str:
    before, after = one.accuracy(FLOAT), one.accuracy(INTEGER)
    if before is None or after is None:
        return ""
    lost = one.tallies[FLOAT].right - one.tallies[INTEGER].right
    if before - after <= LOSS or lost < _LOST_SAMPLES:
        return ""
    return (
        f"the integer network loses {100 * (before - after):.2f} points of accuracy against float "
        f"({before:.2%} to {after:.2%}), more than {100 * LOSS:g}: "
        "the report shows the layer where the error begins"
    )


def about_calibration(
    labels: Mapping[str, npt.NDArray[Any]], measured: Mapping[str, HeadQuality]
) -> Iterator[str]:
    """Calibration samples of one class, where the test samples have more; ``labels`` are of the former."""
    for name, some in labels.items():
        rows = some.reshape(len(some), -1)
        goal = measured[name].goal if name in measured else None
        if (
            isinstance(goal, NoAccuracy)
            or goal is None
            or goal.multi
            or goal.head.places > 1
            or len(some) < 2
        ):
            continue
        if np.all(rows == rows[0]) and measured[name].largest_class != 1:
            kind = f"{int(rows[0].argmax())}" if goal.one_hot else f"{rows[0, 0]:g}"
            output = f"output '{name}': " if len(measured) > 1 else ""
            yield (
                f"{output}all {len(some):,} calibration samples are of class {kind}: formats fit that class "
                "alone; shuffle the samples, or raise --samples"
            )


def about_range(
    integer: QGraph, calibrated: Mapping[str, Observation], seen: Sequence[Seen], samples: int
) -> Iterator[str]:
    """Test data outside of what calibration saw: how many values saturate, and where, the worst layers first.

    ``calibrated`` are the float tensors over the calibration samples, ``seen`` those over ``samples`` test
    samples.
    """
    worst = sorted(
        (
            (share, one, calibrated[one.layer])
            for one in seen
            if one.layer in calibrated
            and (share := _outside(one, calibrated[one.layer], integer[one.layer].format))
        ),
        key=lambda found: -found[0],
    )
    if not worst:
        return
    told = [
        f"{one.saturated:,} of {one.count:,} values ({one.saturated / one.count:.1%}) of '{one.layer}', "
        f"which are {one.low:.4g}..{one.high:.4g} and were {was.minimum:.4g}..{was.maximum:.4g}"
        for _, one, was in worst[:_TOLD]
    ]
    if len(worst) > _TOLD:
        told.append(f"some in {len(worst) - _TOLD} more layers")
    listed = "; ".join(told)
    yield f"test data lie outside what calibration saw: over {samples:,} samples these saturate: {listed}"


def _outside(one: Seen, was: Observation, format: Format) -> float:
    """The part of the values that saturates and would not have in calibration, if worth a warning, or 0."""
    beyond = max(was.minimum - one.low, one.high - was.maximum)
    if beyond <= 0 or not one.count:
        return 0.0
    values = values_of(was)
    intended = values.saturated(format) * (1 - was.zeros / was.count) if values.values.size else 0.0
    share = one.saturated / one.count - intended
    far = beyond > was.maximum - was.minimum
    return share if share > (_RARE if far else SATURATED) else 0.0


def about_inputs(integer: QGraph, x: Samples, samples: int) -> Iterator[str]:
    """Samples far outside the formats of the inputs, of a network that came with its formats.

    ``x`` (count, *shape) are real values, by name for several inputs, of which the first ``samples`` count.
    """
    by_name = named(integer, x)
    for node in integer.inputs:
        values = np.asarray(floating.part(by_name, 0, samples)[node.name])
        low, high = (float(end) for end in node.format.dequantize([node.format.minimum, node.format.maximum]))
        margin = _MARGIN * (high - low)
        outside = int(np.count_nonzero((values < low - margin) | (values > high + margin)))
        if outside > SATURATED * values.size:
            yield (
                f"input '{node.name}': {outside:,} of {values.size:,} values ({outside / values.size:.1%}) "
                f"saturate: the network takes {low:.4g}..{high:.4g}, the samples are "
                f"{values.min():.4g}..{values.max():.4g}"
            )


def about_columns(integer: QGraph, x: Samples, samples: int) -> Iterator[str]:
    """Columns of tabular inputs that vary too little for the one format that all of them share.

    ``x`` as in ``about_inputs``. Over the whole tensor such an error is small: larger columns hide it.
    """
    by_name = named(integer, x)
    for node in integer.inputs:
        values = np.asarray(floating.part(by_name, 0, samples)[node.name], np.float64)
        if values.ndim != 2 or values.shape[1] < 2:
            continue
        error = node.format.dequantize(node.format.quantize(values)) - values
        inside = np.abs(error) <= node.format.scales  # what saturates is told by another warning
        rms = np.sqrt(np.mean(np.where(inside, error, 0) ** 2, axis=0))
        lost = np.flatnonzero(rms > _COARSE * values.std(axis=0))
        lost = lost[values.std(axis=0)[lost] > 0]
        if lost.size:
            listed = ", ".join(
                f"{column} ({values[:, column].min():.4g}..{values[:, column].max():.4g})"
                for column in lost[:_TOLD]
            ) + (f" and {lost.size - _TOLD} more" if lost.size > _TOLD else "")
            yield (
                f"input '{node.name}': its {values.shape[1]:,} elements share one format with a step of "
                f"{float(np.max(node.format.scales)):.4g}, too coarse for element {listed}, counted from 0: "
                "scale all to similar ranges before the network, or use more activation bits"
            )
