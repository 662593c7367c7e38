# SPDX-License-Identifier: Apache-2.0
"""Models that are well packed but cannot be taken: one line that names the layer, what is wanted and came."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.keras import read_graph
from kerilog.frontend.keras.functions import ACTIVATIONS
from kerilog.graph import BatchNormalization
from kerilog.names import harmless

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
    (layer("Conv2D", **CONV, activation="glu"), "activation 'glu' is not supported, only linear, relu"),
    (
        layer("Conv2D", **CONV, activation={"class_name": "__lambda__", "config": {"value": ["4wEA"]}}),
        "layer 'it': Conv2D with activation '__lambda__' is not supported",
    ),
    (
        layer("Activation", activation={"module": "builtins", "class_name": "function", "config": "mine>f"}),
        "layer 'it': Activation with activation 'mine>f' is not supported",
    ),
    (
        layer("Activation", activation={"module": "mine", "class_name": "function", "config": "relu"}),
        "layer 'it': Activation with activation 'function' is not supported",
    ),
    (layer("Conv2D", **CONV, data_format="channels_first"), "data_format 'channels_first' is not supported"),
    (layer("MaxPooling2D", data_format="channels_first"), "data_format 'channels_first' is not supported"),
    (layer("Conv2D", **CONV, padding="causal"), "padding 'causal' is not supported, only 'valid' and 'same'"),
    (layer("Conv2D", **CONV, lora_rank=4), "layer 'it': Conv2D with option 'lora_rank' = 4 is not supported"),
    (
        layer("Conv2D", **CONV, dtype={"config": {"name": "int8_from_float32"}}),
        "dtype 'int8_from_float32' is not",
    ),
    (layer("ReLU", theta=4.0), "layer 'it': ReLU with option 'theta' = 4.0 is not supported"),
    (
        layer("Activation", activation={"class_name": "ReLU", "registered_name": "mine>ReLU", "config": {}}),
        "layer 'it': Activation with activation 'mine>ReLU' is not supported",
    ),
    (
        layer("Activation", activation={"class_name": "ReLU", "module": "os", "config": {}}),
        "layer 'it': Activation with activation 'ReLU' is not supported",
    ),
    (layer("Softmax", axis=1), "layer 'it': Softmax with axis 1 is not supported, only the last one"),
    (
        layer("BatchNormalization", axis=[1]),
        "layer 'it': BatchNormalization with axis 1 is not supported, only the last one",
    ),
]

WRONG = [
    (layer("ReLU", negative_slope=-0.5), "layer 'it' (ReLU): negative_slope: expected 0 or more, got -0.5"),
    (
        layer("Activation", activation={"class_name": "LeakyReLU", "config": {"negative_slope": "steep"}}),
        "layer 'it' (LeakyReLU): negative_slope: expected a finite number, got 'steep'",
    ),
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
    (layer("Conv2D", **CONV, use_bias=2), "layer 'it' (Conv2D): use_bias: expected true or false, got 2"),
    (layer("Conv2D", **CONV, use_bias="1"), "layer 'it' (Conv2D): use_bias: expected true or false, got '1'"),
    (layer("Dense", units=1 << 21), "the output of shape (6, 6, 2097152) has more than"),
    (layer("BatchNormalization", epsilon=float("nan")), "epsilon: expected a finite number, got nan"),
    (layer("Reshape", target_shape=[5, -1]), "layer 'it' (Reshape): target_shape: expected 72 elements, got"),
    (layer("Reshape", target_shape=[-1, -1]), "target_shape: expected 72 elements"),
    (layer("Reshape", target_shape="x"), "target_shape: expected a list of sizes, got 'x'"),
    (layer("ZeroPadding2D", padding=[[1, 2, 3], 1]), "padding: expected numbers of cells, got"),
    (layer("ZeroPadding2D", padding=-1), "padding: expected numbers of cells, got -1"),
    (layer("Rescaling", scale="x"), "layer 'it' (Rescaling): scale: expected numbers, got 'x'"),
    (layer("Rescaling", scale=[1, 2, 3]), "scale: expected numbers for an input of shape (6, 6, 2), got"),
    (layer("Rescaling", scale=1e31), "scale: expected finite numbers, got 1e+31"),
    (layer("Rescaling", scale=[]), "scale: expected finite numbers, got []"),
    (
        layer("Normalization", axis=[0]),
        "layer 'it' (Normalization): axis: expected axes from 1 to 3, got [0]",
    ),
    (layer("Normalization", axis=4), "axis: expected axes from 1 to 3, got 4"),
    (layer("Normalization", axis=[3, -1]), "axis: expected axes that differ, got [3, -1]"),
    (layer("Normalization", mean=0, variance=-1), "variance: expected 0 or more, got -1"),
    (layer("Normalization", mean=[0] * 5, variance=1), "mean: expected numbers for an input of shape"),
    (layer("Add"), "layer 'it' (Add): inputs: expected two or more tensors, got 1"),
    (layer("Average"), "layer 'it' (Average): inputs: expected two or more tensors, got 1"),
    (layer("PReLU", shared_axes=[0]), "layer 'it' (PReLU): shared_axes: expected axes from 1 to 3, got [0]"),
    (layer("PReLU", shared_axes="1"), "layer 'it' (PReLU): shared_axes: expected axes from 1 to 3, got '1'"),
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


@pytest.mark.parametrize("name", ["../../x", "a/../b", "..", "", " ", 7, None, ["x"]])
def test_names_that_are_no_names(name: object, tmp_path: Path) -> None:
    stored = layer("Flatten") | {"config": {"name": name}}
    text = refusal(write(tmp_path / "a.keras", sequential(image(), stored)))
    assert "layer number 1: name" in text
    assert "expected a name, and no path with '..' in it" in text
    if name is not None:
        text = refusal(write(tmp_path / "b.keras", sequential(image(), layer("Flatten"), name=name)))
        assert text.startswith("model ")


HOSTILE = [
    *("module; endmodule //", "a\nendmodule\nmodule b", "\x1b[31mred\x07", 'say "it\'s" `so`\\', "*/ x /*"),
    *("x" * 100_000, "卷积\u202e", "😀", "\ud800", "nul\0", "1st", "a conv (1)", "<b>", "{{ x }}", "v1..2"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_other_name_is_taken_and_does_no_harm(name: str, tmp_path: Path) -> None:
    config = sequential(image(), layer("Conv2D", name, **CONV, activation="relu"), name=name)
    graph = read_graph(write(tmp_path / "m.keras", config, {"conv2d": [KERNEL, BIAS]}))
    kept = harmless(name)
    assert [node.name for node in graph] == [
        "image",
        kept,
        harmless(f"{kept}/relu") if len(kept) < 60 else f"{kept[:62]}_2",
    ]
    assert graph.name == kept
    for spoilt in ({"padding": "causal"}, {"filters": 0}):
        config = sequential(image(), layer("Conv2D", name, **(CONV | spoilt)))
        text = refusal(write(tmp_path / "m.keras", config))
        assert text.startswith(f"layer '{kept}'")
        assert text.isascii()
        assert text.isprintable()


def test_layers_whose_names_become_one_are_told_apart(tmp_path: Path) -> None:
    names = ["é", "a?", "a!", "a_", "a_/relu"]
    layers = [layer("ReLU", name) for name in names[:3]] + [layer("Conv2D", "a_", **CONV, activation="relu")]
    config = sequential(image(), *layers, layer("Flatten", "a_/relu"))
    found = [read_graph(write(tmp_path / "m.keras", config, {"conv2d": [KERNEL, BIAS]})) for _ in range(2)]
    names = [node.name for node in found[0]]
    assert names == ["image", "e", "a__2", "a__3", "a_", "a_/relu_2", "a_/relu"]
    assert [node.name for node in found[1]] == names
    assert [node.inputs for node in found[0]] == [(), *((name,) for name in names[:-1])]


@pytest.mark.parametrize(("scale", "center"), [(1, 1), (1, 0), (0, True), (False, 1.0)])
def test_truth_may_be_written_as_a_number(scale: Any, center: Any, tmp_path: Path) -> None:
    arrays = [np.array([n, n + 1], np.float32) for n in range(1, 3 + bool(scale) + bool(center))]
    config = sequential(image(), layer("BatchNormalization", scale=scale, center=center, epsilon=0.0))
    graph = read_graph(write(tmp_path / "m.keras", config, {"batch_normalization": arrays}))
    *rest, mean, variance = arrays
    gamma, beta = rest.pop(0) if scale else np.ones(2), rest.pop(0) if center else np.zeros(2)
    op = graph["it"].op
    assert isinstance(op, BatchNormalization)
    np.testing.assert_allclose(op.scale, gamma / np.sqrt(variance), rtol=1e-6)
    np.testing.assert_allclose(op.offset, beta - mean * gamma / np.sqrt(variance), rtol=1e-6, atol=1e-7)


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
    (sequential(image(), sequential(name="inner")), "model 'inner': expected a list of layers, got []"),
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
        "layer 'it': Dropout with call argument 'training' = True is not supported, only none",
    ),
    (
        functional(
            image(),
            called(layer("Flatten", "flat"), ["image", 0, 0]),
            called(layer("Add"), ["flat", 0, 0], ["image", 0, 0]),
        ),
        "layer 'it': Add with inputs of shapes [(72,), (6, 6, 2)] is not supported, only equal shapes, or",
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


# ---- several at once ----


def several() -> dict[str, Any]:
    """Five layers with something against them, one with two options, and one behind them that is fine."""
    return sequential(
        image(),
        layer("Conv2D", "a", **CONV, activation="glu"),
        layer("MaxPooling2D", "b", padding="causal", data_format="channels_first"),
        layer("LSTM", "c", units=3),
        layer("Conv2D", "d", **CONV, lora_rank=4),
        layer("GRU", "e\n", units=3),
        layer("Flatten", "f"),
    )


def test_all_that_is_not_supported_is_said_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "m.keras", several(), {"conv2d": [KERNEL, BIAS]})
    with pytest.raises(Unsupported) as caught:
        read_graph(path)
    glu, channels, causal, lstm, rank, gru = caught.value.reasons
    assert glu == (
        "a",
        f"Conv2D with activation 'glu' is not supported, only {', '.join(ACTIVATIONS)}",
    )
    assert channels == (
        "b",
        "MaxPooling2D with data_format 'channels_first' is not supported, only 'channels_last'",
    )
    assert causal == ("b", "MaxPooling2D with padding 'causal' is not supported, only 'valid' and 'same'")
    assert lstm == ("c", "'LSTM' is not supported")
    assert rank == ("d", "Conv2D with option 'lora_rank' = 4 is not supported")
    assert gru[0] == "e_"
    assert gru[1].startswith("'GRU' is not supported; supported: Conv2D, DepthwiseConv2D, ")
    assert str(caught.value) == "; ".join(f"layer '{name}': {text}" for name, text in caught.value.reasons)


def test_shapes_are_known_behind_an_activation_that_is_not_supported(tmp_path: Path) -> None:
    conv = layer("Conv2D", "conv", **CONV, activation="glu")
    path = write(
        tmp_path / "m.keras", sequential(image(), conv, layer("Softmax", axis=1)), {"conv2d": [KERNEL, BIAS]}
    )
    with pytest.raises(Unsupported) as caught:
        read_graph(path)
    assert [name for name, _ in caught.value.reasons] == ["conv", "it"]


def test_what_a_refused_layer_leaves_behind_is_not_refused(tmp_path: Path) -> None:
    """Of an unknown shape nothing else follows: neither weights nor windows that do not fit."""
    config = sequential(
        image(),
        layer("MaxPooling2D", "pool", pool_size=[5, 5], padding="causal"),
        layer("Conv2D", "conv", filters=4, kernel_size=[3, 3]),
        layer("Reshape", "shape", target_shape=[5, 5]),
        layer("Dense", "dense", units=3),
    )
    with pytest.raises(Unsupported) as caught:
        read_graph(write(tmp_path / "m.keras", config))
    assert [name for name, _ in caught.value.reasons] == ["pool"]


def test_a_file_that_is_broken_as_well_says_so_last(tmp_path: Path) -> None:
    broken = layer("Conv2D", "broken", filters=0, kernel_size=3)
    config = sequential(image(), broken, layer("LSTM", units=3), layer("Dense", "late", units=-1))
    text = refusal(write(tmp_path / "m.keras", config), Unsupported)
    assert text.startswith("layer 'it': 'LSTM' is not supported; supported: ")
    assert text.endswith("; layer 'broken': filters: expected an integer in 1..16777216, got 0")


def test_a_shared_layer_is_refused_once(tmp_path: Path) -> None:
    shared = called(layer("Softmax", axis=0), ["image", 0, 0])
    shared["inbound_nodes"] += called(layer("Softmax"), ["it", 0, 0])["inbound_nodes"]
    config = functional(image(), shared, outputs=[["it", 1, 0]])
    text = refusal(write(tmp_path / "m.keras", config), Unsupported)
    assert text == "layer 'it': Softmax with axis 0 is not supported, only the last one"


def chain(count: int, last: str) -> dict[str, Any]:
    """``count`` layers, the last one first in the file, on the image and on layer ``last``."""
    layers = [called(layer("ReLU", f"n{n}"), [f"n{n - 1}", 0, 0]) for n in range(count - 1, 0, -1)]
    first = called(layer("Add", "n0"), ["image", 0, 0], [last, 0, 0])
    return functional(image(), *layers, first, outputs=[[f"n{count - 1}", 0, 0]])


def test_a_long_graph_in_no_helpful_order_takes_no_time(tmp_path: Path) -> None:
    path = write(tmp_path / "m.keras", chain(4000, "image"))
    started = time.process_time()
    graph = read_graph(path)
    assert [node.name for node in graph] == ["image", *(f"n{n}" for n in range(4000))]
    assert time.process_time() - started < 2


def test_a_cycle_is_found_at_once_and_named(tmp_path: Path) -> None:
    path = write(tmp_path / "m.keras", chain(4000, "n9"))
    started = time.process_time()
    text = refusal(path)
    assert re.fullmatch(
        r"layer 'n\d' \(\w+\): expected a graph without cycles, got one through this layer", text
    )
    assert time.process_time() - started < 2
