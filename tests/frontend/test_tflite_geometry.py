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
tf = pytest.importorskip("tensorflow")
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
IMAGES: dict[str, tuple[Shape, Stack]] = {
    "global maxima": (
        (6, 7, 3),
        lambda: [layers.Conv2D(4, 3), layers.GlobalMaxPooling2D(keepdims=True), layers.Flatten()],
    ),
    "maximum of a sequence": ((9, 3), lambda: [layers.Conv1D(4, 2), layers.GlobalMaxPooling1D()]),
    "dilated images": (
        (10, 9, 3),
        lambda: [
            layers.Conv2D(4, 3, dilation_rate=2),
            layers.DepthwiseConv2D(3, dilation_rate=(2, 2), padding="same"),
            layers.Conv2D(2, 3, dilation_rate=(2, 1), padding="same"),
        ],
    ),
    "cropped and padded": (
        (8, 9, 3),
        lambda: [
            layers.Conv2D(4, 3, padding="same"),
            layers.Cropping2D(((1, 2), (0, 3))),
            layers.ZeroPadding2D(((2, 0), (1, 3))),
            layers.MaxPooling2D(2),
        ],
    ),
    "a part of a sequence": ((9, 3), lambda: [layers.Conv1D(4, 2), layers.Cropping1D((1, 3))]),
    "permuted": (
        (4, 5, 3),
        lambda: [layers.Conv2D(4, 3, padding="same"), layers.Permute((2, 1, 3)), layers.Reshape((10, 8))],
    ),
    "bilinear": (
        (4, 5, 3),
        lambda: [
            layers.Conv2D(4, 3, padding="same"),
            layers.UpSampling2D((2, 3), interpolation="bilinear"),
            layers.Conv2D(3, 1),
        ],
    ),
    "transposed": (
        (4, 5, 3),
        lambda: [
            layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(3, 2, strides=3, padding="valid"),
            layers.Conv2DTranspose(2, 3, strides=(1, 2), padding="valid", use_bias=False),
        ],
    ),
    "transposed, gaps": ((4, 5, 2), lambda: [layers.Conv2DTranspose(3, 2, strides=3, padding="same")]),
    "transposed sequence": ((6, 3), lambda: [layers.Conv1DTranspose(4, 3, strides=2, padding="same")]),
    "split and stacked": ((6, 6, 4), lambda: [layers.Conv2D(6, 3, padding="same"), moved()]),
    "resized": ((3, 4, 3), lambda: [layers.Conv2D(4, 2), resized()]),
}
MODELS = SEQUENCES | IMAGES


def moved() -> Any:
    """A layer of plain operations that split, cut, unpack, pack and pad."""

    class Moved(layers.Layer):
        def call(self, x: Any) -> Any:
            first, second, third = tf.split(x, [1, 3, 2], axis=3)
            rows = tf.stack(tf.unstack(second[:, 1:5, ::2, :], axis=3), axis=1)
            cut = tf.slice(x, [0, 1, 0, 2], [-1, 2, -1, 3])
            padded = tf.pad(cut, [[0, 0], [1, 0], [0, 0], [0, 0]], constant_values=0.5)
            return tf.concat([third, first], axis=3), rows, padded

    return Moved()


def resized() -> Any:
    """Nearest neighbours as TensorFlow's older operators give them."""

    class Resized(layers.Layer):
        def call(self, x: Any) -> Any:
            twice = tf.compat.v1.image.resize_nearest_neighbor(x, (4, 9), half_pixel_centers=True)
            return twice, tf.compat.v1.image.resize_nearest_neighbor(x, (6, 6))

    return Resized()


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


def test_repeated_rows_and_columns_equal_the_interpreter(tmp_path: Path) -> None:
    """Keras writes them as TILE, which the reference kernels do not have in int8."""
    path = tmp_path / "repeated.tflite"
    image = layers.Input((3, 4, 3))
    x = layers.UpSampling2D((2, 3))(layers.Conv2D(4, 2, padding="same")(image))
    path.write_bytes(convert(keras.Model(image, x), np.random.default_rng(1)))
    codes = random_codes(np.random.default_rng(6), (3, 4, 3))
    count, wrong = mismatches(path, codes, "single")
    assert count > codes.size and not wrong
    assert [node.op.kind for node in load_tflite(path)].count("UpSampling2D") == 2
