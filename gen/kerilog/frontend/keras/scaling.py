# SPDX-License-Identifier: Apache-2.0
"""Converters of the layers that scale: all become the batch normalization that does the same."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.frontend.keras.calls import Call, Nodes
from kerilog.frontend.keras.options import Layer
from kerilog.graph import Array, BatchNormalization, Learned, Reshape, Shape

_EPSILON = 1e-7  # keras.backend.epsilon(), below which Normalization lets no standard deviation fall
_MOST = 1e30  # of a number in the file

Numbers = npt.NDArray[np.float64]


def batch_normalization(call: Call) -> Nodes:
    """BatchNormalization at inference: one scale and one offset per channel."""
    layer = call.layer
    layer.check_options(("axis", "epsilon", "center", "scale"))
    shape = call.shape
    layer.check_last_axis(len(shape))
    epsilon = layer.number("epsilon", 1e-3)
    count = 2 + layer.flag("scale", True) + layer.flag("center", True)
    values = [array.astype(np.float64) for array in call.variables(*[(shape[-1],)] * count)]
    mean, variance = values[-2:]
    gamma = values[0] if layer.flag("scale", True) else None
    beta = values[-3] if layer.flag("center", True) else None
    spread = variance + epsilon
    if spread.min() <= 0:
        layer.wrong("variance + epsilon", "more than 0", float(spread.min()))
    learned = Learned(gamma, beta, mean, np.sqrt(spread))
    scale, offset = (_finite(layer, values) for values in learned.combined())
    return (call.node(BatchNormalization(scale, offset, learned), shape),)


def rescaling(call: Call) -> Nodes:
    """Rescaling, by numbers or by lists that broadcast to the input."""
    layer = call.layer
    layer.check_options(("scale", "offset"))
    scale, offset = (_numbers(layer, key) for key in ("scale", "offset"))
    return _scaled(call, _fitting(call, "scale", scale), _fitting(call, "offset", offset))


def normalization(call: Call) -> Nodes:
    """Normalization, its mean and variance adapted to data or given as options."""
    layer = call.layer
    layer.check_options(("axis", "invert", "mean", "variance"))
    mean, variance = _statistics(call)
    if variance.min() < 0:
        layer.wrong("variance", "0 or more", float(variance.min()))
    deviation = np.maximum(np.sqrt(variance), _EPSILON)
    if layer.flag("invert", False):
        return _scaled(call, deviation, mean)
    return _scaled(call, 1 / deviation, -mean / deviation)


def _statistics(call: Call) -> tuple[Numbers, Numbers]:
    """Mean and variance, of shapes that broadcast to the input's."""
    layer, shape = call.layer, call.shape
    axes = _axes(layer, len(shape))
    kept = tuple(shape[axis] for axis in axes)
    spread = tuple(size if axis in axes else 1 for axis, size in enumerate(shape))
    if layer.get("mean", None) is None or layer.get("variance", None) is None:
        # behind them is the number of samples that were seen
        found = [array.astype(np.float64) for array in call.variables(kept, kept, unread=1)]
        return found[0].reshape(spread), found[1].reshape(spread)
    given = []
    for key in ("mean", "variance"):
        values = _numbers(layer, key)
        given.append(_fitting(call, key, values.reshape(spread) if values.shape == kept else values))
    return given[0], given[1]


def _axes(layer: Layer, rank: int) -> tuple[int, ...]:
    """The axes that have statistics of their own, batch not counted; none where ``axis`` is null."""
    value = layer.options.get("axis", -1)
    items = value if isinstance(value, list) else [] if value is None else [value]
    axes = []
    for item in items:
        # the file counts the batch axis, 0, which has none
        if type(item) is not int or not (1 <= item <= rank or -rank <= item <= -1):
            layer.wrong("axis", f"axes from 1 to {rank}", value)
        axes.append(item - 1 if item > 0 else item + rank)
    if len(set(axes)) < len(axes):
        layer.wrong("axis", "axes that differ", value)
    return tuple(sorted(axes))


def _numbers(layer: Layer, key: str) -> Numbers:
    """The option ``key``: a number, a list of them or an array as Keras 3 stores it; 0 if it is absent."""
    value = layer.get(key, 0.0)
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        value = value["config"].get("value")
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        layer.wrong(key, "numbers", value)
    if found.size == 0 or not np.all(np.abs(found) <= _MOST):
        layer.wrong(key, "finite numbers", value)
    return found


def _fitting(call: Call, key: str, values: Numbers) -> Numbers:
    """``values``, which broadcast to the input's shape without giving it more axes."""
    try:
        np.broadcast_to(values, call.shape)
    except ValueError:
        call.layer.wrong(key, f"numbers for an input of shape {call.shape}", f"shape {values.shape}")
    return values


def _scaled(call: Call, scale: Numbers, offset: Numbers) -> Nodes:
    """``scale * x + offset``; where they differ within a channel, each element is a channel meanwhile."""
    layer, shape = call.layer, call.shape
    factors = tuple(_finite(layer, values) for values in (scale, offset))
    if not shape or all(math.prod(values.shape[:-1]) == 1 for values in factors):
        channels = shape[-1] if shape else 1
        across, along = (np.broadcast_to(values.reshape(-1), channels).copy() for values in factors)
        return (call.node(BatchNormalization(across, along), shape),)
    flat: Shape = (math.prod(shape),)
    across, along = (np.broadcast_to(values, shape).reshape(flat) for values in factors)
    before = call.node(Reshape(), flat, part="flat")
    scaled = call.node(BatchNormalization(across, along), flat, (before,), part="scaled")
    return before, scaled, call.node(Reshape(), shape, (scaled,))


def _finite(layer: Layer, values: Numbers) -> Array:
    with np.errstate(over="ignore"):
        result: Array = values.astype(np.float32)
    if not np.isfinite(result).all():
        raise KerilogError(f"{layer}: scale and offset are too large for float32")
    return result
