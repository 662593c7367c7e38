# SPDX-License-Identifier: Apache-2.0
"""A Keras model whose parameters are binarized once it is trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from kerilog.errors import KerilogError
from kerilog.study.binarize import CHANGES

_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
_WEIGHTED = tuple(
    getattr(keras.layers, name)
    for name in (
        *("Dense", "Conv1D", "Conv2D", "Conv1DTranspose", "Conv2DTranspose"),
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    )
)


def binarize(
    model: Any, kernel: bool = True, bias: bool = True, gamma: bool = True, beta: bool = True
) -> Any:
    """A copy of ``model`` with binary parameters, of the kinds that are asked for.

    Kernels and biases of convolutions and dense layers, and the beta of batch normalizations, become +1 or
    -1, 0 counting as +1; gamma becomes 2 or 0, +1 or -1 around 1. ``kerilog study --binarize`` counts what
    each kind costs. Models within models are changed too. Raises KerilogError for what is no Keras model
    that is built.
    """
    if not isinstance(model, keras.Model) or not model.built:
        raise KerilogError(f"expected a Keras model that is built, got {type(model).__name__}")
    asked = {"kernel": kernel, "bias": bias, "gamma": gamma, "beta": beta}
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in _layers(copy):
        for name, kind in _parameters(layer):
            variable = getattr(layer, name, None)
            if asked[kind] and variable is not None:
                variable.assign(CHANGES[kind](keras.ops.convert_to_numpy(variable)))
    return copy


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def _parameters(layer: Any) -> Iterator[tuple[str, str]]:
    """The names of what may be binary, and of which kind each is."""
    if isinstance(layer, _WEIGHTED):
        yield from ((name, "kernel") for name in _KERNELS)
        yield "bias", "bias"
    if isinstance(layer, keras.layers.BatchNormalization):
        yield "gamma", "gamma"
        yield "beta", "beta"
