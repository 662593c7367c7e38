# SPDX-License-Identifier: Apache-2.0
"""Keras files written by hand, as Keras 3 lays them out: no TensorFlow, and any name or value one likes."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

SHAPE = (6, 5, 1)
CLASSES = 3


def layer(kind: str, name: str, **options: Any) -> dict[str, Any]:
    """One layer of the configuration."""
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, **options}}


def write(path: Path, layers: list[dict[str, Any]], weights: dict[str, list[np.ndarray]]) -> Path:
    """A sequential model; ``weights`` maps a group below ``layers/`` to its arrays."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for group, arrays in weights.items():
            for number, array in enumerate(arrays):
                file[f"layers/{group}/vars/{number}"] = np.asarray(array, np.float32)
    config = {"class_name": "Sequential", "config": {"name": "tiny", "layers": layers}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", stream.getvalue())
    return path


def write_tiny(
    path: Path,
    names: tuple[str, str, str] = ("conv2d", "dense", "logits"),
    spoil: float | None = None,
    extra: tuple[dict[str, Any], ...] = (),
) -> Path:
    """A small classifier; ``spoil`` replaces one weight, ``extra`` layers come last."""
    rng = np.random.default_rng(3)
    kernels = [rng.normal(0, 0.5, shape) for shape in ((3, 3, 1, 2), (4, 5), (5, CLASSES))]
    if spoil is not None:
        kernels[1][2, 3] = spoil
    layers = [
        layer("InputLayer", "input", batch_shape=[None, *SHAPE]),
        layer("Conv2D", names[0], filters=2, kernel_size=[3, 3], activation="relu"),
        layer("MaxPooling2D", "max_pooling2d", pool_size=[2, 2]),
        layer("Flatten", "flatten"),
        layer("Dense", names[1], units=5, activation="relu"),
        layer("Dense", names[2], units=CLASSES, activation="softmax"),
        *extra,
    ]
    groups = ("conv2d", "dense", "dense_1")
    arrays = {
        group: [kernel, rng.normal(0, 0.2, kernel.shape[-1])]
        for group, kernel in zip(groups, kernels, strict=True)
    }
    return write(path, layers, arrays)


def write_samples(path: Path, shape: tuple[int, ...] = SHAPE, count: int = 40) -> Path:
    """An NPZ in Keras' layout with random images and labels."""
    rng = np.random.default_rng(4)
    parts = {}
    for part in ("train", "test"):
        parts[f"x_{part}"] = rng.integers(0, 256, (count, *shape)).astype(np.uint8)
        parts[f"y_{part}"] = rng.integers(0, CLASSES, count)
    np.savez(path, **parts)
    return path
