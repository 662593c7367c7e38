# SPDX-License-Identifier: Apache-2.0
"""Functions of one number as Keras has them: by name, as layers, as layer objects, and in Keras 2's words."""

from __future__ import annotations

import json
import math
import os
import zipfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import h5py
import keras
import numpy as np
import pytest

from kerilog import floating, functions
from kerilog.frontend import load
from kerilog.frontend.keras.functions import ACTIVATIONS
from kerilog.graph import Activation, Graph
from support.keras_files import layer, write

layers = keras.layers
VALUES = np.concatenate([np.linspace(-9, 9, 721), [-60, 60, -1, 0, 1, -3, 3, 6, 0.5, -0.5, 4, 2]])
VALUES = VALUES.astype(np.float32)[:, np.newaxis]


def graph_of(path: Path) -> Graph:
    graph = load(path)
    assert isinstance(graph, Graph)
    return graph


def tiny(path: Path, *entries: dict[str, Any]) -> Graph:
    return graph_of(write(path, [layer("InputLayer", "x", batch_shape=[None, 1]), *entries], {}))


def close(found: np.ndarray, expected: Any) -> None:
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.asarray(expected), rtol=2e-6, atol=3e-6)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_every_name_means_what_it_means_in_keras(name: str, tmp_path: Path) -> None:
    graph = tiny(tmp_path / "m.keras", layer("Activation", "f", activation=name))
    close(floating.run(graph, VALUES)[0], keras.activations.get(name)(VALUES))


def test_no_function_of_keras_with_a_name_is_left_out() -> None:
    of_a_vector = {"glu", "log_softmax", "sparsemax"}
    needs_parameters = {"threshold"}
    known = set(keras.src.activations.ALL_OBJECTS_DICT)
    assert known - of_a_vector - needs_parameters == set(ACTIVATIONS)


def test_the_approximate_gelu_is_that_of_keras() -> None:
    close(
        functions.apply("gelu_tanh", (), VALUES),
        keras.activations.gelu(keras.ops.convert_to_tensor(VALUES), approximate=True),
    )


LAYERS = [
    layers.ReLU(),
    layers.ReLU(6),
    layers.ReLU(4.0),
    layers.ReLU(negative_slope=0.1),
    layers.ReLU(threshold=1.0),
    layers.ReLU(3.0, negative_slope=0.25, threshold=0.5),
    layers.LeakyReLU(),
    layers.LeakyReLU(negative_slope=0.05),
    layers.LeakyReLU(negative_slope=0.0),
    layers.ELU(),
    layers.ELU(alpha=0.4),
]


@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_every_layer_computes_what_keras_does(number: int, tmp_path: Path) -> None:
    theirs = LAYERS[number]
    model = keras.Sequential([layers.Input((1,)), theirs])
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    for name in ("m.keras", "m.h5"):
        close(floating.run(graph_of(tmp_path / name), VALUES)[0], theirs(VALUES))


def test_what_the_requantizer_does_stays_a_relu(tmp_path: Path) -> None:
    entries = [
        layer("ReLU", "a", max_value=None, negative_slope=0.0, threshold=0.0),
        layer("ReLU", "b", max_value=6.0),
        layer("LeakyReLU", "c", negative_slope=0),
        layer("ReLU", "d", max_value=5),
    ]
    graph = tiny(tmp_path / "m.keras", *entries)
    made = [node.op for node in graph.nodes[1:]]
    assert all(isinstance(op, Activation) for op in made)
    told = [(op.function, op.parameters) for op in made if isinstance(op, Activation)]
    assert told == [("relu", ()), ("relu6", ()), ("relu", ()), ("bounded_relu", (0.0, 0.0, 5.0))]


def test_functions_and_layer_objects_inside_other_layers(tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(3, 3, activation=layers.LeakyReLU(negative_slope=0.15)),
            layers.DepthwiseConv2D(3, activation="elu"),
            layers.SeparableConv2D(4, 3, activation=keras.activations.hard_silu),
            layers.Flatten(),
            layers.Dense(5, activation="gelu"),
            layers.Activation(layers.ReLU(max_value=1.5, negative_slope=0.1)),
            layers.Dense(3, activation="swish"),
        ]
    )
    x = np.random.default_rng(3).normal(size=(20, 8, 8, 2)).astype(np.float32) * 3
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        graph = graph_of(tmp_path / name)
        kinds = [node.op.function for node in graph if isinstance(node.op, Activation)]
        assert kinds == ["leaky_relu", "elu", "hard_silu", "gelu", "bounded_relu", "silu"]
        np.testing.assert_allclose(
            floating.run(graph, x)[0], model.predict(x, verbose=0), rtol=1e-4, atol=1e-5
        )


# ---- Keras 2 ----


def of_keras_2(path: Path, *entries: dict[str, Any], version: str = "2.11.0") -> Graph:
    """An ``.h5`` file of those layers."""
    stored = [layer("InputLayer", "x", batch_input_shape=[None, 1]), *entries]
    for entry in stored:
        del entry["module"]
    config = {"class_name": "Sequential", "config": {"name": "old", "layers": stored}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = version
        file.create_group("model_weights")
    return graph_of(path)


def old_hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0, 1)


def test_hard_sigmoid_is_steeper_in_keras_2(tmp_path: Path) -> None:
    entry = {"activation": "hard_sigmoid"}
    for version in ("1.2.2", "2.1.6-tf", "2.15.0"):
        graph = of_keras_2(tmp_path / "m.h5", layer("Activation", "f", **entry), version=version)
        close(floating.run(graph, VALUES)[0], old_hard_sigmoid(VALUES))
    graph = of_keras_2(tmp_path / "m.h5", layer("Activation", "f", **entry), version="3.1.0")
    close(floating.run(graph, VALUES)[0], keras.activations.hard_sigmoid(VALUES))


def test_hard_sigmoid_in_a_keras_file_of_keras_2(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    function = {"module": "builtins", "class_name": "function", "config": "hard_sigmoid"}
    tiny(path, layer("Activation", "f", activation=function))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.14.0"}))
    close(floating.run(graph_of(path), VALUES)[0], old_hard_sigmoid(VALUES))


def test_layers_of_keras_2(tmp_path: Path) -> None:
    graph = of_keras_2(
        tmp_path / "m.h5",
        layer("LeakyReLU", "a", alpha=0.10000000149011612),
        layer("ThresholdedReLU", "b", theta=0.75),
    )
    told = [(node.op.function, node.op.parameters) for node in graph if isinstance(node.op, Activation)]
    assert told == [("leaky_relu", (0.10000000149011612,)), ("bounded_relu", (0.0, 0.75, math.inf))]
    close(floating.run(graph, VALUES)[0], np.where(VALUES > 0.75, VALUES, 0))
