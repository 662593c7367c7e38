# SPDX-License-Identifier: Apache-2.0
"""Converters of the layers without weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kerilog.frontend.keras.calls import Call, Nodes, window_shape
from kerilog.frontend.keras.functions import LAYERS, activation_of
from kerilog.frontend.keras.options import Layer
from kerilog.graph import (
    Activation,
    Add,
    Average,
    AveragePooling2D,
    Concatenate,
    Dropout,
    GlobalAveragePooling2D,
    Maximum,
    MaxPooling2D,
    Minimum,
    Multiply,
    Node,
    Op,
    Pair,
    Reshape,
    Shape,
    Subtract,
    ZeroPadding2D,
)


def pooling(call: Call) -> Nodes:
    """MaxPooling2D and AveragePooling2D; 1-D ones too, on images of height 1."""
    layer = call.layer
    layer.check_options(("pool_size", "strides", "padding", "data_format"))
    layer.check_channels_last()
    padding = layer.padding()
    pool = layer.pair("pool_size", (2, 2))
    strides = layer.pair("strides", pool)
    kind = MaxPooling2D if layer.kind.startswith("Max") else AveragePooling2D
    shape = (*window_shape(call, pool, strides, padding), call.image[2])
    return (call.node(kind(pool, strides, padding), shape),)


def global_average_pooling2d(call: Call) -> Nodes:
    """GlobalAveragePooling2D."""
    layer = call.layer
    layer.check_options(("keepdims", "data_format"))
    layer.check_channels_last()
    channels, keepdims = call.image[2], layer.flag("keepdims", False)
    shape = (1, 1, channels) if keepdims else (channels,)
    return (call.node(GlobalAveragePooling2D(keepdims), shape),)


def activation(call: Call) -> Nodes:
    """Activation; a linear one is nothing."""
    call.layer.check_options(("activation",))
    return (call.node(activation_of(call.layer) or Dropout(), call.shape),)


def function(call: Call) -> Nodes:
    """The layers that are one function of one number."""
    return (call.node(LAYERS[call.layer.kind](call.layer), call.shape),)


def softmax(call: Call) -> Nodes:
    """Softmax over the last axis."""
    call.layer.check_options(("axis",))
    call.layer.check_last_axis(len(call.shape))
    return (call.node(Activation("softmax"), call.shape),)


def flatten(call: Call) -> Nodes:
    """Flatten in NHWC order."""
    call.layer.check_options(("data_format",))
    call.layer.check_channels_last()
    return (call.node(Reshape(), (math.prod(call.shape),)),)


def reshape(call: Call) -> Nodes:
    """Reshape; one axis may be -1."""
    layer = call.layer
    layer.check_options(("target_shape",))
    target = layer.get("target_shape", None)
    count = math.prod(call.shape)
    if not isinstance(target, list) or not all(
        type(size) is int and (size == -1 or size > 0) for size in target
    ):
        layer.wrong("target_shape", "a list of sizes", target)
    known = math.prod(size for size in target if size != -1)
    shape = tuple(count // known if size == -1 else size for size in target)
    if target.count(-1) > 1 or math.prod(shape) != count:
        layer.wrong("target_shape", f"{count} elements", target)
    return (call.node(Reshape(), shape),)


def nothing(call: Call) -> Nodes:
    """Layers that pass their input on at inference."""
    # Their options (rates, seeds, data formats) say how to drop, which is not done here.
    return (call.node(Dropout(), call.shape),)


def same_size(call: Call) -> Nodes:
    """Resizing, CenterCrop and RandomCrop to the size that the image has: nothing."""
    layer = call.layer
    layer.check_channels_last()
    target, size = (layer.integer("height"), layer.integer("width")), call.image[:2]
    if target != size:
        layer.unsupported("height and width", target, f"those of its input, {size}: resize before the model")
    return (call.node(Dropout(), call.shape),)


_STEPS: dict[str, Callable[[], Op]] = {
    "Add": Add,
    "Average": Add,
    "Maximum": Maximum,
    "Minimum": Minimum,
    "Multiply": Multiply,
    "Subtract": Subtract,
}
"""What the steps of a chain are, by Keras class."""
MERGES = tuple(_STEPS)


def merge(call: Call) -> Nodes:
    """Subtract of two tensors, the others of two or more; more become a chain ``<name>/<step>``."""
    layer = call.layer
    layer.check_options(())
    inputs = call.inputs
    if len(inputs) < 2 or (layer.kind == "Subtract" and len(inputs) != 2):
        layer.wrong(
            "inputs", "two tensors" if layer.kind == "Subtract" else "two or more tensors", len(inputs)
        )
    shapes = [node.shape for node in inputs]
    rank = max(map(len, shapes))
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        layer.unsupported("inputs of shapes", shapes, "equal shapes, or sizes of 1 where they differ")
        return (call.node(_STEPS[layer.kind](), shapes[0]),)
    nodes: list[Node] = []
    parts: list[Node] = []
    for place, node in enumerate(inputs):
        # Keras puts the axes that one lacks behind the batch axis
        if len(node.shape) < rank:
            whole = (1,) * (rank - len(node.shape)) + node.shape
            node = call.node(Reshape(), whole, (node,), f"expand{place}")
            nodes.append(node)
        parts.append(node)
    left = parts[0]
    for step, right in enumerate(parts[1:], start=1):
        last = step == len(parts) - 1
        op = Average(len(parts)) if last and layer.kind == "Average" else _STEPS[layer.kind]()
        shape = np.broadcast_shapes(left.shape, right.shape)
        left = call.node(op, shape, (left, right), "" if last else str(step))
        nodes.append(left)
    return tuple(nodes)


def concatenate(call: Call) -> Nodes:
    """Concatenate along the last axis."""
    layer = call.layer
    layer.check_options(("axis",))
    inputs = call.inputs
    if len(inputs) < 2:
        layer.wrong("inputs", "two or more tensors", len(inputs))
    layer.check_last_axis(len(inputs[0].shape))
    if len({node.shape[:-1] for node in inputs}) != 1 or not inputs[0].shape:
        layer.wrong("inputs", "shapes equal but for the last axis", [node.shape for node in inputs])
    shape = (*inputs[0].shape[:-1], sum(node.shape[-1] for node in inputs))
    return (call.node(Concatenate(), shape),)


def zero_padding2d(call: Call) -> Nodes:
    """ZeroPadding2D: one number, (rows, columns), or ((top, bottom), (left, right))."""
    layer = call.layer
    layer.check_options(("padding", "data_format"))
    layer.check_channels_last()
    height, width, channels = call.image
    value = layer.get("padding", 1)
    rows, columns = value if isinstance(value, list) and len(value) == 2 else (value, value)
    pads = cells(layer, "padding", rows), cells(layer, "padding", columns)
    shape: Shape = (height + sum(pads[0]), width + sum(pads[1]), channels)
    return (call.node(ZeroPadding2D(pads), shape),)


def cells(layer: Layer, key: str, value: object) -> Pair:
    """(before, after) cells out of one number or a list of two; ``key`` is the option that has them."""
    items: list[Any] = value if isinstance(value, list) else [value, value]
    if len(items) != 2 or not all(type(item) is int and 0 <= item <= 1 << 16 for item in items):
        layer.wrong(key, "numbers of cells", layer.options.get(key))
    return items[0], items[1]
