# SPDX-License-Identifier: Apache-2.0
"""What stands in for each layer of a model once it has converters."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import Binary, FewLevels, Fixed, Sign
from kerilog.frontend.keras.converters import MAX_BITS
from kerilog.graph import (
    Activation,
    Array,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Graph,
    MaxPooling2D,
    Node,
    Reshape,
    ZeroPadding2D,
)
from kerilog.keras.converters import FixedPoint, converter_for
from kerilog.keras.layers import QuantConv2D, QuantDense, QuantDepthwiseConv2D
from kerilog.qgraph import DoubleMultiplier, QConv2D, QDense, QGraph
from kerilog.quantize.few_levels import SCALE_BITS, scale_frac
from kerilog.transforms.drop_dropout import drop_dropout

MATRIX = (Conv2D, DepthwiseConv2D, Dense)
_EXACT = (MaxPooling2D, Reshape, ZeroPadding2D)  # what they give, their input's format holds
_QUANT: dict[str, Any] = {"Conv2D": QuantConv2D, "DepthwiseConv2D": QuantDepthwiseConv2D, "Dense": QuantDense}


class Replacements:
    """``raw`` is the model as it stands, ``simple`` the same simplified and ``chosen`` that in integers."""

    def __init__(self, raw: Graph, simple: Graph, chosen: QGraph) -> None:
        self._simple = {node.name: node for node in simple}
        self._chosen = {node.name: node for node in chosen}
        self._calls = drop_dropout(raw)
        self._raw = {node.name: node for node in raw}
        self._kept = {node.name for node in self._calls}
        self.input_name = raw.inputs[0].name
        self._made: dict[str, list[Any]] = {}
        self._owner: dict[str, str] = {}
        for node in self._calls:
            self._owner[node.name] = node.name if node.name in self._simple else self._owner[node.inputs[0]]
            _check(node)

    def input_converter(self) -> Any:
        """The layer after the model's one input."""
        return self._converter(self._raw[self.input_name], self.input_name)

    def of(self, layer: Any) -> list[Any]:
        """The layers in the place of ``layer``, in order; none for one that is folded away."""
        if layer.name not in self._made:
            self._made[layer.name] = self._replaced(layer)
        return self._made[layer.name]

    def set_weights(self, model: Any) -> None:
        """Give ``model`` the kernels and biases, batch normalization folded in."""
        for layer in model.layers:
            op = self._simple[layer.name].op if layer.name in self._simple else None
            if isinstance(op, MATRIX):
                layer.set_weights(self._weights(layer, op))

    def _weights(self, layer: Any, op: Conv2D | DepthwiseConv2D | Dense) -> list[Array]:
        """The variables of ``layer``: of few levels the kernel in steps, of which a scale makes numbers."""
        chosen = self._chosen[layer.name].op
        assert isinstance(chosen, QConv2D | QDense)
        format, kernel, bias = chosen.kernel_format, op.kernel, op.bias
        if isinstance(format, FewLevels):
            scales = format.scales
            if isinstance(op, DepthwiseConv2D) and scales.ndim:
                scales = scales.reshape(kernel.shape[-2:])
            # half of the way to where the gradient stops, on average, whatever the scale
            share = 0.5 if isinstance(format, Binary) else 1.0
            steps = np.clip(share * kernel / scales, -1, 1)
            kernel = (steps * layer.kernel_converter.limit).astype(np.float32)
            if format.frac is None and layer.scale_converter is None:
                bias = (bias / format.scales).astype(np.float32)
        found = [kernel, bias] if layer.use_bias else [kernel]
        if layer.scale_converter is None:
            return found
        scaled = [(bias / format.scales).astype(np.float32)] if layer.use_bias else []
        return [kernel, *scaled, format.scales.astype(np.float32)]

    def _replaced(self, layer: Any) -> list[Any]:
        nodes = [node for name, node in self._raw.items() if name.split("/")[0] == layer.name]
        if layer.name not in self._kept:
            # Dropout, which is of use in training.
            return [_copied(layer)]
        if isinstance(nodes[0].op, BatchNormalization):
            return self._normalized(layer, nodes[0])
        if isinstance(nodes[0].op, MATRIX):
            return self._matrix(layer, nodes)
        return [_copied(layer), *self._rounding(nodes[-1], layer.name)]

    def _matrix(self, layer: Any, nodes: list[Node]) -> list[Any]:
        """The layer with converters, then an activation of its own where that is not part of the sums."""
        options = layer.get_config()
        separate = nodes[1:] if len(nodes) > 1 and nodes[1].name in self._simple else []
        if separate:
            options["activation"] = "linear"
        made = [self._quant(type(layer).__name__, options, layer.name)]
        if not separate:
            return [*made, *self._rounding(nodes[-1], layer.name)]
        made += self._rounding(nodes[0], layer.name)
        op = separate[0].op
        assert isinstance(op, Activation)
        name = f"{layer.name}_{op.function}"
        activation = keras.layers.Activation(op.function, name=name)
        return [*made, activation, *self._rounding(separate[0], name)]

    def _normalized(self, layer: Any, node: Node) -> list[Any]:
        """Nothing for a batch normalization that is folded, else the 1x1 depthwise convolution that it is."""
        if node.name not in self._simple:
            return self._rounding(node, layer.name)
        made = self._simple[node.name]
        if not isinstance(made.op, DepthwiseConv2D) or made.shape != node.shape:
            raise Unsupported(
                f"layer '{node.name}': no layer next to this batch normalization takes it in, and for shape "
                f"{node.shape} it has no converters; put it next to a convolution or a dense layer"
            )
        options = {"kernel_size": 1, "name": layer.name}
        return [self._quant("DepthwiseConv2D", options, layer.name), *self._rounding(node, layer.name)]

    def _quant(self, kind: str, options: dict[str, Any], name: str) -> Any:
        op, chosen = self._simple[name].op, self._chosen[name].op
        assert isinstance(op, MATRIX) and isinstance(chosen, QConv2D | QDense)
        options["use_bias"] = options.get("use_bias", True) or bool(np.any(op.bias))
        options["kernel_converter"] = converter_for(chosen.kernel_format)
        bias = chosen.bias_format
        if isinstance(chosen.rescale, DoubleMultiplier) and isinstance(chosen.kernel_format, FewLevels):
            scales = chosen.kernel_format.scales
            options["scale_converter"] = FixedPoint(SCALE_BITS + 1, scale_frac(scales))
            bias = Fixed(bias.bits, round(-float(np.log2(bias.scales[0] / scales[0]))))
        of_signs = isinstance(self._chosen[name].format, Sign)  # which are exact with any bias
        if self._chosen[name].format.zero_point == 0 and bias.bits <= MAX_BITS and not of_signs:
            options["bias_converter"] = converter_for(bias)
        return _QUANT[kind].from_config(options)

    def _rounding(self, node: Node, layer: str) -> list[Any]:
        """The converter after the tensor of ``node``, made by ``layer``, in a list; or an empty list."""
        softmax = isinstance(node.op, Activation) and node.op.function == "softmax"
        if softmax or isinstance(node.op, _EXACT) or self._goes_on(node):
            return []
        return [self._converter(node, layer)]

    def _goes_on(self, node: Node) -> bool:
        """Whether the next layer has been folded into the one that makes this tensor."""
        return any(
            user.name not in self._simple and isinstance(user.op, Activation | BatchNormalization)
            for user in self._calls.users(node.name)
        )

    def _converter(self, node: Node, layer: str) -> Any:
        return converter_for(self._chosen[self._owner[node.name]].format, f"{layer}_converter")


def _check(node: Node) -> None:
    layer, _, part = node.name.partition("/")
    if part.startswith("call"):
        raise KerilogError(f"layer '{layer}': is called several times; converters need a layer for each call")
    if part and not isinstance(node.op, Activation):
        raise Unsupported(
            f"layer '{layer}': is several operations in one, which leaves no place for converters between "
            "them; write it as several layers"
        )


def _copied(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())
