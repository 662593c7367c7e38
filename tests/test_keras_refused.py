# SPDX-License-Identifier: Apache-2.0
"""Models that are well packed but cannot be taken: one line that names the layer, what is wanted and came."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.keras import read_graph

SHAPE = [None, 6, 6, 2]
KERNEL, BIAS = np.ones((3, 3, 2, 4), np.float32), np.zeros(4, np.float32)
CONV = {"filters": 4, "kernel_size": [3, 3]}


def layer(kind: str, name: str = "it", **options: Any) -> dict[str, Any]:
    stored = {"module": "keras.layers", "class_name": kind, "registered_name": None}
    return stored | {"config": {"name": name} | options}


def image(shape: Any = SHAPE) -> dict[str, Any]:
    return layer("InputLayer", "image", batch_shape=shape)


def sequential(*layers: dict[str, Any], name: Any = "net") -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def functional(*layers: dict[str, Any], outputs: Any = (("it", 0, 0),)) -> dict[str, Any]:
    model = {
        "name": "net",
        "layers": list(layers),
        "input_layers": [["image", 0, 0]],
        "output_layers": outputs,
    }
    return {"class_name": "Functional", "config": model}


def called(stored: dict[str, Any], *sources: Any, kwargs: dict[str, Any] | None = None) -> dict[str, Any]:
    """``stored`` called once, on tensors given as [layer, call, tensor]."""
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": source}} for source in sources]
    return stored | {
        "name": stored["config"]["name"],
        "inbound_nodes": [{"args": [tensors], "kwargs": kwargs or {}}],
    }


def write(path: Path, config: object, weights: dict[str, list[np.ndarray]] | None = None) -> Path:
    """A .keras file; ``weights`` maps a group of layers/ to its arrays."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for group, arrays in (weights or {}).items():
            at = file.create_group(f"layers/{group}/vars")
            for index, array in enumerate(arrays):
                at[str(index)] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", stream.getvalue())
    return path


def refusal(path: Path, kind: type[KerilogError] = KerilogError) -> str:
    with pytest.raises(kind) as caught:
        read_graph(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700
    return str(caught.value)


def test_the_base_of_these_tests_is_taken(tmp_path: Path) -> None:
    config = sequential(image(), layer("Conv2D", **CONV), layer("Flatten", "flat"))
    graph = read_graph(write(tmp_path / "m.keras", config, {"conv2d": [KERNEL, BIAS]}))
    assert [node.shape for node in graph] == [(6, 6, 2), (4, 4, 4), (64,)]


UNSUPPORTED = [
    (
        layer("Lambda", function={"class_name": "__lambda__"}),
        "layer 'it': 'Lambda' is not supported; supported: Conv2D,",
    ),
    (layer("LSTM", units=3), "layer 'it': 'LSTM' is not supported"),
    (
        layer("Conv2D", **CONV) | {"registered_name": "mine>Conv2D"},
        "layer 'it': 'Conv2D' (a custom class) is not",
    ),
    (layer("Conv2D", **CONV) | {"module": "os"}, "layer 'it': 'Conv2D' (a custom class) is not supported"),
    (layer("Custom>Dense", units=3), "layer 'it': 'Custom>Dense' is not supported"),
    (layer("Conv2D", **CONV, activation="gelu"), "activation 'gelu' is not supported, only linear, relu"),
    (
        layer("Conv2D", **CONV, activation={"class_name": "__lambda__", "config": {"value": ["4wEA"]}}),
        "layer 'it' (Conv2D): activation '__lambda__' is not supported",
    ),
    (
        layer("Activation", activation={"module": "builtins", "class_name": "function", "config": "mine>f"}),
        "layer 'it' (Activation): activation 'mine>f' is not supported",
    ),
    (
        layer("Activation", activation={"module": "mine", "class_name": "function", "config": "relu"}),
        "layer 'it' (Activation): activation 'function' is not supported",
    ),
    (layer("Conv2D", **CONV, data_format="channels_first"), "data_format 'channels_first' is not supported"),
    (layer("MaxPooling2D", data_format="channels_first"), "data_format 'channels_first' is not supported"),
    (layer("Conv2D", **CONV, padding="causal"), "padding 'causal' is not supported, only 'valid' and 'same'"),
    (layer("Conv2D", **CONV, lora_rank=4), "layer 'it' (Conv2D): option 'lora_rank' = 4 is not supported"),
    (
        layer("Conv2D", **CONV, dtype={"config": {"name": "int8_from_float32"}}),
        "dtype 'int8_from_float32' is not",
    ),
    (layer("ReLU", max_value=4.0), "layer 'it' (ReLU): max_value 4.0 is not supported, only none and 6"),
    (layer("ReLU", negative_slope=0.1), "layer 'it' (ReLU): negative_slope 0.1 is not supported, only 0"),
    (layer("Softmax", axis=1), "layer 'it' (Softmax): axis 1 is not supported, only the last one"),
    (layer("BatchNormalization", axis=[1]), "layer 'it' (BatchNormalization): axis 1 is not supported"),
]

WRONG = [
    (
        layer("Conv2D", **CONV, strides=2, dilation_rate=2),
        "dilation_rate: expected 1 where strides are (2, 2), got",
    ),
    (layer("Conv2D", **CONV, groups=3), "groups: expected a divisor of 2 channels and 4 filters, got 3"),
    (
        layer("Conv2D", filters=0, kernel_size=3),
        "layer 'it' (Conv2D): filters: expected an integer in 1..16777216",
    ),
    (layer("Conv2D", filters=True, kernel_size=3), "filters: expected an integer in 1..16777216, got True"),
    (layer("Conv2D", filters=4, kernel_size=[3]), "kernel_size: expected one or two integers in 1..16777216"),
    (
        layer("Conv2D", filters=4, kernel_size=7),
        "input: expected at least 7 rows and columns for the window, got",
    ),
    (
        layer("Conv2D", filters=1 << 24, kernel_size=6),
        "a weight array of shape (6, 6, 2, 16777216) has more than",
    ),
    (layer("Conv2D", **CONV, use_bias=1), "layer 'it' (Conv2D): use_bias: expected true or false, got 1"),
    (layer("Dense", units=1 << 21), "the output of shape (6, 6, 2097152) has more than"),
    (layer("BatchNormalization", epsilon=float("nan")), "epsilon: expected a finite number, got nan"),
    (layer("Reshape", target_shape=[5, -1]), "layer 'it' (Reshape): target_shape: expected 72 elements, got"),
    (layer("Reshape", target_shape=[-1, -1]), "target_shape: expected 72 elements"),
    (layer("Reshape", target_shape="x"), "target_shape: expected a list of sizes, got 'x'"),
    (layer("ZeroPadding2D", padding=[[1, 2, 3], 1]), "padding: expected numbers of cells, got"),
    (layer("ZeroPadding2D", padding=-1), "padding: expected numbers of cells, got -1"),
    (layer("Rescaling", scale=[1, 2]), "layer 'it' (Rescaling): scale: expected a finite number, got [1, 2]"),
    (layer("Add"), "layer 'it' (Add): inputs: expected two or more tensors, got 1"),
]


@pytest.mark.parametrize(("stored", "message"), UNSUPPORTED)
def test_unsupported(stored: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert message in refusal(write(tmp_path / "m.keras", sequential(image(), stored)), Unsupported)


@pytest.mark.parametrize(("stored", "message"), WRONG)
def test_wrong_option(stored: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert message in refusal(write(tmp_path / "m.keras", sequential(image(), stored)))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([], "expected 2 weight arrays, got 0"),
        ([KERNEL], "expected 2 weight arrays, got 1"),
        ([KERNEL.T, BIAS], "expected weights of shape (3, 3, 2, 4), got (4, 2, 3, 3)"),
        ([KERNEL, np.array([0, np.nan, np.inf, 1], np.float32)], "got 2 NaN or infinite of 4"),
        ([KERNEL, np.full(4, 1e300)], "expected finite weights, got 4 NaN or infinite of 4"),
        ([KERNEL.astype(np.int32), BIAS], "expected weights of a float type, got int32"),
        (
            [KERNEL, np.array([b"text"] * 4, dtype=h5py.string_dtype())],
            "expected weights of a float type, got object",
        ),
        (None, "no weights at 'layers/conv2d/vars'"),
    ],
)
def test_wrong_weights(arrays: list[np.ndarray] | None, message: str, tmp_path: Path) -> None:
    weights = {} if arrays is None else {"conv2d": arrays}
    text = refusal(write(tmp_path / "m.keras", sequential(image(), layer("Conv2D", **CONV)), weights))
    assert text.startswith("layer 'it' (Conv2D): ")
    assert message in text


@pytest.mark.parametrize(
    "name", ["module; endmodule //", "../../x", "a/../b", "a\nb", "1st", "", "é", "x" * 129, 7]
)
def test_names_that_are_no_names(name: object, tmp_path: Path) -> None:
    stored = layer("Flatten") | {"config": {"name": name}}
    text = refusal(write(tmp_path / "a.keras", sequential(image(), stored)))
    assert "layer number 1: name" in text
    assert "out of [A-Za-z0-9_./-]" in text
    text = refusal(write(tmp_path / "b.keras", sequential(image(), layer("Flatten"), name=name)))
    assert text.startswith("model ")


MODELS = [
    (
        sequential(image(), layer("Flatten"), layer("Flatten")),
        "layer 'it' (Flatten): expected a name of its own",
    ),
    (sequential(image(), image()), "expected an input only at the head of the model"),
    (
        sequential(image([None, None, 6, 2]), layer("Flatten")),
        "batch_shape: expected fixed sizes after the batch",
    ),
    (sequential(image([None]), layer("Flatten")), "batch_shape: expected a batch axis and at least one more"),
    (
        sequential(image([None, 0]), layer("Flatten")),
        "the input would have the shape (0,), with nothing in it",
    ),
    (sequential(image([None, 1 << 30]), layer("Flatten")), "the input of shape (1073741824,) has more than"),
    (
        sequential(layer("Flatten")),
        "the model has no input shape; build it (call it once) before it is saved",
    ),
    (sequential(), "model: expected a list of layers, got []"),
    (sequential(image(), {"class_name": "Flatten"}), "layer number 1: expected a layer"),
    (sequential(image(), *[layer("Flatten")] * 4096), "expected at most 4096 layers, got 4097"),
    (sequential(image(), sequential(layer("Flatten"), name="inner")), "layer 'inner': 'Sequential'"),
    ({"class_name": "Mine", "config": {}}, "model of class 'Mine' is not supported"),
    ({"class_name": "Functional", "config": 3}, "model: expected a configuration, got 3"),
    ({}, "model of class None is not supported"),
    (functional(image(), called(layer("Flatten"), ["it", 0, 0])), "expected a graph without cycles"),
    (
        functional(image(), called(layer("Flatten"), ["no", 0, 0])),
        "expected the output of a layer, got ('no', 0)",
    ),
    (functional(image(), called(layer("Flatten"), ["image", 0, 1])), "expected [layer, call, 0]"),
    (functional(image(), layer("Flatten")), "inbound_nodes: expected a list of calls, got None"),
    (functional(image(), called(layer("Flatten"))), "inbound_nodes: expected tensors"),
    (
        functional(image(), called(layer("Flatten"), ["image", 0, 0]), outputs=[["x", 0, 0]]),
        "made by no layer",
    ),
    (
        functional(image(), called(layer("Dropout", rate=0.5), ["image", 0, 0], kwargs={"training": True})),
        "layer 'it' (Dropout): call argument 'training' = True is not supported",
    ),
    (
        functional(
            image(),
            called(layer("Flatten", "flat"), ["image", 0, 0]),
            called(layer("Add"), ["flat", 0, 0], ["image", 0, 0]),
        ),
        "layer 'it' (Add): inputs of shapes [(72,), (6, 6, 2)] is not supported, only equal shapes",
    ),
]


@pytest.mark.parametrize(("config", "message"), MODELS)
def test_wrong_model(config: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert message in refusal(write(tmp_path / "m.keras", config))


def test_negative_variance(tmp_path: Path) -> None:
    arrays = [np.ones(2, np.float32)] * 3 + [np.array([1, -1], np.float32)]
    path = write(
        tmp_path / "m.keras",
        sequential(image(), layer("BatchNormalization")),
        {"batch_normalization": arrays},
    )
    assert "layer 'it' (BatchNormalization): variance + epsilon: expected more than 0, got -0.999" in refusal(
        path
    )
