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

from kerilog import floating, frames, frontend
from kerilog.graph import Graph

SHAPE = (6, 5, 1)
CLASSES = 3


def layer(kind: str, name: str, **options: Any) -> dict[str, Any]:
    """One layer of the configuration."""
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, **options}}


def write(path: Path, layers: list[dict[str, Any]], weights: dict[str, list[np.ndarray]]) -> Path:
    """A sequential model; ``weights`` maps a group below ``layers/`` to its arrays."""
    return _write(path, "Sequential", {"name": "tiny", "layers": layers}, weights)


def write_graph(
    path: Path,
    layers: list[tuple[dict[str, Any], tuple[str, ...]]],
    outputs: tuple[str, ...],
    weights: dict[str, list[np.ndarray]],
) -> Path:
    """A functional model: each layer with the names of those whose tensors it takes; see ``write``."""
    entries = []
    for entry, sources in layers:
        tensors = [
            {"class_name": "__keras_tensor__", "config": {"keras_history": [source, 0, 0]}}
            for source in sources
        ]
        calls = [{"args": [tensors] if len(tensors) > 1 else tensors, "kwargs": {}}] if sources else []
        entries.append(entry | {"name": entry["config"]["name"], "inbound_nodes": calls})
    inputs = [entry["name"] for entry in entries if not entry["inbound_nodes"]]
    config = {
        "name": "graph",
        "layers": entries,
        "input_layers": [[name, 0, 0] for name in inputs],
        "output_layers": [[name, 0, 0] for name in outputs],
    }
    return _write(path, "Functional", config, weights)


def _write(path: Path, kind: str, model: dict[str, Any], weights: dict[str, list[np.ndarray]]) -> Path:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for group, arrays in weights.items():
            for number, array in enumerate(arrays):
                file[f"layers/{group}/vars/{number}"] = np.asarray(array, np.float32)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": kind, "config": model}))
        archive.writestr("model.weights.h5", stream.getvalue())
    return path


def dense_weights(rng: np.random.Generator, inputs: int, units: int) -> list[np.ndarray]:
    """Kernel and bias of a dense layer."""
    return [rng.normal(0, 0.5, (inputs, units)), rng.normal(0, 0.2, units)]


def write_two_heads(path: Path) -> Path:
    """One input, "image"; outputs "kind", a softmax of 3 classes, "sign", one of 2, and "gate", a sigmoid."""
    rng = np.random.default_rng(8)
    layers = [
        (layer("InputLayer", "image", batch_shape=[None, *SHAPE]), ()),
        (layer("Flatten", "flatten"), ("image",)),
        (layer("Dense", "shared", units=6, activation="relu"), ("flatten",)),
        (layer("Dense", "kind", units=3, activation="softmax"), ("shared",)),
        (layer("Dense", "sign", units=2, activation="linear"), ("shared",)),
        (layer("Dense", "gate", units=1, activation="sigmoid"), ("shared",)),
    ]
    weights = {
        "dense": dense_weights(rng, 30, 6),
        "dense_1": dense_weights(rng, 6, 3),
        "dense_2": dense_weights(rng, 6, 2),
        "dense_3": dense_weights(rng, 6, 1),
    }
    return write_graph(path, layers, ("kind", "sign", "gate"), weights)


def write_two_inputs(path: Path) -> Path:
    """Inputs "left" (6,) and "right" (4,), one output "answer" of 3 classes."""
    rng = np.random.default_rng(9)
    layers = [
        (layer("InputLayer", "left", batch_shape=[None, 6]), ()),
        (layer("InputLayer", "right", batch_shape=[None, 4]), ()),
        (layer("Dense", "of_left", units=5, activation="relu"), ("left",)),
        (layer("Dense", "of_right", units=5, activation="relu"), ("right",)),
        (layer("Add", "both"), ("of_left", "of_right")),
        (layer("Dense", "answer", units=3, activation="softmax"), ("both",)),
    ]
    weights = {
        "dense": dense_weights(rng, 6, 5),
        "dense_1": dense_weights(rng, 4, 5),
        "dense_2": dense_weights(rng, 5, 3),
    }
    return write_graph(path, layers, ("answer",), weights)


def write_without_hardware(path: Path) -> Path:
    """A chain that hardware does not support: the tables of layer "wide" have too many words in all."""
    rng = np.random.default_rng(12)
    layers = [
        layer("InputLayer", "image", batch_shape=[None, *SHAPE]),
        layer("Conv2D", "conv", filters=2, kernel_size=[3, 3]),
        layer("UpSampling2D", "larger", size=[16, 11]),
        layer("PReLU", "wide"),
        layer("AveragePooling2D", "mean", pool_size=[16, 11]),
        layer("Flatten", "flatten"),
        layer("Dense", "answer", units=CLASSES, activation="softmax"),
    ]
    weights = {
        "conv2d": [rng.normal(0, 0.5, (3, 3, 1, 2)), rng.normal(0, 0.2, 2)],
        "p_re_lu": [rng.uniform(0, 0.5, (64, 33, 2))],
        "dense": dense_weights(rng, 24, CLASSES),
    }
    return write(path, layers, weights)


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


def label_as(model: Path, path: Path) -> None:
    """Replace the labels in ``path`` by the float answers of ``model``: no figure is then doubtful."""
    graph = frontend.load(model, "reference")
    assert isinstance(graph, Graph)
    arrays = dict(np.load(path))
    scaled = {key: x / np.float32(255) if x.dtype == np.uint8 else x for key, x in arrays.items()}
    for part in ("_train", "_test", ""):
        inputs = {node.name: scaled.get(f"x{part}", scaled.get(node.name)) for node in graph.inputs}
        if any(values is None for values in inputs.values()):
            continue
        for name, output in zip(frames.output_names(graph), floating.run(graph, inputs), strict=True):
            key = f"y{part}" if f"y{part}" in arrays else name
            if key in arrays:
                arrays[key] = output.argmax(axis=1)
    np.savez(path, **arrays)
