# SPDX-License-Identifier: Apache-2.0
"""Converter of PReLU, a function with weights."""

from __future__ import annotations

from kerilog.frontend.keras.calls import Call, Nodes
from kerilog.frontend.keras.options import Layer
from kerilog.graph import PReLU, Shape


def prelu(call: Call) -> Nodes:
    """PReLU; the slopes are the same along its shared axes."""
    layer, shape = call.layer, call.shape
    layer.check_options(("shared_axes",))
    shared = _shared(layer, len(shape))
    sizes: Shape = tuple(1 if axis in shared else size for axis, size in enumerate(shape, 1))
    return (call.node(PReLU(call.variables(sizes)[0]), shape),)


def _shared(layer: Layer, rank: int) -> set[int]:
    """The axes, the batch's counted as 0, along which there is one slope."""
    value = layer.options.get("shared_axes")
    items = [] if value is None else value if isinstance(value, list) else [value]
    for axis in items:
        if type(axis) is not int or not 1 <= axis <= rank:
            layer.wrong("shared_axes", f"axes from 1 to {rank}", value)
    return set(items)
