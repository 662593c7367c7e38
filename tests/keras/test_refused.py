# SPDX-License-Identifier: Apache-2.0
"""What converters cannot do is said in one line that names the layer, also for files made to mislead."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend import load
from kerilog.graph import Array, Graph
from kerilog.quantize import calibrate, quantize

keras = pytest.importorskip("keras")
converters = pytest.importorskip("kerilog.keras")
layers = keras.layers
SHAPE = (6, 6, 2)


def images(count: int = 8) -> Array:
    return np.random.default_rng(0).normal(size=(count, *SHAPE)).astype(np.float32)


def model(*stack: Any) -> Any:
    return keras.Sequential([keras.Input(SHAPE), *stack])


def shared() -> Any:
    image = keras.Input(SHAPE)
    twice = layers.Conv2D(2, 3, padding="same", name="twice")
    return keras.Model(image, twice(twice(image)))


def three_way() -> Any:
    image = keras.Input(SHAPE)
    parts = [layers.Conv2D(2, 1)(image) for _ in range(3)]
    return keras.Model(image, layers.Add(name="total")(parts))


def two_inputs() -> Any:
    inputs = [keras.Input(SHAPE), keras.Input(SHAPE)]
    return keras.Model(inputs, layers.Add()(inputs))


NOT_TAKEN: dict[str, tuple[Callable[[], Any], str]] = {
    "an unknown layer": (
        lambda: model(layers.UnitNormalization(name="odd")),
        "layer 'odd': 'UnitNormalization' is",
    ),
    "a lambda": (lambda: model(layers.Lambda(lambda x: x, name="odd")), "layer 'odd': 'Lambda' is not supp"),
    "a layer called twice": (shared, "layer 'twice': is called several times"),
    "a sum of three": (three_way, "layer 'total': is several operations in one"),
    "a separable convolution": (
        lambda: model(layers.SeparableConv2D(3, 3, name="split")),
        "layer 'split': is several operations in one",
    ),
    "two inputs": (two_inputs, "2 inputs"),
    "a batch norm of a vector": (
        lambda: model(layers.Flatten(), layers.BatchNormalization(name="normal")),
        "layer 'normal': no layer next to this batch normalization",
    ),
    "a name that is not kept": (
        lambda: model(layers.Conv2D(2, 3, name="été")),
        r"layer '\\xe9t\\xe9': expected a name like 'ete'",
    ),
    "converters already": (
        lambda: converters.insert_converters(model(layers.Conv2D(2, 3)), images()),
        "has converters already",
    ),
    "no model": (lambda: layers.Dense(3), "expected a Keras model that is built, got Dense"),
    "a model without shapes": (
        lambda: keras.Sequential([layers.Dense(3)]),
        "expected a Keras model that is built",
    ),
}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_models_not_taken(name: str) -> None:
    make, message = NOT_TAKEN[name]
    with pytest.raises(KerilogError, match=message) as caught:
        converters.insert_converters(make(), images())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_bits": 0}, "weight_bits: expected an integer from 1 to 16"),
        ({"activation_bits": 17}, "activation_bits: expected an integer from 1 to 16"),
        ({"scheme": "binary"}, "unknown scheme 'binary'"),
        ({"scheme": "affine", "weight_bits": 4}, "expected the 8 bits of TFLite"),
        ({"samples": np.zeros((0, *SHAPE), np.float32)}, "no samples"),
        ({"samples": np.zeros((4, 5, 5, 2), np.float32)}, "expected samples of shape"),
        ({"samples": np.full((4, *SHAPE), np.nan, np.float32)}, "not finite"),
    ],
)
def test_options_not_taken(options: dict[str, Any], message: str) -> None:
    with pytest.raises(KerilogError, match=message):
        converters.insert_converters(model(layers.Conv2D(2, 3)), **{"samples": images(), **options})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: converters.FixedPoint(1, 0), "FixedPoint: bits: expected an integer in 2..24, got 1"),
        (lambda: converters.FixedPoint(25, 0), "FixedPoint: bits"),
        (lambda: converters.FixedPoint(8, 65), "FixedPoint: frac: expected an integer in -64..64, got 65"),
        (lambda: converters.FixedPoint(8, 1.5), "FixedPoint: frac"),
        (lambda: converters.FixedPoint(8, [1, 99]), "FixedPoint: frac"),
        (lambda: converters.Affine(0.0), "Affine: scale"),
        (lambda: converters.Affine([1.0, -1.0]), "Affine: scale"),
        (lambda: converters.Affine(1.0, 128), "Affine: zero_point: expected an integer in -128..127"),
        (
            lambda: converters.QuantDense(3, kernel_converter=layers.ReLU()),
            "kernel_converter: expected a Fix",
        ),
        (
            lambda: converters.QuantDense(3, kernel_converter=converters.Affine(0.5, 3)),
            "kernel_converter: expected zero point 0, got 3",
        ),
    ],
)
def test_layers_not_taken(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(KerilogError, match=message):
        make()


def build(built: Any, path: Path, scheme: str = "fixed") -> None:
    built.save(path)
    graph = load(path)
    assert isinstance(graph, Graph)
    quantize(calibrate(graph, images()), scheme)


def test_a_bias_finer_than_its_sums(tmp_path: Path) -> None:
    dense = converters.QuantDense(
        3,
        name="fine",
        kernel_converter=converters.FixedPoint(8, 4),
        bias_converter=converters.FixedPoint(8, 12),
    )
    with pytest.raises(KerilogError, match=r"layer 'fine': expected a bias no finer than the sums"):
        build(model(converters.FixedPoint(8, 7), layers.Flatten(), dense), tmp_path / "m.keras")


def test_converters_of_the_other_scheme(tmp_path: Path) -> None:
    with pytest.raises(KerilogError, match=r"scheme 'affine' takes converters of the kind Affine of 8 bits"):
        build(model(converters.FixedPoint(8, 7), layers.ReLU()), tmp_path / "m.keras", "affine")
    with pytest.raises(KerilogError, match=r"scheme 'fixed' takes converters of the kind FixedPoint"):
        build(model(converters.Affine(0.1), layers.ReLU()), tmp_path / "m.keras")


def test_an_average_that_would_be_rounded_twice(tmp_path: Path) -> None:
    stack = [
        converters.FixedPoint(8, 7),
        layers.AveragePooling2D(2, name="mean"),
        converters.FixedPoint(4, 2),
    ]
    with pytest.raises(KerilogError, match=r"layer 'mean': expected a converter to fixed<8, frac 7>"):
        build(model(*stack), tmp_path / "m.keras")


def _set(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda layer: layer["config"].update({key: value})


def _set_role(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda layer: layer["config"]["kernel_converter"].update({key: value})


def _set_role_option(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda layer: layer["config"]["kernel_converter"]["config"].update({key: value})


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("FixedPoint", _set("bits", 1 << 40), "bits: expected an integer in 2..24"),
        ("FixedPoint", _set("bits", "8"), "bits: expected an integer"),
        ("FixedPoint", _set("frac", None), "frac: expected integers"),
        ("FixedPoint", _set("frac", []), "frac: expected integers"),
        ("FixedPoint", _set("frac", [1, 2]), "for each channel"),
        ("FixedPoint", _set("extra", 3), "option 'extra'"),
        ("FixedPoint", lambda layer: layer.update(registered_name="evil>FixedPoint"), "custom class"),
        ("FixedPoint", lambda layer: layer.update(registered_name=None), "custom class"),
        ("QuantDense", _set("kernel_converter", "FixedPoint"), "kernel_converter 'FixedPoint' is not supp"),
        ("QuantDense", _set_role("class_name", "Lambda"), "kernel_converter"),
        ("QuantDense", _set_role("registered_name", "evil>FixedPoint"), "kernel_converter"),
        ("QuantDense", _set_role("config", [1]), "options of a converter"),
        ("QuantDense", _set_role_option("frac", [1, 2]), "one for each of 3 channels"),
        ("QuantDense", _set_role_option("frac", 1e400), "frac: expected integers"),
    ],
)
def test_files_made_to_mislead(
    tmp_path: Path, kind: str, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    dense = converters.QuantDense(3, kernel_converter=converters.FixedPoint(8, 4))
    whole, bad = tmp_path / "whole.keras", tmp_path / "bad.keras"
    model(converters.FixedPoint(8, 7), layers.Flatten(), dense).save(whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(next(layer for layer in config["config"]["layers"] if layer["class_name"] == kind))
                content = json.dumps(config).encode()
            target.writestr(name, content)
    with pytest.raises(KerilogError, match=message):
        load(bad)


def test_plain_layers_do_not_pass_for_converted_ones(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable(package="mine")
    class FixedPoint(layers.Layer):  # type: ignore[misc]
        pass

    model(FixedPoint(name="other")).save(tmp_path / "m.keras")
    with pytest.raises(Unsupported, match=r"layer 'other': 'FixedPoint' \(a custom class\)"):
        load(tmp_path / "m.keras")
