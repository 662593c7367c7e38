# SPDX-License-Identifier: Apache-2.0
"""The layers of ``kerilog.keras``, by what they say in the file; that package is not imported."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, get_args

import numpy as np

from kerilog.formats import Affine, Binary, FewLevels, Fixed, Format, Sign, Ternary
from kerilog.frontend.keras import weighted
from kerilog.frontend.keras.calls import Call, Nodes
from kerilog.frontend.keras.options import Key, Layer, is_number
from kerilog.frontend.keras.weights import Stored, Weights
from kerilog.graph import Array, BinaryPadding, Conv2D, Converter, Dense, DepthwiseConv2D, Shape

MatrixOp = Conv2D | DepthwiseConv2D | Dense

PACKAGE = "kerilog"
MAX_BITS = 24  # codes that float32, in which Keras computes, holds exactly
MAX_FRAC = 64
_OPTIONS = {"FixedPoint": ("bits", "frac"), "Affine": ("bits", "scale", "zero_point")}
_OF_TENSORS = {**_OPTIONS, "Sign": ("frac",)}
_LEVELS: dict[str, type[FewLevels]] = {"Binary": Binary, "Ternary": Ternary}
_PADDING = "binary_padding"
_ROLES = ("kernel_converter", "bias_converter", "scale_converter")
_PLAIN: dict[str, Callable[[Call], Nodes]] = {
    "QuantConv2D": weighted.conv2d,
    "QuantDepthwiseConv2D": weighted.depthwise_conv2d,
    "QuantDense": weighted.dense,
}
KINDS = (*_OF_TENSORS, *_PLAIN)
"""The Keras classes read here; they are registered as ``kerilog>CLASS``."""


def converter(call: Call) -> Nodes:
    """FixedPoint, Affine and Sign as layers, one format for the whole tensor."""
    call.layer.check_options(_OF_TENSORS[call.layer.kind])
    format = _format(call.layer)
    if format.scales.shape != ():
        call.layer.unsupported("a scale", "for each channel", "one for the whole tensor", same_shape=True)
    return (call.node(Converter(format), call.shape),)


def matrix(call: Call) -> Nodes:
    """QuantConv2D, QuantDepthwiseConv2D and QuantDense: the plain layer with rounded weights."""
    layer = call.layer
    plain = {key: value for key, value in layer.options.items() if key not in (*_ROLES, _PADDING)}
    kernel, bias, scale = (_role(layer, role) for role in _ROLES)
    weights = call.weights if scale is None else _MoreToCome(call.weights)
    inner = dataclasses.replace(call, layer=dataclasses.replace(layer, options=plain), weights=weights)
    first, *rest = _PLAIN[layer.kind](inner)
    assert isinstance(first.op, MatrixOp)
    op = _rounded(layer, _bordered(layer, first.op), kernel, bias)
    if scale is not None:
        op = _scaled(call, op, kernel, scale)
    return dataclasses.replace(first, op=op), *rest


def _bordered(layer: Layer, op: MatrixOp) -> MatrixOp:
    """``op`` with what stands around an input of signs."""
    padding: Any = layer.options.get(_PADDING, "none")
    known = get_args(BinaryPadding)
    if padding not in known or (isinstance(op, Dense) and padding != "none"):
        layer.wrong(_PADDING, "one of " + ", ".join(known) + ", of a convolution", padding)
        return op
    # where Keras pads nothing there is nothing to choose, also if a ZeroPadding2D joins the layer later
    if isinstance(op, Dense) or op.padding != "same":
        return op
    return dataclasses.replace(op, binary_padding=padding)


@dataclasses.dataclass(frozen=True)
class _MoreToCome:
    """Weights of which the last of a layer is read by itself."""

    weights: Weights

    def register(self, layers: Iterable[Stored]) -> None:
        """As that of ``weights``."""
        self.weights.register(layers)

    def read(self, layer: Key, shapes: tuple[Shape, ...], unread: int = 0) -> list[Array]:
        """As that of ``weights``, and one more may follow."""
        return self.weights.read(layer, shapes, unread + 1)


def _scaled(call: Call, op: MatrixOp, kernel_format: Format | None, scale_format: Format) -> MatrixOp:
    """``op`` with its sums, bias included, times the layer's variable of that format, at least a step."""
    layer, channels = call.layer, op.bias.size
    if not isinstance(scale_format, Fixed) or scale_format.scales.shape != ():
        layer.wrong(_ROLES[2], "a FixedPoint with one frac", scale_format)
    if not isinstance(kernel_format, FewLevels):
        layer.wrong(_ROLES[2], "a kernel_converter Binary or Ternary with it", kernel_format)
    before = (op.kernel.shape, op.bias.shape) if op.has_bias else (op.kernel.shape,)
    *_, variable = call.variables(*before, (channels,))
    scales = scale_format.dequantize(np.maximum(scale_format.quantize(variable), 1))
    whole = scales * kernel_format.scales
    of_kernel = scales.reshape(op.kernel.shape[-2:] if isinstance(op, DepthwiseConv2D) else -1)
    return dataclasses.replace(
        op,
        kernel=(op.kernel * of_kernel).astype(np.float32),
        bias=(op.bias * scales).astype(np.float32),
        kernel_format=dataclasses.replace(kernel_format, scale=tuple(whole.tolist())),
        bias_format=_in_steps(op.bias_format, kernel_format),
    )


def _in_steps(bias_format: Format | None, kernel_format: FewLevels) -> Format | None:
    """The format of a bias that joins sums of +1 and -1, where its converter sees those of the levels."""
    if not isinstance(bias_format, Fixed) or not isinstance(bias_format.frac, int):
        return bias_format
    return dataclasses.replace(bias_format, frac=bias_format.frac - (kernel_format.frac or 0))


def _rounded(
    layer: Layer, op: MatrixOp, kernel_format: Format | None, bias_format: Format | None
) -> MatrixOp:
    """``op`` with kernel and bias on the grids of the layer's converters."""
    shape = op.kernel.shape
    if isinstance(op, DepthwiseConv2D):
        # A scale for each channel counts the outputs, the last two axes together.
        shape = (*shape[:2], op.bias.size)
    kernel = _on_grid(layer, _ROLES[0], op.kernel.reshape(shape), kernel_format).reshape(op.kernel.shape)
    bias = _on_grid(layer, _ROLES[1], op.bias, bias_format)
    return dataclasses.replace(
        op, kernel=kernel, bias=bias, kernel_format=kernel_format, bias_format=bias_format
    )


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
    options = _OPTIONS | dict.fromkeys(_LEVELS, ("frac",)) if role == _ROLES[0] else _OPTIONS
    if kind not in options or stored.get("registered_name") != f"{PACKAGE}>{kind}":
        layer.unsupported(role, stored, " and ".join(_OPTIONS), same_shape=True)
        return None
    config = stored.get("config")
    if not isinstance(config, dict):
        layer.wrong(role, "the options of a converter", config)
    inner = dataclasses.replace(layer, options=config)
    inner.check_options(options[kind])
    format = _format(dataclasses.replace(inner, kind=kind))
    if format.zero_point != 0:
        layer.wrong(f"zero_point of {role}", "0", format.zero_point)
    return format


def _format(layer: Layer) -> Format:
    if layer.kind in _LEVELS:
        return _LEVELS[layer.kind](scale=2.0 ** -_one_frac(layer))
    if layer.kind == "Sign":
        return Sign(frac=_one_frac(layer))
    bits = _whole(layer, "bits", 2, MAX_BITS)
    if layer.kind == "FixedPoint":
        return Fixed(bits, _frac(layer))
    zero = _whole(layer, "zero_point", -(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    return Affine(bits, _scale(layer), zero)


def _one_frac(layer: Layer) -> int:
    frac = _frac(layer)
    if not isinstance(frac, int):
        layer.wrong("frac", "one integer", frac)
    return frac


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
