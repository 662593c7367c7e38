# SPDX-License-Identifier: Apache-2.0
"""The layers of ``kerilog.keras``, by what they say in the file; that package is not imported."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from kerilog.formats import Affine, Fixed, Format
from kerilog.frontend.keras import weighted
from kerilog.frontend.keras.calls import Call, Nodes
from kerilog.frontend.keras.options import Layer, is_number
from kerilog.graph import Array, Conv2D, Converter, Dense, DepthwiseConv2D, Node

MatrixOp = Conv2D | DepthwiseConv2D | Dense

PACKAGE = "kerilog"
MAX_BITS = 24  # codes that float32, in which Keras computes, holds exactly
MAX_FRAC = 64
_OPTIONS = {"FixedPoint": ("bits", "frac"), "Affine": ("bits", "scale", "zero_point")}
_ROLES = ("kernel_converter", "bias_converter")
_PLAIN: dict[str, Callable[[Call], Nodes]] = {
    "QuantConv2D": weighted.conv2d,
    "QuantDepthwiseConv2D": weighted.depthwise_conv2d,
    "QuantDense": weighted.dense,
}
KINDS = (*_OPTIONS, *_PLAIN)
"""The Keras classes read here; they are registered as ``kerilog>CLASS``."""


def converter(call: Call) -> Nodes:
    """FixedPoint and Affine as layers, one format for the whole tensor."""
    call.layer.check_options(_OPTIONS[call.layer.kind])
    format = _format(call.layer)
    if format.scales.shape != ():
        call.layer.unsupported("a scale", "for each channel", "one for the whole tensor", same_shape=True)
    return (call.node(Converter(format), call.shape),)


def matrix(call: Call) -> Nodes:
    """QuantConv2D, QuantDepthwiseConv2D and QuantDense: the plain layer with rounded weights."""
    layer = call.layer
    plain = {key: value for key, value in layer.options.items() if key not in _ROLES}
    formats = _role(layer, _ROLES[0]), _role(layer, _ROLES[1])
    inner = dataclasses.replace(call, layer=dataclasses.replace(layer, options=plain))
    first, *rest = _PLAIN[layer.kind](inner)
    assert isinstance(first.op, MatrixOp)
    return _rounded(layer, first, first.op, *formats), *rest


def _rounded(
    layer: Layer, node: Node, op: MatrixOp, kernel_format: Format | None, bias_format: Format | None
) -> Node:
    """``node`` with kernel and bias on the grids of the layer's converters."""
    shape = op.kernel.shape
    if isinstance(op, DepthwiseConv2D):
        # A scale for each channel counts the outputs, the last two axes together.
        shape = (*shape[:2], op.bias.size)
    kernel = _on_grid(layer, _ROLES[0], op.kernel.reshape(shape), kernel_format).reshape(op.kernel.shape)
    bias = _on_grid(layer, _ROLES[1], op.bias, bias_format)
    new = dataclasses.replace(
        op, kernel=kernel, bias=bias, kernel_format=kernel_format, bias_format=bias_format
    )
    return dataclasses.replace(node, op=new)


def _on_grid(layer: Layer, role: str, values: Array, format: Format | None) -> Array:
    if format is None:
        return values
    channels = values.shape[-1:]
    if format.scales.shape not in ((), channels):
        layer.wrong(role, f"one scale or one for each of {channels[0]} channels", format.scales.size)
    return format.dequantize(format.quantize(values)).astype(np.float32)


def _role(layer: Layer, role: str) -> Format | None:
    """The format of the converter that the file keeps under ``role``; weights have no zero point."""
    stored = layer.options.get(role)
    if stored is None:
        return None
    kind = stored.get("class_name") if isinstance(stored, dict) else None
    if kind not in _OPTIONS or stored.get("registered_name") != f"{PACKAGE}>{kind}":
        layer.unsupported(role, stored, " and ".join(_OPTIONS), same_shape=True)
        return None
    options = stored.get("config")
    if not isinstance(options, dict):
        layer.wrong(role, "the options of a converter", options)
    inner = dataclasses.replace(layer, options=options)
    inner.check_options(_OPTIONS[kind])
    format = _format(dataclasses.replace(inner, kind=kind))
    if format.zero_point != 0:
        layer.wrong(f"zero_point of {role}", "0", format.zero_point)
    return format


def _format(layer: Layer) -> Format:
    bits = _whole(layer, "bits", 2, MAX_BITS)
    if layer.kind == "FixedPoint":
        return Fixed(bits, _frac(layer))
    zero = _whole(layer, "zero_point", -(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    return Affine(bits, _scale(layer), zero)


def _frac(layer: Layer) -> int | tuple[int, ...]:
    stored: Any = layer.get("frac", None)
    places: list[Any] = stored if isinstance(stored, list) and stored else [stored]
    for place in places:
        if type(place) is not int or not -MAX_FRAC <= place <= MAX_FRAC:
            layer.wrong("frac", f"integers in {-MAX_FRAC}..{MAX_FRAC}", stored)
    return tuple(places) if isinstance(stored, list) else places[0]


def _scale(layer: Layer) -> float | tuple[float, ...]:
    stored: Any = layer.get("scale", None)
    several = isinstance(stored, list)
    scales: list[Any] = stored if isinstance(stored, list) else [stored]
    if not scales or not all(is_number(scale) and scale >= 1e-30 for scale in scales):
        layer.wrong("scale", "numbers from 1e-30 to 1e30", stored)
    exact = tuple(float(np.float32(scale)) for scale in scales)
    return exact if several else exact[0]


def _whole(layer: Layer, key: str, low: int, high: int) -> int:
    value = layer.get(key, None)
    if type(value) is not int or not low <= value <= high:
        layer.wrong(key, f"an integer in {low}..{high}", value)
    return value
