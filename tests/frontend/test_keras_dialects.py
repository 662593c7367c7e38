# SPDX-License-Identifier: Apache-2.0
"""Files as Keras 2 wrote them, and the rule by which Keras 3 finds the weights of a layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerilog import floating
from kerilog.frontend import load
from kerilog.frontend.keras.options import Layer
from kerilog.frontend.keras.topology import Entry, LayerCall, _ordered
from kerilog.frontend.keras.weights import _snake_case
from kerilog.graph import Conv2D, Dense, Graph

DRAW = np.random.default_rng(5)
KERNEL = DRAW.normal(size=(3, 3, 2, 4)).astype(np.float32)
BIAS = DRAW.normal(size=4).astype(np.float32)


def stored(kind: str, name: str, *calls: list[list[Any]], **options: Any) -> dict[str, Any]:
    return {
        "class_name": kind,
        "config": {"name": name, **options},
        "name": name,
        "inbound_nodes": list(calls),
    }


def write_h5(path: Path, config: object, weights: dict[str, dict[str, np.ndarray]]) -> Path:
    """A whole-model file as tf.keras 2 wrote it, with ``:0`` behind the names of the weights."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["keras_version"] = b"2.11.0"
        for layer, arrays in weights.items():
            group = file.create_group(f"model_weights/{layer}")
            group.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in arrays]
            for name, array in arrays.items():
                group[f"{layer}/{name}:0"] = array
    return path


def graph_of(path: Path) -> Graph:
    graph = load(path)
    assert isinstance(graph, Graph)
    return graph


CONV: dict[str, Any] = {
    "trainable": True,
    "dtype": "float32",
    "filters": 4,
    "kernel_size": [3, 3],
    "strides": [1, 1],
    "padding": "valid",
    "data_format": "channels_last",
    "dilation_rate": [1, 1],
    "groups": 1,
    "activation": "relu",
    "use_bias": True,
    "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
    "kernel_regularizer": None,
}


def test_keras_2_sequential_with_the_input_shape_in_its_first_layer(tmp_path: Path) -> None:
    first = stored("Conv2D", "block1/conv", batch_input_shape=[None, 5, 5, 2], **CONV)
    config = {
        "class_name": "Sequential",
        "config": {"name": "old", "layers": [first, stored("Flatten", "flat")]},
    }
    path = write_h5(tmp_path / "m.h5", config, {"block1/conv": {"kernel": KERNEL, "bias": BIAS}})
    graph = graph_of(path)
    assert [node.name for node in graph] == ["input", "block1/conv", "block1/conv/relu", "flat"]
    conv = graph["block1/conv"].op
    assert isinstance(conv, Conv2D)
    assert np.array_equal(conv.kernel, KERNEL)
    assert np.array_equal(conv.bias, BIAS)


def test_keras_2_functional_with_a_shared_layer(tmp_path: Path) -> None:
    image = stored("InputLayer", "image", batch_input_shape=[None, 5, 5, 2], dtype="float32", ragged=False)
    config = {
        "class_name": "Functional",
        "config": {
            "name": "old",
            # In no helpful order: the sum comes first.
            "layers": [
                stored("Add", "sum", [["conv", 0, 0, {}], ["conv", 1, 0, {}]]),
                image,
                stored("ReLU", "positive", [["image", 0, 0, {}]], max_value=None, negative_slope=0.0),
                stored("Conv2D", "conv", [["image", 0, 0, {}]], [["positive", 0, 0, {}]], **CONV),
            ],
            "input_layers": [["image", 0, 0]],
            "output_layers": [["sum", 0, 0]],
        },
    }
    path = write_h5(tmp_path / "m.h5", config, {"conv": {"kernel": KERNEL, "bias": BIAS}})
    graph = graph_of(path)
    assert graph["sum"].inputs == ("conv/relu", "conv/call2/relu")
    x = DRAW.normal(size=(3, 5, 5, 2)).astype(np.float32)
    tensors = floating.run_all(graph, x)
    once = floating.run_all(graph, np.maximum(x, 0))["conv/relu"]
    np.testing.assert_array_equal(tensors["conv/call2/relu"], once)
    np.testing.assert_array_equal(tensors["sum"], tensors["conv/relu"] + once)


def in_rounds(steps: list[LayerCall]) -> list[LayerCall]:
    """``steps`` gone through again and again, and whatever is ready taken out."""
    done: set[tuple[str, int, int]] = set()
    found: list[LayerCall] = []
    while steps:
        for step in steps:
            if done.issuperset(step.inputs):
                done.add((step.name, step.index, 0))
                found.append(step)
        steps = [step for step in steps if step not in found]
    return found


@pytest.mark.parametrize("seed", range(40))
def test_layers_come_in_the_order_of_the_file_as_far_as_can_be(seed: int) -> None:
    draw = np.random.default_rng(seed)
    steps: list[LayerCall] = []
    for number in range(draw.integers(1, 30)):
        sources = draw.integers(0, number, draw.integers(0, 4)) if number else []
        inputs = tuple((f"n{source}", 0, 0) for source in sources)
        layer = Layer(f"n{number}", "Add", {}, (f"n{number}",))
        steps.append(LayerCall(Entry(layer, True), 0, inputs))
    steps = [steps[index] for index in draw.permutation(len(steps))]
    known = {(step.name, 0): step for step in steps}
    assert _ordered(steps, known) == in_rounds(steps), seed


@pytest.mark.parametrize(
    "kind",
    [
        "Conv2D",
        "DepthwiseConv2D",
        "SeparableConv2D",
        "Dense",
        "BatchNormalization",
        "ReLU",
        "GlobalAveragePooling2D",
    ],
)
def test_snake_case_is_that_of_keras(kind: str) -> None:
    naming = pytest.importorskip("keras.src.utils.naming")
    assert _snake_case(kind) == naming.to_snake_case(kind)


@pytest.mark.parametrize("functional", [False, True])
def test_weights_go_by_class_and_rank_and_not_by_name(functional: bool, tmp_path: Path) -> None:
    """Names chosen to mislead: each is what Keras would call the weights of another layer."""
    keras = pytest.importorskip("keras")
    names = ["dense_2", "dense", "conv2d", "dense_1"]
    stack = [keras.layers.Dense(2, name=name) for name in names]
    image = keras.Input((2,), name="dense_3")
    if functional:
        sums = [layer(image) for layer in reversed(stack)]
        model = keras.Model(image, keras.layers.Add()(sums))
    else:
        model = keras.Sequential([image, *stack])
    for layer in stack:
        layer.set_weights([DRAW.normal(size=(2, 2)), DRAW.normal(size=2)])
    model.save(tmp_path / "m.keras")
    graph = graph_of(tmp_path / "m.keras")
    for layer in stack:
        op = graph[layer.name].op
        assert isinstance(op, Dense)
        assert np.array_equal(op.kernel, layer.get_weights()[0])
        assert np.array_equal(op.bias, layer.get_weights()[1])


def test_half_precision_weights_are_widened(tmp_path: Path) -> None:
    first = stored("Conv2D", "conv", batch_input_shape=[None, 5, 5, 2], **(CONV | {"dtype": "float16"}))
    config = {"class_name": "Sequential", "config": {"name": "half", "layers": [first]}}
    half = {"kernel": KERNEL.astype(np.float16), "bias": BIAS.astype(np.float16)}
    conv = graph_of(write_h5(tmp_path / "m.h5", config, {"conv": half}))["conv"].op
    assert isinstance(conv, Conv2D)
    assert conv.kernel.dtype == np.float32
    assert np.array_equal(conv.kernel, KERNEL.astype(np.float16).astype(np.float32))
