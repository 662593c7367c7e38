# SPDX-License-Identifier: Apache-2.0
"""Data and a model for the notebooks: four shapes in noisy images, made in a second, and a small CNN."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

SIZE = 16
SHAPES = ("square", "ring", "cross", "stripes")

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def image(shape: str, draw: np.random.Generator, noise: float) -> Images:
    """One image (16, 16), 0..1, with ``shape`` at a random place."""
    rows, columns = np.mgrid[:SIZE, :SIZE] - draw.integers(5, 11, (2, 1, 1))
    distance = np.maximum(abs(rows), abs(columns))
    pixels = {
        "square": distance <= 3,
        "ring": distance == 4,
        "cross": (np.minimum(abs(rows), abs(columns)) == 0) & (distance <= 4),
        "stripes": ((rows + columns) % 4 == 0) & (distance <= 4),
    }[shape]
    return np.clip(pixels + draw.normal(0, noise, pixels.shape), 0, 1).astype(np.float32)


def images(count: int, seed: int, noise: float = 0.5) -> tuple[Images, Labels]:
    """Images (count, 16, 16, 1) and their class numbers (count,)."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, len(SHAPES), count)
    return np.stack([image(SHAPES[label], draw, noise) for label in labels])[..., None], labels


def trained(x: Images, y: Labels, epochs: int = 8) -> Any:
    """A Keras model trained on ``x`` and ``y``; the same one each time."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1), name="image"),
            keras.layers.Conv2D(8, 3, activation="relu", name="edges"),
            keras.layers.MaxPooling2D(name="pool"),
            keras.layers.Conv2D(8, 3, activation="relu", name="parts"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(len(SHAPES), activation="softmax", name="shape"),
        ],
        name="shapes",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, verbose=0)
    return model
