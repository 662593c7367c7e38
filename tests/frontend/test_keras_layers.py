# SPDX-License-Identifier: Apache-2.0
"""Keras itself is the truth here: what we load and compute must be what it predicts, also simplified."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog import floating
from kerilog.frontend import load
from kerilog.graph import BatchNormalization, Dropout, Graph
from kerilog.transforms import simplify

keras = pytest.importorskip("keras")
layers = keras.layers
Build = Callable[[], "keras.Model"]


def sequential(shape: tuple[int, ...], *stack: Callable[[], object]) -> Build:
    return lambda: keras.Sequential([keras.Input(shape), *[make() for make in stack]], name="net")


def residual() -> keras.Model:
    """Branches, three-way sums, a layer used twice, two inputs and two outputs, in no helpful order."""
    a, b = keras.Input((8, 6, 3), name="a"), keras.Input((8, 6, 3), name="b")
    shared = layers.Conv2D(4, 3, padding="same", activation="relu", name="zz_shared")
    left, right = shared(a), shared(b)
    other = layers.Conv2D(4, 1, name="aa")(a)
    total = layers.Add(name="total")([left, other, right])
    normal = layers.ReLU()(layers.BatchNormalization(name="bn")(total))
    wide = layers.Concatenate()([normal, layers.Subtract()([left, right]), other])
    scaled = layers.Multiply()([layers.Conv2D(12, 1, activation="sigmoid")(wide), wide])
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(scaled)
    logits = layers.Dense(5, name="logits")(layers.Flatten()(pooled))
    again = layers.Dense(3, name="again")(layers.Flatten()(layers.MaxPooling2D(2)(normal)))
    return keras.Model([b, a], [again, layers.Softmax()(logits)], name="residual")


def mobile() -> keras.Model:
    """Separable convolutions as MobileNet pads them, batch norm everywhere."""
    x = image = keras.Input((9, 8, 2))
    for stride in (1, 2):
        x = layers.ZeroPadding2D(1 if stride == 1 else ((1, 1), (0, 1)))(x)
        x = layers.DepthwiseConv2D(3, stride, depth_multiplier=2, use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization(scale=False)(x))
        x = layers.Conv2D(5, 1, use_bias=False)(x)
        x = layers.BatchNormalization(center=False, epsilon=1e-2)(layers.ReLU()(x))
    x = layers.SpatialDropout2D(0.2)(x)
    x = layers.SeparableConv2D(6, 3, padding="same", activation="relu6")(x)
    x = layers.BatchNormalization()(layers.Dense(7, activation="relu")(layers.Flatten()(x)))
    return keras.Model(image, layers.Dense(4, activation="softmax")(layers.Dropout(0.5)(x)))


def joins() -> keras.Model:
    """Two tensors and more, element by element."""
    image = keras.Input((5, 4, 3))
    x, y, z = (layers.Conv2D(4, size, padding="same")(image) for size in (1, 2, 3))
    larger = layers.Maximum()([x, y, z])
    smaller = layers.ReLU()(layers.Minimum()([y, z]))
    mean = layers.Average(name="mean")([larger, smaller, x, z])
    return keras.Model(image, layers.ReLU(6.0)(layers.Average()([mean, layers.Multiply()([x, y, z])])))


def broadcasts() -> keras.Model:
    """Squeeze and excite in both ways that it is written, an attention of pixels, a sum with vectors."""
    image = keras.Input((5, 4, 3))
    x = layers.Conv2D(6, 3, padding="same")(image)
    gate = layers.Dense(6, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Multiply()([x, gate])
    vector = layers.Dense(6)(layers.GlobalAveragePooling2D()(x))
    x = layers.Add()([vector, x, layers.Reshape((1, 1, 6))(vector)])
    x = layers.Maximum()([x, layers.Conv2D(1, 1)(x)])
    return keras.Model(image, layers.Average()([x, vector]))


MODELS: dict[str, Build] = {
    "residual": residual,
    "mobile": mobile,
    "joins": joins,
    "broadcasts": broadcasts,
    "bilinear": sequential((4, 5, 3), lambda: layers.UpSampling2D((2, 3), interpolation="bilinear")),
    "same_strides": sequential((11, 10, 3), lambda: layers.Conv2D(4, (3, 5), (2, 3), padding="same")),
    "valid_strides": sequential((11, 10, 3), lambda: layers.Conv2D(4, (4, 2), (3, 2), use_bias=False)),
    "dilated": sequential((11, 10, 3), lambda: layers.Conv2D(4, 3, dilation_rate=(2, 3), padding="same")),
    "grouped": sequential((6, 6, 4), lambda: layers.Conv2D(6, 3, groups=2, activation="relu")),
    "depthwise": sequential((7, 9, 3), lambda: layers.DepthwiseConv2D((2, 3), 2, "same", activation="relu")),
    "max_same": sequential((7, 9, 3), lambda: layers.MaxPooling2D(3, 2, padding="same")),
    "average_same": sequential((7, 9, 3), lambda: layers.AveragePooling2D((3, 2), padding="same")),
    "average_valid": sequential((7, 9, 3), lambda: layers.AveragePooling2D(3, (1, 2))),
    "rescaled": sequential(
        (6, 6, 2),
        lambda: layers.Rescaling(1 / 127.5, -1.0),
        lambda: layers.Conv2D(3, 3),
        lambda: layers.Activation("relu"),
        lambda: layers.Rescaling(0.5),
        lambda: layers.Conv2D(2, 3, padding="same"),
    ),
    "slopes": sequential(
        (4, 5, 3),
        lambda: layers.PReLU(shared_axes=[1, 2]),
        lambda: layers.Conv2D(4, 2),
        lambda: layers.PReLU(),
        lambda: layers.PReLU(shared_axes=[1, 3]),
        lambda: layers.Flatten(),
        lambda: layers.PReLU(),
    ),
    "sequence": sequential(
        (13, 3),
        lambda: layers.Conv1D(4, 3, padding="causal", dilation_rate=2, name="late"),
        lambda: layers.BatchNormalization(),
        lambda: layers.ReLU(),
        lambda: layers.MaxPooling1D(2, 1, padding="same"),
        lambda: layers.SeparableConv1D(5, 3, padding="same", depth_multiplier=2, activation="relu"),
        lambda: layers.ZeroPadding1D((0, 2)),
        lambda: layers.DepthwiseConv1D(3, 2, depth_multiplier=2, use_bias=False),
        lambda: layers.AveragePooling1D(3, padding="same"),
        lambda: layers.Conv1D(4, 2, padding="same", groups=2, activation="sigmoid"),
        lambda: layers.GlobalAveragePooling1D(keepdims=True),
    ),
    "sequence_of_numbers": sequential(
        (9, 1), lambda: layers.ZeroPadding1D(2), lambda: layers.Conv1D(2, 3), layers.GlobalAveragePooling1D
    ),
    "rank_one": sequential(
        (7,),
        lambda: layers.BatchNormalization(),
        lambda: layers.Activation("sigmoid"),
        lambda: layers.GaussianNoise(0.1),
        lambda: layers.Dense(6),
        lambda: layers.Activation("linear"),
        lambda: layers.Reshape((-1, 2)),
        lambda: layers.BatchNormalization(),
        lambda: layers.Dense(3, activation="softmax"),
    ),
}


def randomized(build: Build, seed: int = 1) -> keras.Model:
    """The model with random weights; the variances of batch norm stay positive."""
    keras.backend.clear_session()
    model, draw = build(), np.random.default_rng(seed)
    for variable in model.weights:
        values = draw.normal(0, 0.5, variable.shape)
        variable.assign(np.abs(values) + 0.1 if "variance" in variable.path else values)
    return model


def samples(model: keras.Model, seed: int = 2) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    shapes = zip(input_names(model), model.inputs, strict=True)
    return {name: draw.normal(0, 1, (4, *x.shape[1:])).astype(np.float32) for name, x in shapes}


def input_names(model: keras.Model) -> list[str]:
    return [tensor._keras_history.operation.name for tensor in model.inputs]


def predicted(model: keras.Model, x: dict[str, np.ndarray]) -> list[np.ndarray]:
    result = model([x[name] for name in input_names(model)] if len(x) > 1 else next(iter(x.values())))
    return [np.asarray(y) for y in (result if isinstance(result, list | tuple) else [result])]


def loaded(model: keras.Model, path: Path) -> Graph:
    model.save(path)
    graph = load(path)
    assert isinstance(graph, Graph)
    return graph


def assert_equal(graph: Graph, x: dict[str, np.ndarray], expected: list[np.ndarray]) -> None:
    got = floating.run(graph, x if len(x) > 1 else next(iter(x.values())))
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", MODELS)
def test_equals_keras(name: str, suffix: str, tmp_path: Path) -> None:
    model = randomized(MODELS[name])
    x = samples(model)
    graph = loaded(model, tmp_path / f"model{suffix}")
    expected = predicted(model, x)
    assert [node.name for node in graph.inputs] == input_names(model)
    assert [graph[name].shape for name in graph.outputs] == [y.shape[1:] for y in expected]
    assert_equal(graph, x, expected)
    simple = simplify(graph)
    assert not any(isinstance(node.op, BatchNormalization | Dropout) for node in simple)
    assert_equal(simple, x, expected)


def test_every_tensor_equals_that_of_its_keras_layer(tmp_path: Path) -> None:
    model = randomized(mobile)
    x = samples(model)
    tensors = floating.run_all(loaded(model, tmp_path / "m.keras"), next(iter(x.values())))
    stages = keras.Model(model.inputs, [layer.output for layer in model.layers])
    for layer, expected in zip(model.layers, predicted(stages, x), strict=True):
        function = getattr(getattr(layer, "activation", None), "__name__", "linear")
        ours = tensors.get(f"{layer.name}/{function}", tensors[layer.name])
        np.testing.assert_allclose(ours, expected, rtol=2e-4, atol=2e-5, err_msg=layer.name)


def test_unnamed_model_takes_the_name_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "from_file.keras"
    randomized(MODELS["grouped"]).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    del config["config"]["name"]
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert load(path).name == "from_file"


def test_sequential_without_an_input_layer(tmp_path: Path) -> None:
    keras.backend.clear_session()
    model = keras.Sequential([layers.Dense(3, name="input"), layers.Dense(2)])
    model(np.zeros((1, 4), np.float32))
    for suffix in (".keras", ".h5"):
        graph = loaded(model, tmp_path / f"model{suffix}")
        x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
        np.testing.assert_allclose(floating.run(graph, x)[0], np.asarray(model(x)), rtol=1e-5)
