# SPDX-License-Identifier: Apache-2.0
"""Binary and ternary layers of Larq and QKeras, by what they say in the file; neither library is imported.

What computes the same as something here is read; every other quantizer is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from kerilog.formats import Binary, Format, Sign, Ternary
from kerilog.frontend.keras import weighted
from kerilog.frontend.keras.calls import Call, Nodes
from kerilog.frontend.keras.options import Layer, is_number
from kerilog.graph import Array, BinaryPadding, Conv2D, Converter, Dense, DepthwiseConv2D

LARQ, QKERAS = "Larq", "QKeras"
_PLAIN: dict[str, Callable[[Call], Nodes]] = {
    "Dense": weighted.dense,
    "Conv2D": weighted.conv2d,
    "DepthwiseConv2D": weighted.depthwise_conv2d,
}
LAYERS = {
    LARQ: tuple(f"Quant{kind}" for kind in _PLAIN),
    QKERAS: ("QDense", "QConv2D", "QActivation"),
}
"""The classes that are read, by library; in ``CONVERTERS`` they are ``LIBRARY>CLASS``."""
QACTIVATION = f"{QKERAS}>QActivation"
_MODULES = {LARQ: "larq", QKERAS: "qkeras"}
_MARKS = {LARQ: ("input_quantizer",), QKERAS: ("kernel_quantizer", "activation")}

_SIGNS = ("ste_sign", "SteSign", "approx_sign", "ApproxSign", "swish_sign", "SwishSign")
_TERNARY = ("ste_tern", "SteTern")
_OF_GRADIENTS = ("name", "clip_value", "beta", "metrics", "trainable", "dtype")
_ROLES = ("kernel_quantizer", "depthwise_quantizer")
_BORDERS: dict[float, BinaryPadding] = {0.0: "none", 1.0: "+1", -1.0: "-1"}
_LARQ_KERNELS = "ste_sign, approx_sign, swish_sign and ste_tern with a fixed threshold"
_QKERAS_KERNELS = "binary(alpha=1) and ternary(alpha=1) with a fixed threshold"
_QKERAS_THRESHOLD = 0.33
_NUMBER = r"\w+=\d+(?:\.\d*)?"
_CALL = re.compile(rf"(\w+)\(((?:{_NUMBER}(?:,{_NUMBER})*)?)\)")
"""Of a quantizer in words, numbers alone."""


def library_of(kind: str, module: object, registered: object, options: dict[str, Any]) -> str | None:
    """The library whose layer this is; both register their classes under plain names.

    An .h5 file names no module: the options that a library always writes tell its classes from others'.
    """
    if registered not in (None, kind):
        return None
    for library, kinds in LAYERS.items():
        named = isinstance(module, str) and module.split(".")[0] == _MODULES[library]
        if kind in kinds and (named or module is None) and any(key in options for key in _MARKS[library]):
            return library
    return None


def larq(call: Call) -> Nodes:
    """QuantDense, QuantConv2D and QuantDepthwiseConv2D: a sign of the input, and a kernel of few levels."""
    layer = call.layer
    signs = _input_is_signs(layer)
    format, threshold = _larq_kernel(layer)
    border = _border(layer, signs)
    own = ("input_quantizer", "pad_values", *_ROLES)
    return _matrix(call, layer.kind.removeprefix(f"{LARQ}>Quant"), own, signs, format, threshold, border)


def qkeras(call: Call) -> Nodes:
    """QDense and QConv2D with a binary or a ternary kernel of scale 1."""
    layer = call.layer
    if layer.options.get("bias_quantizer") is not None:
        layer.unsupported("bias_quantizer", layer.options["bias_quantizer"], "none", same_shape=True)
    format, threshold = _qkeras_kernel(layer)
    own = ("kernel_quantizer", "bias_quantizer", "kernel_range", "bias_range")
    return _matrix(call, layer.kind.removeprefix(f"{QKERAS}>Q"), own, False, format, threshold, "none")


def qactivation(call: Call) -> Nodes:
    """QActivation with a binary function of scale 1: the sign."""
    call.layer.check_options(("activation",))
    name, options = _named(call.layer.options.get("activation"))
    # by itself it has scale 1 without alpha, too
    if name != "binary" or not _has_scale_one(options, 1) or any(options.values()):
        call.layer.unsupported(
            "activation", call.layer.options.get("activation"), "binary(alpha=1)", same_shape=True
        )
    return (call.node(Converter(Sign(frac=0)), call.shape),)


def _matrix(
    call: Call,
    kind: str,
    own: tuple[str, ...],
    signs: bool,
    format: Format | None,
    threshold: float | None,
    border: BinaryPadding,
) -> Nodes:
    """The plain layer ``kind`` without the options ``own``, behind a sign of its input if ``signs``."""
    options = {key: value for key, value in call.layer.options.items() if key not in own}
    inner = dataclasses.replace(call, layer=dataclasses.replace(call.layer, options=options))
    before: Nodes = ()
    if signs:
        before = (call.node(Converter(Sign(frac=0)), call.shape, part="sign"),)
        inner = dataclasses.replace(inner, sources=before)
    first, *rest = _PLAIN[kind](inner)
    op = first.op
    assert isinstance(op, Conv2D | DepthwiseConv2D | Dense)
    if format is not None:
        levels = _levels(op.kernel, threshold)
        op = dataclasses.replace(op, kernel=levels, kernel_format=format)
    if not isinstance(op, Dense) and op.padding == "same":
        op = dataclasses.replace(op, binary_padding=border)
    return *before, dataclasses.replace(first, op=op), *rest


def _levels(kernel: Array, threshold: float | None) -> Array:
    """+1 or -1, 0 counting as +1; with a threshold 0 for what is below it in magnitude."""
    if threshold is None:
        return np.where(kernel < 0, -1, 1).astype(np.float32)
    return (np.sign(kernel) * (np.abs(kernel) >= np.float32(threshold))).astype(np.float32)


def _input_is_signs(layer: Layer) -> bool:
    stored = layer.options.get("input_quantizer")
    if stored is None:
        return False
    name, options = _named(stored)
    if name not in _SIGNS or not set(options) <= set(_OF_GRADIENTS):
        taken = "ste_sign, approx_sign and swish_sign, or none"
        layer.unsupported("input_quantizer", stored, taken, same_shape=True)
    return True


def _larq_kernel(layer: Layer) -> tuple[Format | None, float | None]:
    """The format of the kernel, and the threshold of a ternary one."""
    role = _ROLES["Depthwise" in layer.kind]
    stored = layer.options.get(role)
    if stored is None:
        return None, None
    name, options = _named(stored)
    if name in _SIGNS and set(options) <= set(_OF_GRADIENTS):
        return Binary(scale=1.0), None
    threshold = options.pop("threshold_value", 0.05)
    of_weights = options.pop("ternary_weight_networks", False)
    fixed = name in _TERNARY and of_weights is False and set(options) <= set(_OF_GRADIENTS)
    clip = options.get("clip_value")
    # early versions clip the weights before they are compared
    reached = clip is None or (is_number(clip) and is_number(threshold) and threshold <= clip)
    if fixed and is_number(threshold) and np.float32(threshold) > 0 and reached:
        return Ternary(scale=1.0), float(threshold)
    layer.unsupported(role, stored, _LARQ_KERNELS, same_shape=True)
    return None, None


def _border(layer: Layer, signs: bool) -> BinaryPadding:
    value = layer.get("pad_values", 0.0)
    border = _BORDERS.get(value) if is_number(value) else None
    if border is None or (border != "none" and not signs and layer.get("padding", "valid") == "same"):
        layer.unsupported("pad_values", value, "0, and 1 or -1 with an input_quantizer", same_shape=True)
        return "none"
    return border


def _qkeras_kernel(layer: Layer) -> tuple[Format | None, float | None]:
    """The format of the kernel, and the threshold of a ternary one.

    Without alpha, or with one in words, the layer gives its kernel a scale that follows the weights.
    """
    stored = layer.options.get("kernel_quantizer")
    if stored is None:
        return None, None
    name, options = _named(stored)
    if _has_scale_one(options, None):
        if name == "binary" and not any(options.values()):
            return Binary(scale=1.0), None
        threshold = options.pop("threshold", None)
        threshold = _QKERAS_THRESHOLD if threshold is None else threshold
        options.pop("number_of_unrolls", None)  # of a scale that is looked for
        if name == "ternary" and is_number(threshold) and threshold > 0 and not any(options.values()):
            return Ternary(scale=1.0), float(threshold)
    layer.unsupported("kernel_quantizer", stored, _QKERAS_KERNELS, same_shape=True)
    return None, None


def _has_scale_one(options: dict[str, Any], otherwise: int | None) -> bool:
    """Whether alpha, which is taken out of ``options``, is 1; ``otherwise``: what it is by default."""
    alpha = options.pop("alpha", None)
    alpha = otherwise if alpha is None else alpha
    return is_number(alpha) and alpha == 1


def _named(stored: object) -> tuple[object, dict[str, Any]]:
    """Name and options of a quantizer: a name, a call in words, or {"class_name", "config"}."""
    if isinstance(stored, str) and (words := _CALL.fullmatch(stored.replace(" ", ""))):
        given = (word.split("=") for word in words[2].split(",") if word)
        return words[1], {key: float(number) for key, number in given}
    if not isinstance(stored, dict):
        return stored, {}
    config = stored.get("config")
    if stored.get("class_name") == "function":
        return config, {}
    return stored.get("class_name"), dict(config) if isinstance(config, dict) else {}
