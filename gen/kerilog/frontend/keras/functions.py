# SPDX-License-Identifier: Apache-2.0
"""Functions of one number, and softmax: as layers of their own and as the option ``activation`` of others."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from kerilog import functions
from kerilog.frontend.keras.options import Layer
from kerilog.graph import Activation

FUNCTION_MODULES = ("builtins", "keras.activations", "keras.src.activations.activations")
LAYER_MODULES = (None, "keras.layers")

_FIRST = ("relu", "relu6", "softmax", "sigmoid")
_UNNAMED = ("bounded_relu", "gelu_tanh")  # nobody can write them by name
_ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}
_OLD_HARD_SIGMOID = "hard_sigmoid of Keras 2"
_OF_KERAS_2 = {"hard_sigmoid": _OLD_HARD_SIGMOID}
_OLD_SLOPE = 0.2
_NAMING = ("activation", "config")  # the keys under which a file names a function

ACTIVATIONS = (
    "linear",
    *_FIRST,
    *(name for name in functions.FUNCTIONS if name not in (*_FIRST, *_UNNAMED)),
    *_ALIASES,
)
"""What the option ``activation`` may be, beside one of ``LAYERS``."""


def activation_of(layer: Layer) -> Activation | None:
    """The option ``activation``, None for a linear one; anything but the known functions is refused."""
    value = layer.get("activation", "linear")
    if isinstance(value, dict):
        kind = value.get("class_name")
        if kind in LAYERS and value.get("registered_name") in (None, kind):
            return _of_layer(layer, value)
        if kind != "function" or value.get("module") not in FUNCTION_MODULES:
            return _refused(layer, value.get("registered_name") or kind)
        value = value.get("config")
    if value == _OLD_HARD_SIGMOID:
        return Activation("hard_sigmoid", (_OLD_SLOPE,))
    if not isinstance(value, str) or value not in ACTIVATIONS:
        return _refused(layer, value)
    return None if value == "linear" else Activation(_ALIASES.get(value, value))


def _of_layer(layer: Layer, stored: dict[str, Any]) -> Activation | None:
    """A layer object as the option; what is wrong about it is said of ``layer``."""
    if stored.get("module") not in LAYER_MODULES or not isinstance(stored.get("config"), dict):
        return _refused(layer, stored.get("class_name"))
    return LAYERS[stored["class_name"]](
        dataclasses.replace(layer, kind=stored["class_name"], options=stored["config"])
    )


def _refused(layer: Layer, came: object) -> Activation | None:
    layer.unsupported("activation", came, ", ".join(ACTIVATIONS), same_shape=True)
    return None


def relu(layer: Layer) -> Activation:
    """ReLU with a slope, a threshold and a maximum, where those are not nothing."""
    layer.check_options(("max_value", "negative_slope", "threshold"))
    slope, threshold = _positive(layer, "negative_slope", 0.0), _positive(layer, "threshold", 0.0)
    bounded = layer.options.get("max_value") is not None
    most = _positive(layer, "max_value", 0.0) if bounded else math.inf
    if threshold == 0 and slope == 0 and most in (6, math.inf):
        return Activation("relu6" if bounded else "relu")
    if threshold == 0 and not bounded:
        return Activation("leaky_relu", (slope,))
    return Activation("bounded_relu", (slope, threshold, most))


def leaky_relu(layer: Layer) -> Activation:
    """LeakyReLU; Keras 2 calls its slope alpha."""
    layer.check_options(("negative_slope", "alpha"))
    key = "alpha" if "alpha" in layer.options else "negative_slope"
    slope = _positive(layer, key, 0.3)
    return Activation("leaky_relu", (slope,)) if slope else Activation("relu")


def elu(layer: Layer) -> Activation:
    """ELU."""
    layer.check_options(("alpha",))
    return Activation("elu", (layer.number("alpha", 1.0),))


def thresholded_relu(layer: Layer) -> Activation:
    """ThresholdedReLU, which Keras 2 has: nothing up to theta."""
    layer.check_options(("theta",))
    return Activation("bounded_relu", (0.0, _positive(layer, "theta", 1.0), math.inf))


def _positive(layer: Layer, key: str, default: float) -> float:
    value = layer.number(key, default)
    if value < 0:
        layer.wrong(key, "0 or more", value)
    return value


LAYERS: dict[str, Callable[[Layer], Activation]] = {
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "ELU": elu,
    "ThresholdedReLU": thresholded_relu,
}
"""The layers that are one function, by their Keras class."""


def in_words_of_keras_3(config: Any, version: str) -> Any:
    """``config`` as Keras ``version`` wrote it, where functions that Keras 3 has changed have other names."""
    if not version.startswith(("1.", "2.")):
        return config
    if isinstance(config, list):
        return [in_words_of_keras_3(item, version) for item in config]
    if not isinstance(config, dict):
        return config
    renamed = {key: in_words_of_keras_3(value, version) for key, value in config.items()}
    for key in _NAMING:
        value = renamed.get(key)
        if isinstance(value, str) and (key == "activation" or config.get("class_name") == "function"):
            renamed[key] = _OF_KERAS_2.get(value, value)
    return renamed
