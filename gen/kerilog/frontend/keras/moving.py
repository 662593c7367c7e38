# SPDX-License-Identifier: Apache-2.0
"""Converters of the layers that leave out, repeat or reorder pixels, and of convolutions on spread pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerilog.frontend.keras.calls import Call, Nodes, zeros
from kerilog.frontend.keras.plain import cells
from kerilog.graph import (
    Conv2D,
    GlobalMaxPooling2D,
    Pair,
    Permute,
    Reshape,
    ResizeBilinear,
    Shape,
    Slice,
    UpSampling2D,
    ZeroPadding2D,
    transposed,
)

_LARGEST_REPEAT = 1 << 10


def global_max_pooling2d(call: Call) -> Nodes:
    """GlobalMaxPooling2D."""
    layer = call.layer
    layer.check_options(("keepdims", "data_format"))
    layer.check_channels_last()
    channels, keepdims = call.image[2], layer.flag("keepdims", False)
    shape = (1, 1, channels) if keepdims else (channels,)
    return (call.node(GlobalMaxPooling2D(keepdims), shape),)


def cropping2d(call: Call) -> Nodes:
    """Cropping2D: one number, (rows, columns), or ((top, bottom), (left, right))."""
    layer = call.layer
    layer.check_options(("cropping", "data_format"))
    layer.check_channels_last()
    value = layer.get("cropping", 0)
    rows, columns = value if isinstance(value, list) and len(value) == 2 else (value, value)
    return _cropped(call, call.image, (cells(layer, "cropping", rows), cells(layer, "cropping", columns)))


def cropping1d(call: Call) -> Nodes:
    """Cropping1D: one number, or (before, after)."""
    layer = call.layer
    layer.check_options(("cropping", "data_format"))
    layer.check_channels_last()
    shape = call.shape
    if len(shape) != 2:
        layer.wrong("input", "a sequence (steps, channels)", shape)
    return _cropped(call, shape, (cells(layer, "cropping", layer.get("cropping", 1)),))


def _cropped(call: Call, shape: Shape, crops: tuple[Pair, ...]) -> Nodes:
    begin = (*(before for before, _ in crops), 0)
    end = tuple(size - after for size, after in zip(shape, (*(after for _, after in crops), 0), strict=True))
    left = tuple(stop - start for start, stop in zip(begin, end, strict=True))
    return (call.node(Slice(begin, end), left),)


def up_sampling2d(call: Call) -> Nodes:
    """UpSampling2D of the nearest pixel, or between pixels."""
    layer = call.layer
    layer.check_options(("size", "interpolation", "data_format"))
    layer.check_channels_last()
    interpolation = layer.get("interpolation", "nearest")
    if interpolation not in ("nearest", "bilinear"):
        layer.unsupported("interpolation", interpolation, "'nearest' and 'bilinear'", same_shape=True)
    size, (height, width, channels) = layer.pair("size", (2, 2)), call.image
    if max(size) > _LARGEST_REPEAT:
        layer.wrong("size", f"numbers up to {_LARGEST_REPEAT}", size)
    made = UpSampling2D(size) if interpolation == "nearest" else ResizeBilinear(size)
    return (call.node(made, (height * size[0], width * size[1], channels)),)


def permute(call: Call) -> Nodes:
    """Permute; where only axes of size 1 move, the elements stay in order."""
    layer = call.layer
    layer.check_options(("dims",))
    dims: Any = layer.get("dims", None)
    rank = len(call.shape)
    if not isinstance(dims, list) or sorted(map(_number, dims)) != list(range(1, rank + 1)):
        layer.wrong("dims", f"the axes 1 to {rank} in some order", dims)
    order = tuple(axis - 1 for axis in dims)
    shape = tuple(call.shape[axis] for axis in order)
    moving = [axis for axis in order if call.shape[axis] > 1]
    return (call.node(Reshape() if moving == sorted(moving) else Permute(order), shape),)


def _number(value: object) -> int:
    return value if type(value) is int else 0


def conv2d_transpose(call: Call) -> Nodes:
    """Conv2DTranspose: the pixels spread, ``<name>/spread``, then a convolution with the flipped kernel."""
    layer = call.layer
    layer.check_options(
        (
            *("filters", "kernel_size", "strides", "padding", "output_padding", "data_format"),
            *("dilation_rate", "activation", "use_bias"),
        )
    )
    layer.check_channels_last()
    if layer.pair("dilation_rate", (1, 1)) != (1, 1):
        layer.unsupported("dilation_rate", layer.get("dilation_rate", None), "1")
    if layer.get("output_padding", None) is not None:
        layer.unsupported("output_padding", layer.get("output_padding", None), "none")
    padding, filters = layer.padding(), layer.integer("filters")
    kernel_size, strides = layer.pair("kernel_size"), layer.pair("strides", (1, 1))
    *size, channels = call.image
    spread = [transposed(*axis, padding) for axis in zip(size, kernel_size, strides, strict=True)]
    pads, out = (spread[0][0], spread[1][0]), (spread[0][1], spread[1][1])
    wide = tuple(
        (extent - 1) * step + 1 + sum(pad) for extent, step, pad in zip(size, strides, pads, strict=True)
    )
    layer.check_shape((*wide, channels), "the spread input")
    shapes: list[Shape] = [(*kernel_size, filters, channels)]
    if layer.flag("use_bias", True):
        shapes.append((filters,))
    kernel, *rest = call.variables(*shapes)
    flipped = np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2))
    before = call.node(ZeroPadding2D(pads, strides), (*wide, channels), part="spread")
    convolution = Conv2D(flipped, rest[0] if rest else zeros(filters), has_bias=bool(rest))
    return before, *call.finish(call.node(convolution, (*out, filters), (before,)))
