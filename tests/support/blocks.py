# SPDX-License-Identifier: Apache-2.0
"""The networks that hardware must keep busy: LeNet-5, a residual block, a depthwise-separable block."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from kerilog.api import Quantized, load, quantize
from kerilog.graph import Graph
from kerilog.qgraph import QGraph
from kerilog.quantize import strip_softmax


def lenet5(keras: Any) -> Any:
    """LeCun et al. 1998, on 28 x 28 images, with rectifiers."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu", name="c1"),
            layers.AveragePooling2D(2, name="s2"),
            layers.Conv2D(16, 5, activation="relu", name="c3"),
            layers.AveragePooling2D(2, name="s4"),
            layers.Flatten(),
            layers.Dense(120, activation="relu", name="c5"),
            layers.Dense(84, activation="relu", name="f6"),
            layers.Dense(10, name="output"),
        ],
        name="lenet5",
    )


def residual(keras: Any) -> Any:
    """A block beside an identity, then one of half the resolution beside a 1 x 1 convolution."""
    layers = keras.layers
    image = layers.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="stem")(image)
    y = layers.Conv2D(8, 3, padding="same", activation="relu", name="block1_conv1")(x)
    y = layers.Conv2D(8, 3, padding="same", name="block1_conv2")(y)
    x = layers.ReLU(name="block1_relu")(layers.Add(name="block1_add")([x, y]))
    y = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="block2_conv1")(x)
    y = layers.Conv2D(16, 3, padding="same", name="block2_conv2")(y)
    x = layers.Conv2D(16, 1, strides=2, name="block2_shortcut")(x)
    x = layers.ReLU(name="block2_relu")(layers.Add(name="block2_add")([x, y]))
    x = layers.Dense(3, name="output")(layers.Flatten()(x))
    return keras.Model(image, x, name="residual")


def separable(keras: Any) -> Any:
    """Two depthwise-separable convolutions of MobileNet, the second of half the resolution, and its end."""
    layers = keras.layers
    image = layers.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="stem")(image)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise1")(x)
    x = layers.Conv2D(16, 1, activation="relu", name="pointwise1")(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu", name="depthwise2")(x)
    x = layers.Conv2D(32, 1, activation="relu", name="pointwise2")(x)
    x = layers.Dense(10, name="output")(layers.GlobalAveragePooling2D(name="mean")(x))
    return keras.Model(image, x, name="separable")


MODELS = {"lenet5": lenet5, "residual": residual, "separable": separable}


@functools.cache
def block(name: str, scheme: str) -> QGraph:
    """The network ``name`` with random weights in integers, its formats chosen from random images."""
    import keras

    keras.utils.set_random_seed(7)
    model = MODELS[name](keras)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.keras"
        model.save(path)
        loaded = load(path)
    assert isinstance(loaded, Graph)
    samples = np.random.default_rng(7).uniform(0, 1, (32, *model.input_shape[1:])).astype(np.float32)
    quantized: Quantized = quantize(loaded, samples, scheme)
    return strip_softmax(quantized.graph)
