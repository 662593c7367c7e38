# SPDX-License-Identifier: Apache-2.0
"""Converters of the layers that have weights."""

from __future__ import annotations

from kerilog.frontend.keras.calls import Call, Nodes, window_shape, zeros
from kerilog.frontend.keras.options import Layer
from kerilog.graph import Array, Conv2D, Dense, DepthwiseConv2D, Pair, Shape

_WINDOW = ("kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation", "use_bias")


def conv2d(call: Call) -> Nodes:
    """Conv2D, with groups and dilation."""
    layer = call.layer
    layer.check_options((*_WINDOW, "filters", "groups"))
    layer.check_channels_last()
    padding = layer.padding()
    channels = call.image[2]
    filters, groups = layer.integer("filters"), layer.integer("groups", 1)
    if channels % groups or filters % groups:
        layer.wrong("groups", f"a divisor of {channels} channels and {filters} filters", groups)
    kernel_size, strides, dilation = _window(layer)
    shape = (*window_shape(call, kernel_size, strides, padding, dilation), filters)
    kernel, bias = _kernel_and_bias(call, (*kernel_size, channels // groups, filters), filters)
    has_bias = layer.flag("use_bias", True)
    made = Conv2D(kernel, bias, strides, padding, dilation, groups, has_bias=has_bias)
    return call.finish(call.node(made, shape))


def depthwise_conv2d(call: Call) -> Nodes:
    """DepthwiseConv2D."""
    layer = call.layer
    layer.check_options((*_WINDOW, "depth_multiplier", "filters", "groups"))
    layer.check_channels_last()
    padding = layer.padding()
    channels, multiplier = call.image[2], layer.integer("depth_multiplier", 1)
    kernel_size, strides, dilation = _window(layer)
    shape = (*window_shape(call, kernel_size, strides, padding, dilation), channels * multiplier)
    kernel, bias = _kernel_and_bias(call, (*kernel_size, channels, multiplier), channels * multiplier)
    has_bias = layer.flag("use_bias", True)
    made = DepthwiseConv2D(kernel, bias, strides, padding, dilation, has_bias=has_bias)
    return call.finish(call.node(made, shape))


def separable_conv2d(call: Call) -> Nodes:
    """SeparableConv2D: a depthwise convolution ``<name>/depthwise``, then one of 1x1."""
    layer = call.layer
    layer.check_options((*_WINDOW, "filters", "depth_multiplier", "groups"))
    layer.check_channels_last()
    padding = layer.padding()
    channels, filters = call.image[2], layer.integer("filters")
    middle = channels * layer.integer("depth_multiplier", 1)
    kernel_size, strides, dilation = _window(layer)
    size = window_shape(call, kernel_size, strides, padding, dilation)
    shapes: list[Shape] = [(*kernel_size, channels, middle // channels), (1, 1, middle, filters)]
    if layer.flag("use_bias", True):
        shapes.append((filters,))
    depth_kernel, point_kernel, *rest = call.variables(*shapes)
    depthwise = DepthwiseConv2D(depth_kernel, zeros(middle), strides, padding, dilation, has_bias=False)
    first = call.node(depthwise, (*size, middle), part="depthwise")
    bias = rest[0] if rest else zeros(filters)
    second = call.node(Conv2D(point_kernel, bias, has_bias=bool(rest)), (*size, filters), (first,))
    return first, *call.finish(second)


def dense(call: Call) -> Nodes:
    """Dense, on the last axis of a tensor of any rank."""
    layer = call.layer
    layer.check_options(("units", "activation", "use_bias"))
    shape, units = call.shape, layer.integer("units")
    if not shape:
        layer.wrong("input", "at least one axis", shape)
    result = (*shape[:-1], units)
    layer.check_shape(result, "the output")
    kernel, bias = _kernel_and_bias(call, (shape[-1], units), units)
    made = Dense(kernel, bias, has_bias=layer.flag("use_bias", True))
    return call.finish(call.node(made, result))


def _window(layer: Layer) -> tuple[Pair, Pair, Pair]:
    """Kernel size, strides and dilation."""
    strides, dilation = layer.pair("strides", (1, 1)), layer.pair("dilation_rate", (1, 1))
    if strides != (1, 1) and dilation != (1, 1):
        layer.wrong("dilation_rate", f"1 where strides are {strides}", dilation)
    return layer.pair("kernel_size"), strides, dilation


def _kernel_and_bias(call: Call, kernel: Shape, outputs: int) -> tuple[Array, Array]:
    if not call.layer.flag("use_bias", True):
        return call.variables(kernel)[0], zeros(outputs)
    arrays = call.variables(kernel, (outputs,))
    return arrays[0], arrays[1]
