# SPDX-License-Identifier: Apache-2.0
"""Train the MNIST CNN of the README and write it as a Keras file.

    Conv2D(2, 3x3, relu) -> MaxPooling2D(2) -> Flatten -> Dense(128, relu) -> Dropout(0.5)
    -> Dense(10, softmax)

It learns from the 60,000 training images alone, for a fixed number of epochs; the 10,000 test images are
looked at once, at the end. The seed fixes the initial weights, the order of the samples and the dropout.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import numpy as np

from kerilog.data import shipped

SHIPPED = Path(__file__).resolve().parent / "mnist_cnn.keras"
"""The model that `kerilog build` knows by its contents, and uses MNIST for by default."""
SEED = 2024
EPOCHS = 15
BATCH = 64
LEARNING_RATE = 2e-3


def load_mnist(npz: Path | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(x_train, y_train, x_test, y_test): images float32 (samples, 28, 28, 1) in 0..1, labels as integers.

    Without ``npz`` Keras downloads the data.
    """
    if npz is None:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    else:
        with np.load(npz, allow_pickle=False) as data:
            x_train, y_train, x_test, y_test = (
                data[key] for key in ("x_train", "y_train", "x_test", "y_test")
            )
    return _images(x_train), y_train, _images(x_test), y_test


def _images(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, 28, 28, 1).astype(np.float32) / 255.0


def build() -> keras.Model:
    """The untrained network."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            keras.layers.Conv2D(2, 3, activation="relu", name="conv"),
            keras.layers.MaxPooling2D(2, name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(128, activation="relu", name="hidden"),
            keras.layers.Dropout(0.5, seed=SEED, name="dropout"),
            keras.layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="mnist_cnn",
    )


def train(x: np.ndarray, y: np.ndarray, seed: int, epochs: int) -> keras.Model:
    """The network trained on images ``x`` and labels ``y``; the learning rate falls to 0 along a cosine."""
    keras.utils.set_random_seed(seed)
    model = build()
    steps = epochs * -(-len(x) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=2)
    return model


def save_bare(model: keras.Model, path: Path) -> None:
    """Write the architecture and the weights only: a model that was never compiled has no optimizer state."""
    bare = build()
    bare.set_weights(model.get_weights())
    bare.save(path)


def main() -> None:
    """Train, report the accuracy on the test images and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="MNIST as a Keras NPZ (default: keras downloads it)")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()
    x_train, y_train, x_test, y_test = load_mnist(args.data)
    model = train(x_train, y_train, args.seed, args.epochs)
    _, accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)
    print(f"test accuracy {100 * accuracy:.2f} % on {len(x_test)} images, seed {args.seed}")
    save_bare(model, args.out)
    if args.out.resolve() == SHIPPED:
        shipped.record(args.out)
    print(f"wrote {args.out}")


if __name__ == "__main__":
    main()
