# SPDX-License-Identifier: Apache-2.0
"""Convolutions and dense layers whose weights and biases go through converters at every call.

The variables stay floats, which the optimizer moves; the sums are made of what the hardware will hold.
"""

from __future__ import annotations

from typing import Any, get_args

import keras
from keras import ops

from kerilog.errors import KerilogError
from kerilog.frontend.keras.converters import PACKAGE
from kerilog.graph import BinaryPadding, padding_of
from kerilog.keras.converters import Converter, FixedPoint, Levels, Sign

register = keras.saving.register_keras_serializable(package=PACKAGE)


ROLES = ("kernel_converter", "bias_converter", "scale_converter")


class _Quant:
    """Mixed into a layer with ``kernel`` and ``bias``: the converters of these, all of them optional.

    With a ``scale_converter``, a FixedPoint, the sums, bias included, are multiplied by a variable ``scale``
    (channels,), rounded to it and at least a step. It goes with a kernel that is Binary or Ternary, whose
    variables stay within its levels.
    """

    _is_depthwise = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        given = {role: options.pop(role, None) for role in ROLES}
        super().__init__(*arguments, **options)
        self.kernel_converter, self.bias_converter, self.scale_converter = (
            _converter(self, role, given[role]) for role in ROLES
        )
        _check_scale(self)

    def build(self, input_shape: Any) -> None:
        """Make the variables, ``scale`` among them where there is one."""
        super().build(input_shape)  # type: ignore[misc]
        kernel: Any = self.kernel  # type: ignore[attr-defined]
        if isinstance(self.kernel_converter, Levels) and kernel.constraint is None:
            limit = self.kernel_converter.limit
            kernel.constraint = lambda weights: ops.clip(weights, -limit, limit)
        if self.scale_converter is not None:
            channels = kernel.shape[-2] * kernel.shape[-1] if self._is_depthwise else kernel.shape[-1]
            self.scale = self.add_weight(name="scale", shape=(channels,), initializer="ones")  # type: ignore[attr-defined]

    def get_config(self) -> dict[str, Any]:
        """The options of the constructor."""
        return {
            **super().get_config(),  # type: ignore[misc]
            "kernel_converter": keras.saving.serialize_keras_object(self.kernel_converter),
            "bias_converter": keras.saving.serialize_keras_object(self.bias_converter),
            **self._scale_config(),
        }

    def save_own_variables(self, store: Any) -> None:
        """Keep the variables, ``scale`` last: Keras' layers name those that they save."""
        super().save_own_variables(store)  # type: ignore[misc]
        if self.scale_converter is not None and self._place_of_scale not in store:
            store[self._place_of_scale] = self.scale

    def load_own_variables(self, store: Any) -> None:
        """Take the variables from where they were kept."""
        super().load_own_variables(store)  # type: ignore[misc]
        if self.scale_converter is not None:
            self.scale.assign(store[self._place_of_scale])

    @property
    def _place_of_scale(self) -> str:
        return str(1 + self.use_bias)  # type: ignore[attr-defined]

    def _scale_config(self) -> dict[str, Any]:
        if self.scale_converter is None:
            return {}
        return {"scale_converter": keras.saving.serialize_keras_object(self.scale_converter)}

    def _rounded_kernel(self) -> Any:
        kernel: Any = self.kernel  # type: ignore[attr-defined]
        return kernel if self.kernel_converter is None else self.kernel_converter.convert(kernel)

    def _finished(self, outputs: Any) -> Any:
        """Sums with the rounded bias, through the activation."""
        if self.use_bias:  # type: ignore[attr-defined]
            bias: Any = self.bias  # type: ignore[attr-defined]
            outputs = outputs + (bias if self.bias_converter is None else self.bias_converter.convert(bias))
        if self.scale_converter is not None:
            step = float(self.scale_converter.format.scales)
            outputs = outputs * ops.maximum(self.scale_converter.convert(self.scale), step)
        activation: Any = self.activation  # type: ignore[attr-defined]
        return outputs if activation is None else activation(outputs)


class _QuantWindows(_Quant):
    """``_Quant`` for convolutions: with ``binary_padding`` "+1" or "-1" and padding "same", what stands
    around an image of signs is one of these, times their scale, and not 0, as with "none".
    """

    def __init__(self, *arguments: Any, binary_padding: BinaryPadding = "none", **options: Any) -> None:
        super().__init__(*arguments, **options)
        if binary_padding not in get_args(BinaryPadding):
            known = ", ".join(f'"{padding}"' for padding in get_args(BinaryPadding))
            raise KerilogError(
                f"layer '{self.name}': binary_padding: expected one of {known}, got {binary_padding!r}"  # type: ignore[attr-defined]
            )
        self.binary_padding = binary_padding

    def get_config(self) -> dict[str, Any]:
        """The options of the constructor."""
        own = {} if self.binary_padding == "none" else {"binary_padding": self.binary_padding}
        return {**super().get_config(), **own}

    def _bordered(self, inputs: Any) -> tuple[Any, str]:
        """``inputs`` with signs around them, and the padding that is left to do."""
        padding: str = self.padding  # type: ignore[attr-defined]
        if self.binary_padding == "none" or padding != "same":
            return inputs, padding
        size, strides, dilation = self.kernel_size, self.strides, self.dilation_rate  # type: ignore[attr-defined]
        rims = padding_of(tuple(inputs.shape[1:]), size, strides, "same", dilation)
        # all signs have one magnitude, and float32 holds their differences
        magnitude = ops.stop_gradient(ops.max(ops.abs(inputs)))
        code = magnitude if self.binary_padding == "+1" else -magnitude
        return ops.pad(inputs - code, ((0, 0), *rims, (0, 0))) + code, "valid"


@register
class QuantConv2D(_QuantWindows, keras.layers.Conv2D):  # type: ignore[misc]
    """Conv2D with ``kernel_converter`` and ``bias_converter``, each a FixedPoint, an Affine or None.

    The former may be Binary or Ternary, too; with a ``scale_converter``, a FixedPoint, the sums, bias
    included, are then multiplied by a variable ``scale`` for each channel, rounded to it. ``binary_padding``:
    "+1", "-1" or "none", what stands around an image of signs where ``padding`` is "same".
    """

    def call(self, inputs: Any) -> Any:
        """Convolve with the rounded kernel."""
        bordered, padding = self._bordered(inputs)
        options = self.strides, padding, self.data_format, self.dilation_rate
        return self._finished(ops.conv(bordered, self._rounded_kernel(), *options))


@register
class QuantDepthwiseConv2D(_QuantWindows, keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """DepthwiseConv2D with converters; see QuantConv2D."""

    _is_depthwise = True

    def call(self, inputs: Any) -> Any:
        """Convolve each channel with the rounded kernel."""
        kernel = self._rounded_kernel()
        bordered, padding = self._bordered(inputs)
        sums = ops.depthwise_conv(
            bordered, kernel, self.strides, padding, self.data_format, self.dilation_rate
        )
        return self._finished(sums)

    def _rounded_kernel(self) -> Any:
        """Scales for each channel count the outputs: the last two axes of the kernel together."""
        if self.kernel_converter is None:
            return self.kernel
        shape = tuple(self.kernel.shape)
        flat = ops.reshape(self.kernel, (*shape[:2], shape[2] * shape[3]))
        return ops.reshape(self.kernel_converter.convert(flat), shape)


@register
class QuantDense(_Quant, keras.layers.Dense):  # type: ignore[misc]
    """Dense with converters; see QuantConv2D."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Multiply by the rounded kernel."""
        return self._finished(ops.matmul(inputs, self._rounded_kernel()))


def _converter(layer: Any, role: str, given: Any) -> Converter | None:
    """A converter, also from what a file keeps of it."""
    found = keras.saving.deserialize_keras_object(given) if isinstance(given, dict) else given
    if found is not None and not isinstance(found, Converter):
        raise KerilogError(
            f"layer '{layer.name}': {role}: expected a FixedPoint, an Affine or None, got {found!r}"
        )
    if isinstance(found, Sign):
        raise KerilogError(f"layer '{layer.name}': {role}: Sign is for tensors only; Binary is for kernels")
    if isinstance(found, Levels) and role != ROLES[0]:
        raise KerilogError(f"layer '{layer.name}': {role}: {type(found).__name__} is for kernels only")
    if found is not None and found.format.zero_point != 0:
        raise KerilogError(
            f"layer '{layer.name}': {role}: expected zero point 0, got {found.format.zero_point}"
        )
    return found


def _check_scale(layer: Any) -> None:
    """A scale has one format and belongs to weights of few levels."""
    found = layer.scale_converter
    if found is None:
        return
    if not isinstance(found, FixedPoint) or found.format.scales.shape != ():
        raise KerilogError(f"layer '{layer.name}': scale_converter: expected a FixedPoint with one frac")
    if not isinstance(layer.kernel_converter, Levels):
        raise KerilogError(
            f"layer '{layer.name}': scale_converter: expected a kernel_converter Binary or Ternary with it"
        )
