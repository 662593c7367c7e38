# SPDX-License-Identifier: Apache-2.0
"""Convolutions and dense layers whose weights and biases go through converters at every call.

The variables stay floats, which the optimizer moves; the sums are made of what the hardware will hold.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerilog.errors import KerilogError
from kerilog.frontend.keras.converters import PACKAGE
from kerilog.keras.converters import Converter

register = keras.saving.register_keras_serializable(package=PACKAGE)


class _Quant:
    """Mixed into a layer with ``kernel`` and ``bias``: its two converters, either of them optional."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        kernel, bias = options.pop("kernel_converter", None), options.pop("bias_converter", None)
        super().__init__(*arguments, **options)
        self.kernel_converter = _converter(self, "kernel_converter", kernel)
        self.bias_converter = _converter(self, "bias_converter", bias)

    def get_config(self) -> dict[str, Any]:
        """The options of the constructor."""
        return {
            **super().get_config(),  # type: ignore[misc]
            "kernel_converter": keras.saving.serialize_keras_object(self.kernel_converter),
            "bias_converter": keras.saving.serialize_keras_object(self.bias_converter),
        }

    def _rounded_kernel(self) -> Any:
        kernel: Any = self.kernel  # type: ignore[attr-defined]
        return kernel if self.kernel_converter is None else self.kernel_converter.convert(kernel)

    def _finished(self, outputs: Any) -> Any:
        """Sums with the rounded bias, through the activation."""
        if self.use_bias:  # type: ignore[attr-defined]
            bias: Any = self.bias  # type: ignore[attr-defined]
            outputs = outputs + (bias if self.bias_converter is None else self.bias_converter.convert(bias))
        activation: Any = self.activation  # type: ignore[attr-defined]
        return outputs if activation is None else activation(outputs)


@register
class QuantConv2D(_Quant, keras.layers.Conv2D):  # type: ignore[misc]
    """Conv2D with ``kernel_converter`` and ``bias_converter``, each a FixedPoint, an Affine or None."""

    def call(self, inputs: Any) -> Any:
        """Convolve with the rounded kernel."""
        return self._finished(self.convolution_op(inputs, self._rounded_kernel()))


@register
class QuantDepthwiseConv2D(_Quant, keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """DepthwiseConv2D with ``kernel_converter`` and ``bias_converter``; see QuantConv2D."""

    def call(self, inputs: Any) -> Any:
        """Convolve each channel with the rounded kernel."""
        kernel = self._rounded_kernel()
        sums = ops.depthwise_conv(
            inputs, kernel, self.strides, self.padding, self.data_format, self.dilation_rate
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
    """Dense with ``kernel_converter`` and ``bias_converter``; see QuantConv2D."""

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
    if found is not None and found.format.zero_point != 0:
        raise KerilogError(
            f"layer '{layer.name}': {role}: expected zero point 0, got {found.format.zero_point}"
        )
    return found
