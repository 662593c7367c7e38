# SPDX-License-Identifier: Apache-2.0
"""Models within models, files written by hand: names, shared weights, and what is wrong with a file."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerilog import floating
from kerilog.data import intakes
from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.keras import read_graph
from kerilog.frontend.keras.options import readable
from kerilog.graph import Dense, Graph
from support.keras_files import layer, write

DRAW = np.random.default_rng(12)
IMAGE = [None, 4, 4, 2]


def sequential(name: str, *layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": name, "layers": [*layers]},
    } | more


def dense(inputs: int, units: int) -> list[np.ndarray]:
    return [DRAW.normal(size=(inputs, units)).astype(np.float32), DRAW.normal(size=units).astype(np.float32)]


def reply(path: Path, kind: type[KerilogError] = KerilogError) -> str:
    with pytest.raises(kind) as caught:
        read_graph(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def kernels(graph: Graph) -> dict[str, np.ndarray]:
    return {node.name: node.op.kernel for node in graph if isinstance(node.op, Dense)}


def test_models_at_any_depth_are_flattened(tmp_path: Path) -> None:
    """Equal names in different models are told apart, and each layer gets the weights of its own group."""
    flat = layer("InputLayer", "x", batch_shape=[None, 3])
    inner = sequential("inner", layer("Dense", "dense", units=4), layer("ReLU", "relu"))
    outer = sequential("outer", flat, layer("Dense", "dense", units=5), inner)
    arrays = {name: dense(*shape) for name, shape in {"a": (3, 5), "b": (5, 4), "c": (4, 2)}.items()}
    places = {"sequential/layers/dense": "a", "sequential/layers/sequential/layers/dense": "b", "dense": "c"}
    path = write(
        tmp_path / "m.keras",
        [flat, outer, layer("Dense", "dense", units=2)],
        {group: arrays[name] for group, name in places.items()},
    )
    graph = read_graph(path)
    found = kernels(graph)
    assert list(found) == ["outer/dense", "outer/inner/dense", "dense"]
    for name, wanted in zip(found, "abc", strict=True):
        np.testing.assert_array_equal(found[name], arrays[wanted][0])
    assert graph["outer/inner/relu"].inputs == ("outer/inner/dense",)


def call_of(*histories: tuple[str, int, int]) -> dict[str, Any]:
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [*item]}} for item in histories]
    return {"args": [tensors] if len(tensors) > 1 else tensors, "kwargs": {"mask": None, "training": False}}


def functional(
    name: str, layers: list[dict[str, Any]], inputs: list[str], outputs: list[Any]
) -> dict[str, Any]:
    for entry in layers:
        entry["name"] = entry["config"]["name"]
        entry.setdefault("inbound_nodes", [])
    config = {
        "name": name,
        "layers": layers,
        "input_layers": [[source, 0, 0] for source in inputs],
        "output_layers": outputs,
    }
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}


def write_model(path: Path, model: dict[str, Any], weights: dict[str, list[np.ndarray]]) -> Path:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for group, arrays in weights.items():
            for number, array in enumerate(arrays):
                file[f"layers/{group}/vars/{number}"] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.h5", stream.getvalue())
    return path


def two_heads() -> dict[str, Any]:
    """(3,) to (2,) and (4,)."""
    layers = [
        layer("InputLayer", "x", batch_shape=[None, 3]),
        layer("Dense", "left", units=2) | {"inbound_nodes": [call_of(("x", 0, 0))]},
        layer("Dense", "right", units=4) | {"inbound_nodes": [call_of(("x", 0, 0))]},
    ]
    return functional("heads", layers, ["x"], [["right", 0, 0], ["left", 0, 0]])


def siamese(**changes: Any) -> dict[str, Any]:
    """Two inputs through one model of two outputs, which are told apart by their place."""
    heads = two_heads() | {"inbound_nodes": [call_of(("p", 0, 0)), call_of(("q", 0, 0))]}
    last = changes.get("last", [("heads", 0, 1), ("heads", 1, 1)])
    layers = [
        layer("InputLayer", "p", batch_shape=[None, 3]),
        layer("InputLayer", "q", batch_shape=[None, 3]),
        heads,
        layer("Subtract", "apart") | {"inbound_nodes": [call_of(*last)]},
    ]
    return functional("pair", layers, ["p", "q"], [["apart", 0, 0], ["heads", 1, 0]])


def test_a_model_called_twice_shares_its_weights(tmp_path: Path) -> None:
    left, right = dense(3, 2), dense(3, 4)
    weights = {"functional/layers/dense": left, "functional/layers/dense_1": right}
    graph = read_graph(write_model(tmp_path / "m.keras", siamese(), weights))
    assert graph["apart"].inputs == ("heads/left", "heads/left/call2")
    assert graph.outputs == ("apart", "heads/right/call2")
    p, q = DRAW.normal(size=(2, 5, 3)).astype(np.float32)
    apart, second = floating.run(graph, {"p": p, "q": q})
    np.testing.assert_allclose(apart, (p - q) @ left[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(second, q @ right[0] + right[1], rtol=1e-5, atol=1e-6)


def test_a_tensor_that_a_nested_model_has_not(tmp_path: Path) -> None:
    model = siamese(last=[("heads", 0, 2), ("heads", 1, 1)])
    text = reply(write_model(tmp_path / "m.keras", model, {}))
    assert text.startswith(
        "layer 'apart' (Subtract): inbound_nodes: expected [layer, call, 0..1], got ['heads', 0, 2]"
    )


def test_a_nested_model_called_on_too_many_tensors(tmp_path: Path) -> None:
    model = siamese()
    model["config"]["layers"][2]["inbound_nodes"] = [call_of(("p", 0, 0), ("q", 0, 0))] * 2
    text = reply(write_model(tmp_path / "m.keras", model, {}))
    assert text == "layer 'heads' (Functional): inputs: expected 1 tensors, got 2"


def test_refusals_name_the_layer_by_its_whole_path(tmp_path: Path) -> None:
    inner = sequential(
        "inner", layer("Lambda", "trick"), layer("Conv2D", "conv", filters=2, kernel_size=1, padding="causal")
    )
    path = write(
        tmp_path / "m.keras", [layer("InputLayer", "x", batch_shape=IMAGE), sequential("outer", inner)], {}
    )
    text = reply(path, Unsupported)
    assert "layer 'outer/inner/trick': 'Lambda' is not supported" in text
    assert "layer 'outer/inner/conv': Conv2D with padding 'causal' is not supported" in text


def test_weights_of_a_nested_layer_are_missing(tmp_path: Path) -> None:
    inner = sequential("encoder", layer("Dense", "dense", units=2))
    path = write(
        tmp_path / "m.keras", [layer("InputLayer", "x", batch_shape=[None, 3]), inner], {"other": []}
    )
    text = reply(path)
    assert text == "layer 'encoder/dense' (Dense): no weights at 'layers/sequential/layers/dense/vars'"


@pytest.mark.parametrize("module", ["mine", "keras_evil.models"])
def test_a_class_of_ones_own_is_no_nested_model(module: str, tmp_path: Path) -> None:
    inner = sequential("inner", layer("ReLU", "relu"), module=module)
    path = write(tmp_path / "m.keras", [layer("InputLayer", "x", batch_shape=IMAGE), inner], {})
    assert "layer 'inner': 'Sequential'" in reply(path, Unsupported)


def test_models_that_call_models_twice_all_the_way_down(tmp_path: Path) -> None:
    """A small file that would be a network of 2**60 calls, and says nothing but that."""
    model = functional("m0", [layer("InputLayer", "x", batch_shape=[None, 3])], ["x"], [["x", 0, 0]])
    for depth in range(1, 61):
        name = f"m{depth - 1}"
        model["inbound_nodes"] = [call_of(("x", 0, 0)), call_of((name, 0, 0))]
        head = layer("InputLayer", "x", batch_shape=[None, 3])
        model = functional(f"m{depth}", [head, model], ["x"], [[name, 1, 0]])
    text = reply(write_model(tmp_path / "m.keras", model, {}))
    assert text == "model: expected at most 16384 calls of layers and models, got more"


def test_a_long_path_is_called_by_its_end() -> None:
    key = ("first" * 5, "second" * 5, "third" * 5)
    assert readable(key) == "second" * 5 + "/" + "third" * 5
    assert readable(("a b", "ü/")) == "a b/u"


def augmented(*inner: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        layer("InputLayer", "x", batch_shape=[None, 4, 4, 1]),
        sequential("augment", layer("RandomFlip", "flip", mode="horizontal"), *inner),
        layer("Flatten", "flat"),
        layer("Dense", "dense", units=2),
    ]


def test_own_scaling_is_found_behind_augmentation_and_inside_models(tmp_path: Path) -> None:
    inner = sequential(
        "scale", layer("RandomZoom", "zoom", factor=0.1), layer("Rescaling", "by", scale=1 / 255)
    )
    graph = read_graph(write(tmp_path / "m.keras", augmented(inner), {"dense": dense(16, 2)}))
    assert intakes(graph)["x"].why == "the model scales them (layer 'augment/scale/by')"


@pytest.mark.parametrize("kind", ["Resizing", "CenterCrop", "RandomCrop"])
def test_another_size_is_refused(kind: str, tmp_path: Path) -> None:
    same, other = (layer(kind, "size", height=4, width=width) for width in (4, 3))
    graph = read_graph(write(tmp_path / "m.keras", augmented(same), {"dense": dense(16, 2)}))
    x = DRAW.normal(size=(2, 4, 4, 1)).astype(np.float32)
    np.testing.assert_array_equal(floating.run_all(graph, x)["augment/size"], x)
    text = reply(write(tmp_path / "n.keras", augmented(other), {"dense": dense(16, 2)}), Unsupported)
    assert f"layer 'augment/size': {kind} with height and width (4, 3) is not supported, only those" in text


def write_h5(path: Path, names: dict[str, np.ndarray]) -> Path:
    """One model "net" with Dense layers "a/dense" and "b/dense", its weights under ``names``."""
    parts = [sequential(part, layer("Dense", "dense", units=3)) for part in "ab"]
    layers = [layer("InputLayer", "x", batch_shape=[None, 3]), sequential("net", *parts)]
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(sequential("whole", *layers))
        group = file.create_group("model_weights/net")
        group.attrs["weight_names"] = [name.encode() for name in names]
        for name, array in names.items():
            group[name] = array
    return path


def test_h5_tells_nested_layers_apart_by_their_paths(tmp_path: Path) -> None:
    """Trainable weights come first in such a file, so that a layer's are not side by side."""
    first, second = dense(3, 3), dense(3, 3)
    names = {
        "net/b/dense/kernel:0": second[0],
        "net/a/dense/kernel:0": first[0],
        "net/b/dense/bias:0": second[1],
        "net/a/dense/bias:0": first[1],
    }
    found = kernels(read_graph(write_h5(tmp_path / "m.h5", names)))
    np.testing.assert_array_equal(found["net/a/dense"], first[0])
    np.testing.assert_array_equal(found["net/b/dense"], second[0])


def test_h5_whose_names_do_not_tell(tmp_path: Path) -> None:
    first, second = dense(3, 3), dense(3, 3)
    names = {
        f"{place}/dense/{part}:0": array
        for place, pair in (("p", first), ("q", second))
        for part, array in zip(("kernel", "bias"), pair, strict=True)
    }
    text = reply(write_h5(tmp_path / "m.h5", names))
    assert text == (
        "layer 'net/a/dense' (Dense): expected names that tell its weights from others', got 'p/dense' and "
        "'q/dense'; save the model as .keras"
    )
