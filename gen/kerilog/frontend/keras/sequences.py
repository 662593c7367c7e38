# SPDX-License-Identifier: Apache-2.0
"""Layers on sequences (steps, channels): those on images, of height 1.

Each is a reshape ``<name>/image``, the layer itself under its own name, and a reshape ``<name>/flat`` back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any, cast

from kerilog.frontend.keras.calls import Call, Converter, Nodes
from kerilog.frontend.keras.options import MAX_INTEGER, Layer
from kerilog.frontend.keras.weights import Weights
from kerilog.graph import Array, Node, Reshape, Shape, ZeroPadding2D

_EXTENTS = ("kernel_size", "pool_size", "strides", "dilation_rate", "size")
"""Options with one number for the steps."""


def on_sequences(convert: Converter, pads: Collection[str] = ()) -> Converter:
    """The converter of the 1-D layer that is ``convert``'s layer on images of height 1.

    ``pads`` are the options that hold cells before and after.
    """

    def converter(call: Call) -> Nodes:
        layer = _on_images(call.layer, pads)
        image = as_image(call)
        before: Nodes = (image,)
        if layer.options.get("padding") == "causal":
            layer = dataclasses.replace(layer, options=layer.options | {"padding": "valid"})
            before = image, _causal(call, layer, image)
        weights = cast(Weights, _Lifted(call.weights))
        nodes = convert(dataclasses.replace(call, layer=layer, sources=before[-1:], weights=weights))
        shape = nodes[-1].shape
        if len(shape) != 3:
            return *before, *nodes
        return *before, *nodes, call.node(Reshape(), shape[1:], nodes[-1:], "flat")

    return converter


def as_image(call: Call) -> Node:
    """The sequence that comes in as an image of height 1."""
    shape = call.shape
    if len(shape) != 2:
        call.layer.wrong("input", "a sequence (steps, channels)", shape)
    return call.node(Reshape(), (1, *shape), part="image")


def _on_images(layer: Layer, pads: Collection[str]) -> Layer:
    """``layer`` with the options that its 2-D counterpart has."""
    options = dict(layer.options)
    for key in _EXTENTS:
        if options.get(key) is not None:
            options[key] = [1, _steps(layer, key)]
    for key in pads:
        value = options.get(key)
        options[key] = [[0, 0], [1, 1] if value is None else value]
    return dataclasses.replace(layer, options=options)


def _steps(layer: Layer, key: str) -> int:
    """One number, which Keras also stores as a list of one."""
    value = layer.options[key]
    item: Any = value[0] if isinstance(value, list) and len(value) == 1 else value
    if type(item) is not int or not 0 < item <= MAX_INTEGER:
        layer.wrong(key, f"one integer in 1..{MAX_INTEGER}", value)
    return item


def _causal(call: Call, layer: Layer, image: Node) -> Node:
    """As many zeros before the first step as a window has further steps."""
    kernel, dilation = layer.pair("kernel_size")[1], layer.pair("dilation_rate", (1, 1))[1]
    before = (kernel - 1) * dilation
    _, steps, channels = image.shape
    return call.node(ZeroPadding2D(((0, 0), (before, 0))), (1, steps + before, channels), (image,), "causal")


@dataclasses.dataclass(frozen=True)
class _Lifted:
    """Weights of 1-D kernels as those of 2-D kernels of height 1."""

    weights: Weights

    def read(self, layer: tuple[str, ...], shapes: tuple[Shape, ...], unread: int = 0) -> list[Array]:
        stored = tuple(shape[1:] if len(shape) == 4 else shape for shape in shapes)
        arrays = self.weights.read(layer, stored, unread)
        return [array.reshape(shape) for array, shape in zip(arrays, shapes, strict=True)]
