# SPDX-License-Identifier: Apache-2.0
"""Keras models with activations of one bit equal the integer models built from them, every bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import Fixed, Sign
from kerilog.frontend import load
from kerilog.graph import Array, Graph
from kerilog.integer.model import run
from kerilog.qgraph import QConv2D, QDense, QGraph, Threshold
from kerilog.quantize import LayerSettings, Settings, calibrate, quantize

keras = pytest.importorskip("keras")
converters = pytest.importorskip("kerilog.keras")
layers = keras.layers
SHAPE = (9, 8, 3)


def images(count: int = 40, seed: int = 5) -> Array:
    return np.random.default_rng(seed).normal(0, 0.8, (count, *SHAPE)).astype(np.float32)


def shaken(model: Any, seed: int = 1) -> Any:
    """``model`` with numbers of all kinds in its normalizations: the statistics of images, gammas below 0 and
    some that are 0.
    """
    draw = np.random.default_rng(seed)
    for layer in model.layers:
        if layer.weights and not isinstance(layer, layers.BatchNormalization):
            layer.set_weights([w + draw.normal(0, 0.3, w.shape) for w in layer.get_weights()])
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            size = layer.gamma.shape[0]
            gamma = draw.normal(0, 1, size) * (draw.random(size) > 0.15)
            layer.momentum = 0.0
            layer.set_weights([gamma, draw.normal(0, 0.3, size), *layer.get_weights()[2:]])
    model(images(100), training=True)
    return model


def conv(filters: int, kind: str = "QuantConv2D", size: int = 3, **options: Any) -> Any:
    made = {"use_bias": False, "kernel_converter": converters.Binary(), "padding": "same", **options}
    first = () if kind == "QuantDepthwiseConv2D" else (filters,)
    return getattr(converters, kind)(*first, size, **made)


def network(padding: str = "none", frac: int = 0, **options: Any) -> Any:
    """Normalizations before signs, pools between them, weights of all widths, a bias that is a float."""
    wide = converters.FixedPoint(5, 4)
    stack = [
        converters.FixedPoint(6, 4),
        conv(5, kernel_converter=wide, use_bias=True, bias_converter=converters.FixedPoint(8, 5)),
        layers.BatchNormalization(),
        converters.Sign(frac, name="first"),
        conv(6, binary_padding=padding, **options),
        layers.BatchNormalization(center=True),
        layers.MaxPooling2D(2),
        converters.Sign(name="pooled"),
        conv(0, "QuantDepthwiseConv2D", depth_multiplier=2, binary_padding=padding),
        layers.BatchNormalization(),
        converters.Sign(frac),
        layers.Flatten(),
        converters.QuantDense(24, kernel_converter=converters.Binary(1), bias_initializer="normal"),
        converters.Sign(name="biased"),
        converters.QuantDense(20, use_bias=False, kernel_converter=converters.Ternary()),
        layers.BatchNormalization(),
        converters.Sign(),
        converters.QuantDense(4, kernel_converter=wide, bias_converter=converters.FixedPoint(8, 4)),
        converters.FixedPoint(8, 3, name="logits"),
    ]
    return shaken(keras.Sequential([keras.Input(SHAPE), *stack]))


def built(model: Any, path: Path, **settings: Any) -> QGraph:
    """The integer graph that ``kerilog build`` makes of ``model``."""
    model.save(path)
    graph = load(path)
    assert isinstance(graph, Graph)
    return quantize(calibrate(graph, images(4)), settings=Settings(**settings))


def test_codes_and_gradients() -> None:
    import tensorflow as tf

    sign = converters.Sign(1)
    x = tf.constant([-2.0, -0.5, -0.1, -0.0, 0.0, 0.4, 0.5, 0.6])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = sign(x)
    assert y.numpy().tolist() == [-0.5] * 3 + [0.5] * 5
    assert tape.gradient(y, x).numpy().tolist() == [0, 1, 1, 1, 1, 1, 1, 0]
    format = Sign(frac=1)
    codes = format.quantize(x.numpy())
    assert codes.tolist() == [-1] * 3 + [0] * 5
    assert format.dequantize(codes).tolist() == y.numpy().tolist()


@pytest.mark.parametrize(("padding", "frac"), [("+1", 0), ("-1", 2), ("none", -1)])
def test_saved_loaded_and_built(padding: str, frac: int, tmp_path: Path) -> None:
    model = network(padding, frac)
    graph = built(model, tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = images(200)
    expected = np.array(model(x))
    assert np.array_equal(again(x), expected)
    signs = [node for node in graph if isinstance(node.op, QConv2D | QDense) and node.format.bits == 1]
    assert len(signs) == 5 and all(isinstance(node.op.rescale, Threshold) for node in signs)
    assert {int(way) for node in signs for way in np.unique(node.op.rescale.direction)} == {1, -1}
    codes = run(graph, graph.inputs[0].format.quantize(x))
    assert np.array_equal(graph[graph.outputs[0]].format.dequantize(codes), expected)
    # few images are alike, so that equality says something
    assert len(np.unique(expected, axis=0)) > 60
    comparison = converters.compare(model, x)
    assert comparison.equal and comparison.exact and len(comparison.elements) == 8, comparison


@pytest.mark.parametrize(("padding", "code"), [("+1", 0), ("-1", -1), ("none", None)])
def test_an_input_of_one_bit_is_taken_as_it_is_where_nothing_is_zero(
    padding: str, code: int | None, tmp_path: Path
) -> None:
    graph = built(network(padding), tmp_path / "model.keras")
    second = [node for node in graph if isinstance(node.op, QConv2D)][1]
    assert second.op.pad_code == code  # type: ignore[union-attr]
    source = graph[second.inputs[0]].format
    assert source == (Fixed(2, 0) if code is None else Sign())
    ternary = [node for node in graph if isinstance(node.op, QDense)][1]
    assert graph[ternary.inputs[0]].format == Fixed(2, 0)


def test_padding_may_be_chosen_in_the_settings(tmp_path: Path) -> None:
    """What a layer says by itself stands; what it leaves open follows the settings."""
    model = network("none")
    name = [layer.name for layer in model.layers if isinstance(layer, converters.QuantConv2D)][1]
    graph = built(model, tmp_path / "one.keras", layers={name: LayerSettings(binary_padding="-1")})
    assert [node.op.pad_code for node in graph if isinstance(node.op, QConv2D)] == [None, -1, None]
    graph = built(model, tmp_path / "all.keras", default=LayerSettings(binary_padding="+1"))
    assert [node.op.pad_code for node in graph if isinstance(node.op, QConv2D)] == [None, 0, 0]
    first = next(layer.name for layer in model.layers if isinstance(layer, converters.QuantConv2D))
    with pytest.raises(KerilogError, match="binary_padding: expected an input of 1 bit, found fixed"):
        built(model, tmp_path / "no.keras", layers={first: LayerSettings(binary_padding="-1")})


@pytest.mark.parametrize("padding", ["none", "+1"])
@pytest.mark.parametrize("first", ["sign", "zeros"])
def test_zeros_of_a_layer_before_stand_where_keras_has_them(first: str, padding: str, tmp_path: Path) -> None:
    """The sign of a 0 is +1, and a convolution that pads nothing has no say in what a ZeroPadding2D adds."""
    middle = [converters.Sign(), layers.ZeroPadding2D(1)]
    stack = [
        converters.FixedPoint(6, 4),
        conv(4),
        converters.FixedPoint(8, 3),
        *(middle if first == "sign" else middle[::-1]),
        conv(3, padding="valid", binary_padding=padding),
        converters.FixedPoint(8, 2),
    ]
    model = shaken(keras.Sequential([keras.Input(SHAPE), *stack]))
    graph = built(model, tmp_path / "model.keras")
    x = images(50)
    codes = run(graph, graph.inputs[0].format.quantize(x))
    assert np.array_equal(graph[graph.outputs[0]].format.dequantize(codes), model(x))


def test_the_sign_of_a_padded_image_is_not_taken_before_it_is_padded(tmp_path: Path) -> None:
    stack = [conv(4), layers.ZeroPadding2D(1), converters.Sign(), conv(3, padding="valid")]
    model = keras.Sequential([keras.Input(SHAPE), converters.FixedPoint(6, 4), *stack])
    graph = built(model, tmp_path / "model.keras")
    kinds = [(type(node.op).__name__, node.format.bits) for node in graph]
    assert kinds[2:4] == [("QZeroPadding2D", 8), ("QRequantize", 1)]


def test_inserted_trained_and_equal() -> None:
    keras.utils.set_random_seed(3)
    stack = [
        layers.Conv2D(4, 3, padding="same", name="conv"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Conv2D(6, 3, padding="same", use_bias=False, name="deep"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(8, name="hidden"),
        layers.Dense(5, activation="softmax", name="digit"),
    ]
    plain = shaken(keras.Sequential([keras.Input(SHAPE), *stack]))
    for scale in ("none", "channel"):
        model = converters.insert_converters(
            plain, images(), 1, 1, weight_scale=scale, layers={"conv": LayerSettings(weight_bits=8)}
        )
        kinds = [type(layer).__name__ for layer in model.layers if isinstance(layer, converters.Sign)]
        assert kinds == ["Sign"] * 3
        assert model.layers[0].name != "Sign" and isinstance(model.layers[0], converters.FixedPoint)
        model.compile(keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
        for _ in range(2):
            comparison = converters.compare(model, images(60))
            assert comparison.equal, comparison.mismatches
            model.fit(images(64), np.arange(64) % 5, epochs=2, verbose=0)


@pytest.mark.parametrize("last", ["softmax", "sigmoid", "tanh", "leaky_relu"])
def test_what_an_output_is_made_of_keeps_its_bits(last: str, tmp_path: Path) -> None:
    stack = [layers.Conv2D(2, 3, name="conv"), layers.Flatten(), layers.Dense(3, name="logits")]
    model = keras.Sequential([keras.Input(SHAPE), *stack, layers.Activation(last)])
    graph = built(model, tmp_path / "model.keras", default=LayerSettings(activation_bits=1))
    bits = {node.name: node.format.bits for node in graph}
    assert bits["conv"] == 1 and bits["logits"] == 8


def test_the_default_is_for_whole_layers_and_for_no_scores(tmp_path: Path) -> None:
    stack = [layers.SeparableConv2D(3, 3, name="sep"), layers.Conv2D(4, 1, name="scores")]
    stack += [layers.GlobalAveragePooling2D(), layers.Softmax()]
    model = keras.Sequential([keras.Input(SHAPE), *stack])
    graph = built(model, tmp_path / "model.keras", default=LayerSettings(activation_bits=1))
    bits = {node.name: node.format.bits for node in graph}
    assert (bits["sep/depthwise"], bits["sep"], bits["scores"]) == (8, 1, 8)


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "silu", "leaky_relu"])
def test_a_function_is_not_taken_of_signs(function: str, tmp_path: Path) -> None:
    hidden = layers.Conv2D(2, 3, name="hidden", activation=function)
    stack = [hidden, layers.Conv2D(2, 3, name="conv"), layers.Flatten(), layers.Dense(3)]
    graph = built(
        keras.Sequential([keras.Input(SHAPE), *stack]),
        tmp_path / "model.keras",
        default=LayerSettings(activation_bits=1),
    )
    bits = {node.name: node.format.bits for node in graph}
    behind = next(node.name for node in graph if node.inputs == ("hidden",))
    assert bits["conv"] == 1 and bits["hidden"] == bits[behind] == 8


def test_what_scales_an_image_keeps_its_bits(tmp_path: Path) -> None:
    """Layers that are convolutions in the graph alone: all pixels from 0 to 1 have one sign."""
    for first in (layers.Rescaling(1 / 255, 0.5), layers.Normalization(mean=[0.5] * 3, variance=[1.0] * 3)):
        stack = [layers.Conv2D(2, 3, padding="same", name="conv"), layers.Flatten(), layers.Dense(3)]
        model = keras.Sequential([keras.Input(SHAPE), first, *stack])
        graph = built(model, tmp_path / "model.keras", default=LayerSettings(activation_bits=1))
        bits = {node.name: node.format.bits for node in graph}
        assert bits["conv"] == 1 and bits[first.name] == 8


def refused(stack: list[Any], tmp_path: Path, **settings: Any) -> str:
    model = keras.Sequential([keras.Input(SHAPE), converters.FixedPoint(6, 4), *stack])
    with pytest.raises((KerilogError, Unsupported)) as error:
        built(model, tmp_path / "model.keras", **settings)
    return str(error.value)


def test_what_one_bit_cannot_be(tmp_path: Path) -> None:
    relu = refused([conv(2, name="conv"), layers.ReLU(), converters.Sign()], tmp_path)
    assert relu == (
        "layer 'conv': activation_bits: expected 2 bits or more behind relu, whose results all have one "
        "sign, found 1; 1 bit is for layers without activation"
    )
    for function in ("sigmoid", "softplus", "log_sigmoid"):
        text = refused([conv(2), layers.Activation(function), converters.Sign()], tmp_path)
        assert f"expected 2 bits or more behind {function}, whose results all have one sign" in text
    mean = refused([conv(2), converters.Sign(), layers.AveragePooling2D(2, name="mean")], tmp_path)
    assert mean.startswith("layer 'mean': expected an input of 2 bits or more, found one of 1 bit")
    with pytest.raises(KerilogError, match='expected one of "\\+1", "-1", "none", got 0'):
        conv(2, binary_padding=0)
    with pytest.raises(KerilogError, match="kernel_converter: Sign is for tensors only"):
        conv(2, kernel_converter=converters.Sign())
    plain = keras.Sequential([keras.Input(SHAPE), layers.Conv2D(2, 3, name="conv"), layers.Conv2D(2, 3)])
    for key, value in {"range": "mse", "percentile": 99.0}.items():
        ranged = {"conv": LayerSettings(**{key: value})}
        with pytest.raises(KerilogError, match=f"layer 'conv': {key}: a result of 1 bit has no range"):
            built(plain, tmp_path / "r.keras", layers=ranged, default=LayerSettings(activation_bits=1))
    own = {"conv": LayerSettings(bias_bits=6)}
    text = refused([conv(2, name="conv", use_bias=True), converters.Sign()], tmp_path, layers=own)
    assert text == "layer 'conv': bias_bits: a result of 1 bit needs no rounded bias"
