# SPDX-License-Identifier: Apache-2.0
"""Layers that shape and move images and sequences, converted here and now: every tensor the interpreter's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog.frontend.tflite import load_tflite
from kerilog.qgraph import QConv2D
from kerilog.quantize import strip_softmax
from kerilog.scales import ROUNDINGS, Rounding
from support.interpreter import convert, mismatches, random_codes

keras = pytest.importorskip("keras")
layers = keras.layers
Shape = tuple[int, ...]
Stack = Callable[[], list[Any]]

SEQUENCES: dict[str, tuple[Shape, Stack]] = {
    "conv, pools, dense": (
        (12, 3),
        lambda: [
            layers.Conv1D(4, 3, activation="relu", name="first"),
            layers.MaxPooling1D(2, name="peak"),
            layers.Conv1D(5, 3, padding="same", strides=2, name="second"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.AveragePooling1D(2, name="mean"),
            layers.Flatten(),
            layers.Dense(3),
        ],
    ),
    "causal": (
        (12, 3),
        lambda: [layers.Conv1D(4, 3, padding="causal", name="late"), layers.GlobalAveragePooling1D()],
    ),
    "separable": (
        (12, 3),
        lambda: [
            layers.DepthwiseConv1D(3, padding="same"),
            layers.SeparableConv1D(4, 3),
            layers.ZeroPadding1D((1, 2)),
            layers.Conv1D(2, 4),
            layers.GlobalAveragePooling1D(keepdims=True),
        ],
    ),
    "dilated": (
        (14, 3),
        lambda: [
            layers.Conv1D(4, 3, padding="same", dilation_rate=2),
            layers.Conv1D(3, 2, padding="causal", dilation_rate=3),
            layers.Conv1D(2, 2, dilation_rate=2),
        ],
    ),
}
MODELS = SEQUENCES


def converted(name: str, folder: Path) -> Path:
    """The file of a network with random weights."""
    keras.utils.set_random_seed(5)
    shape, stack = MODELS[name]
    x = image = layers.Input(shape)
    for layer in stack():
        x = layer(x)
    model, rng = keras.Model(image, x), np.random.default_rng(5)
    for weight in model.weights:
        noise = rng.normal(0, 0.3, weight.shape)
        weight.assign(np.abs(noise) + 0.3 if "variance" in weight.name else weight.numpy() + noise)
    path = folder / "model.tflite"
    path.write_bytes(convert(model, rng))
    return path


@pytest.mark.parametrize("name", MODELS)
def test_equals_the_interpreter(name: str, tmp_path: Path) -> None:
    path = converted(name, tmp_path)
    x = random_codes(np.random.default_rng(6), MODELS[name][0])
    for rounding in ROUNDINGS:
        count, wrong = mismatches(path, x, rounding)
        assert count > x.size and not wrong, rounding


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_a_sequence_is_an_image_between_its_layers(rounding: Rounding, tmp_path: Path) -> None:
    graph = strip_softmax(load_tflite(converted("conv, pools, dense", tmp_path), rounding))
    kinds = [node.op.kind for node in graph]
    assert kinds == [
        *("Input", "Reshape", "Conv2D", "MaxPooling2D", "Conv2D", "AveragePooling2D", "Reshape", "Dense")
    ]
    assert [graph.nodes[place].name for place in (2, 3, 5)] == ["first_1", "peak_1", "mean_1"]


def test_causal_padding_is_the_convolution_s_own(tmp_path: Path) -> None:
    graph = load_tflite(converted("causal", tmp_path))
    (op,) = (node.op for node in graph if isinstance(node.op, QConv2D))
    assert op.padding == ((0, 0), (2, 0))
