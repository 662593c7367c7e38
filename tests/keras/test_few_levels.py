# SPDX-License-Identifier: Apache-2.0
"""Keras layers with binary and ternary weights equal the integer models built from them, every bit."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.formats import Binary, Ternary
from kerilog.frontend import load
from kerilog.graph import Array, Graph
from kerilog.integer.model import run
from kerilog.qgraph import DoubleMultiplier, QConv2D, QDense, QGraph
from kerilog.quantize import LayerSettings, Settings, calibrate, quantize

keras = pytest.importorskip("keras")
converters = pytest.importorskip("kerilog.keras")
layers = keras.layers
SHAPE = (9, 8, 3)
CHOICES = [(bits, scale) for bits in (1, "ternary") for scale in ("none", "channel")]


def images(count: int = 40, shape: tuple[int, ...] = SHAPE, seed: int = 5) -> Array:
    return np.random.default_rng(seed).normal(0, 0.8, (count, *shape)).astype(np.float32)


def plain(seed: int) -> Any:
    """All layers with weights, a batch normalization, with and without biases."""
    keras.utils.set_random_seed(seed)
    stack = [
        layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep"),
        layers.ReLU(6.0),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(6, activation="relu", use_bias=False, name="narrow"),
        layers.Dense(5, activation="softmax", name="digit"),
    ]
    model = keras.Sequential([keras.Input(SHAPE), *stack])
    return shaken(model, seed, 0.2)


def shaken(model: Any, seed: int = 1, by: float = 0.3) -> Any:
    draw = np.random.default_rng(seed)
    model.set_weights([w + draw.normal(0, by, w.shape).astype(w.dtype) ** 2 for w in model.get_weights()])
    return model


def trained(model: Any) -> Any:
    model.compile(keras.optimizers.Adam(0.03), loss="sparse_categorical_crossentropy")
    model.fit(images(64), np.arange(64) % 5, epochs=2, verbose=0)
    return model


def built(model: Any, path: Path) -> QGraph:
    """The integer graph that ``kerilog build`` makes of ``model``."""
    model.save(path)
    graph = load(path)
    assert isinstance(graph, Graph)
    return quantize(calibrate(graph, images(4)))


@pytest.mark.parametrize(("bits", "scale"), CHOICES)
def test_equal_to_the_integer_model_before_and_after_training(bits: Any, scale: Any) -> None:
    model = converters.insert_converters(plain(1), images(), bits, weight_scale=scale)
    for change in (lambda made: made, shaken, trained):
        comparison = converters.compare(change(model), images(60))
        assert comparison.equal, comparison.mismatches
        assert comparison.exact and len(comparison.elements) >= 6


@pytest.mark.parametrize(("bits", "scale"), CHOICES)
def test_saved_loaded_and_built(bits: Any, scale: Any, tmp_path: Path) -> None:
    model = trained(converters.insert_converters(plain(3), images(), bits, weight_scale=scale))
    graph = built(model, tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = images(50)
    assert np.array_equal(again(x), model(x))
    kind = Binary if bits == 1 else Ternary
    for name in ("conv", "deep", "narrow", "digit"):
        op = graph[name].op
        assert isinstance(op, QConv2D | QDense) and isinstance(op.kernel_format, kind)
        assert isinstance(op.rescale, DoubleMultiplier) is (scale == "channel")
        assert set(np.unique(op.kernel)) <= {-1, 1} if bits == 1 else {-1, 0, 1}
    logits = keras.Model(again.inputs, again.layers[-2].output)
    codes = np.array(logits([x])) / graph[graph.outputs[0]].format.scales
    assert np.array_equal(run(graph, graph.inputs[0].format.quantize(x)), codes)
    if (bits, scale) == CHOICES[-1]:
        older = built(model, tmp_path / "model.h5")
        assert np.array_equal(run(older, older.inputs[0].format.quantize(x)), codes)


@pytest.mark.parametrize(("bits", "scale"), CHOICES)
def test_formats_are_those_of_the_build(bits: Any, scale: Any, tmp_path: Path) -> None:
    """Before any training the model computes what post-training conversion gives."""
    original = plain(4)
    converted = converters.insert_converters(original, images(), bits, weight_scale=scale)
    original.save(tmp_path / "original.keras")
    graph = load(tmp_path / "original.keras")
    assert isinstance(graph, Graph)
    settings = {"weight_bits": bits, "weight_scale": scale}
    if scale == "none":
        settings["bias_bits"] = 8
    post = quantize(calibrate(graph, images()), settings=Settings(LayerSettings(**settings)))
    given = built(converted, tmp_path / "converted.keras")
    codes = post.inputs[0].format.quantize(images(30))
    assert [node.format for node in post] == [node.format for node in given]
    assert np.array_equal(run(post, codes), run(given, codes))


def test_first_and_last_layer_keep_8_bits() -> None:
    kept = {name: LayerSettings(weight_bits=8) for name in ("conv", "digit")}
    model = converters.insert_converters(plain(0), images(), 1, weight_scale="channel", layers=kept)
    kinds = {
        layer.name: type(layer.kernel_converter).__name__
        for layer in model.layers
        if hasattr(layer, "kernel_converter")
    }
    assert kinds == {"conv": "FixedPoint", "deep": "Binary", "narrow": "Binary", "digit": "FixedPoint"}
    assert converters.compare(model, images()).equal


@pytest.mark.parametrize("kind", ["Binary", "Ternary"])
@pytest.mark.parametrize("frac", [-2, 0, 3])
@pytest.mark.parametrize("bias", [False, True])
def test_by_hand_with_levels_that_are_not_one(kind: str, frac: int, bias: bool, tmp_path: Path) -> None:
    keras.utils.set_random_seed(frac + 9)
    dense = converters.QuantDense(
        4,
        use_bias=bias,
        kernel_initializer=keras.initializers.RandomNormal(0, 2.0**-frac),
        kernel_converter=getattr(converters, kind)(frac),
        bias_converter=converters.FixedPoint(7, 2 + frac),
        scale_converter=converters.FixedPoint(6, 5 - frac),
    )
    stack = [converters.FixedPoint(8, 5), layers.Flatten(), dense, converters.FixedPoint(7, 0)]
    model = shaken(keras.Sequential([keras.Input(SHAPE), *stack]), frac + 9)
    comparison = converters.compare(model, images())
    assert comparison.equal and dense.name in comparison.bounds, comparison.mismatches
    built(model, tmp_path / "model.keras")


@pytest.mark.parametrize("kind", ["Binary", "Ternary"])
def test_rounding_is_that_of_the_format(kind: str) -> None:
    made = getattr(converters, kind)(2)
    x = np.float32([-9, -0.25, -0.1251, -0.125, -0.1249, -1e-9, -0.0, 0.0, 0.1, 0.125, 0.2, 0.25, 3])
    format = made.format
    assert np.array_equal(made.convert(x), format.dequantize(format.quantize(x)).astype(np.float32))
    assert made.get_config()["frac"] == 2


@pytest.mark.parametrize("kind", ["Binary", "Ternary"])
def test_gradient_passes_between_the_levels_and_stops_outside(kind: str) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    made = getattr(converters, kind)(1)
    x = tensorflow.constant([-0.6, -0.5, -0.1, 0.0, 0.4, 0.5, 0.51])
    with tensorflow.GradientTape() as tape:
        tape.watch(x)
        y = 3 * made.convert(x)
    assert np.array_equal(tape.gradient(y, x), [0, 3, 3, 3, 3, 3, 0])


def test_weights_stay_within_their_levels_and_scales_are_trained() -> None:
    model = converters.insert_converters(plain(0), images(), 1, weight_scale="channel")
    before = np.array(model.get_layer("digit").scale)
    model.compile(keras.optimizers.SGD(50.0), loss="sparse_categorical_crossentropy")
    model.fit(images(64), np.arange(64) % 5, epochs=1, verbose=0)
    layer = model.get_layer("digit")
    kernel = np.array(layer.kernel)
    assert np.abs(kernel).max() == 1 and np.any(np.array(layer.scale) != before)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    again.kernel.assign(5 * kernel)
    assert np.abs(np.array(again.kernel.constraint(again.kernel))).max() == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kernel_converter": "Binary", "bias_converter": "Ternary"},
            "bias_converter: Ternary is for kernels",
        ),
        ({"scale_converter": "FixedPoint"}, "expected a kernel_converter Binary or Ternary with it"),
        (
            {"kernel_converter": "Binary", "scale_converter": "Affine"},
            "scale_converter: expected a FixedPoint with one frac",
        ),
    ],
)
def test_layers_not_taken(options: dict[str, str], message: str) -> None:
    make = {
        "Binary": lambda: converters.Binary(),
        "Ternary": lambda: converters.Ternary(),
        "FixedPoint": lambda: converters.FixedPoint(8, 4),
        "Affine": lambda: converters.Affine(0.5),
    }
    with pytest.raises(KerilogError, match=message):
        converters.QuantDense(3, **{role: make[kind]() for role, kind in options.items()})
    with pytest.raises(KerilogError, match=r"Binary: frac: expected an integer in -64\.\.64, got 1\.5"):
        converters.Binary(1.5)


def rewritten(path: Path, change: Any) -> None:
    """Change the options of layer "digit" in a file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    layer = next(item for item in config["config"]["layers"] if item["config"]["name"] == "digit")
    change(layer["config"])
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["kernel_converter"]["config"].update(frac=99), "frac: expected integers in -64..64"),
        (lambda c: c["kernel_converter"]["config"].update(frac=[1]), "frac: expected one integer"),
        (
            lambda c: c.update(kernel_converter=None),
            "scale_converter: expected a kernel_converter Binary or Ternary with it",
        ),
        (
            lambda c: c["scale_converter"]["config"].update(frac=[1, 2, 3, 4, 5]),
            "scale_converter: expected a FixedPoint with one frac",
        ),
        (lambda c: c.pop("scale_converter"), "expected 2 .*, (got|found) 3"),
    ],
)
def test_files_not_taken(change: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    converters.insert_converters(plain(0), images(), 1, weight_scale="channel").save(path)
    rewritten(path, change)
    with pytest.raises(KerilogError, match=message) as caught:
        load(path)
    assert "layer 'digit'" in str(caught.value) and "\n" not in str(caught.value)
