# SPDX-License-Identifier: Apache-2.0
"""The shapes that users arrive with, as small networks with weights of our own.

Weights are drawn from a seed, batch normalizations take their statistics from the samples, and nothing is
downloaded or trained.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from networks import draw_samples, draw_weights, settle

SEED = 5
SAMPLES = 8
Array = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Zoo:
    """A network of the page: its name there, what makes it, multipliers if not those of the default goal."""

    title: str
    make: Callable[[Any], Any]
    multipliers: int | None = None


def _block(keras: Any, x: Any, filters: int, size: int = 3, strides: int = 1) -> Any:
    """A convolution, its batch normalization and ReLU."""
    layers = keras.layers
    x = layers.Conv2D(filters, size, strides=strides, padding="same")(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _unet(keras: Any, up: Callable[[Any, int], Any]) -> Any:
    layers = keras.layers
    image = layers.Input((32, 32, 1))
    first = _block(keras, image, 8)
    second = _block(keras, layers.MaxPooling2D(2)(first), 12)
    deep = _block(keras, layers.MaxPooling2D(2)(second), 16)
    x = _block(keras, layers.Concatenate()([up(deep, 12), second]), 12)
    x = _block(keras, layers.Concatenate()([up(x, 8), first]), 8)
    return keras.Model(image, layers.Conv2D(2, 1)(x))


def unet_nearest(keras: Any) -> Any:
    """Ronneberger et al., 2015, with the nearest pixel repeated on the way up."""
    return _unet(keras, lambda x, filters: keras.layers.UpSampling2D(2)(x))


def unet_transposed(keras: Any) -> Any:
    """The same with transposed convolutions."""
    return _unet(keras, lambda x, filters: keras.layers.Conv2DTranspose(filters, 2, strides=2)(x))


def densenet(keras: Any) -> Any:
    """A block of Huang et al., 2017, of four layers that grow by 4 channels, and its transition."""
    layers = keras.layers
    image = layers.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, padding="same")(image)
    for _ in range(4):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Concatenate()([x, layers.Conv2D(4, 3, padding="same")(y)])
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.AveragePooling2D(2)(layers.Conv2D(12, 1)(x))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def squeeze_excite(keras: Any) -> Any:
    """Hu et al., 2018: channels are scaled by what a small network makes of their means."""
    layers = keras.layers
    image = layers.Input((16, 16, 3))
    x = _block(keras, image, 12)
    for _ in range(2):
        scale = layers.GlobalAveragePooling2D(keepdims=True)(x)
        scale = layers.Conv2D(3, 1, activation="relu")(scale)
        scale = layers.Conv2D(12, 1, activation="sigmoid")(scale)
        x = _block(keras, layers.Multiply()([x, scale]), 12)
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def keyword1d(keras: Any, shape: tuple[int, int] = (98, 10)) -> Any:
    """A keyword network on 98 frames of 10 features, or others."""
    layers = keras.layers
    x = source = layers.Input(shape)
    for filters, strides in ((16, 2), (24, 2), (32, 1)):
        x = layers.Conv1D(filters, 5, strides=strides, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling1D()(layers.MaxPooling1D(2)(x))
    return keras.Model(source, layers.Dense(12)(x))


def dilated(keras: Any) -> Any:
    """Convolutions whose dilation grows: a wide view of the image without pools."""
    layers = keras.layers
    x = image = layers.Input((24, 24, 1))
    for dilation in (1, 2, 4):
        x = layers.Conv2D(8, 3, padding="same", dilation_rate=dilation, activation="relu")(x)
    return keras.Model(image, layers.Conv2D(2, 1)(x))


def two_inputs(keras: Any) -> Any:
    """An image and a vector of measurements."""
    layers = keras.layers
    image, vector = layers.Input((16, 16, 3), name="image"), layers.Input((6,), name="measured")
    x = layers.GlobalMaxPooling2D()(_block(keras, _block(keras, image, 8), 12, strides=2))
    y = layers.Dense(8, activation="relu")(vector)
    return keras.Model([image, vector], layers.Dense(5)(layers.Concatenate()([x, y])))


def two_heads(keras: Any) -> Any:
    """One trunk, a class and a box."""
    layers = keras.layers
    image = layers.Input((24, 24, 1))
    x = _block(keras, _block(keras, image, 8, strides=2), 12, strides=2)
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    x = layers.Dense(16, activation="relu")(x)
    return keras.Model(image, [layers.Dense(4, name="class")(x), layers.Dense(4, name="box")(x)])


def mobilenet_v2(keras: Any) -> Any:
    """Sandler et al., 2018, with 0.35 times the channels, on 96 x 96 images."""
    return keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10)


MODELS = {
    "unet_nearest": Zoo("U-Net, nearest pixel", unet_nearest),
    "unet_transposed": Zoo("U-Net, transposed convolutions", unet_transposed),
    "densenet": Zoo("DenseNet block", densenet),
    "squeeze_excite": Zoo("squeeze-and-excite", squeeze_excite),
    "keyword1d": Zoo("keywords, Conv1D", keyword1d),
    "dilated": Zoo("dilated", dilated),
    "two_inputs": Zoo("two inputs", two_inputs),
    "two_heads": Zoo("two heads", two_heads),
    "mobilenet_v2": Zoo("MobileNetV2 0.35, 96 x 96", mobilenet_v2, 180),
}


def make(name: str, keras: Any) -> tuple[Any, dict[str, Array]]:
    """The Keras model ``name``, and samples (count, *shape) for each input by name."""
    keras.utils.clear_session()
    model = MODELS[name].make(keras)
    random = np.random.default_rng(SEED)
    draw_weights(model, random)
    samples = {
        source.name: draw_samples(_as_image(source.shape[1:]), SAMPLES, True, random)
        .reshape(SAMPLES, *source.shape[1:])
        .astype(np.float32)
        for source in model.inputs
    }
    if len(samples) == 1:
        settle(model, next(iter(samples.values())))
    return model, samples


def _as_image(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape that samples can be drawn in: a sequence as an image of one channel."""
    return (*shape, 1) if len(shape) == 2 else tuple(shape)
