# SPDX-License-Identifier: Apache-2.0
"""Keras models with converters equal the integer models built from them, every bit of every tensor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog import floating
from kerilog.formats import Affine, Fixed, Format
from kerilog.frontend import load
from kerilog.graph import Array, Graph
from kerilog.integer.model import run
from kerilog.quantize import calibrate, naive, quantize

keras = pytest.importorskip("keras")
converters = pytest.importorskip("kerilog.keras")
layers = keras.layers
SHAPE = (9, 8, 3)


def images(count: int = 40, shape: tuple[int, ...] = SHAPE, seed: int = 5) -> Array:
    return np.random.default_rng(seed).normal(0, 0.8, (count, *shape)).astype(np.float32)


def chain(seed: int) -> Any:
    """A small network of random layers that ends in a softmax."""
    draw = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    stack: list[Any] = [keras.Input(SHAPE)]
    for _ in range(2):
        padding, stride = draw.choice(["same", "valid"]), int(draw.integers(1, 3))
        if draw.random() < 0.3:
            stack.append(layers.DepthwiseConv2D(3, stride, padding, depth_multiplier=2))
        else:
            kernel = tuple(int(k) for k in draw.integers(1, 4, 2))
            stack.append(layers.Conv2D(int(draw.integers(2, 7)), kernel, stride, padding))
        if draw.random() < 0.4:
            stack.append(layers.BatchNormalization())
        stack.append(layers.ReLU(6.0) if draw.random() < 0.3 else layers.ReLU())
        if draw.random() < 0.5:
            stack.append(layers.MaxPooling2D(2, padding="same"))
    stack += [layers.Flatten(), layers.Dense(6, activation="relu"), layers.Dropout(0.5)]
    return settled(keras.Sequential([*stack, layers.Dense(5, activation="softmax")]), seed)


def branches(seed: int = 0) -> Any:
    """Sums, a product, side-by-side tensors and all pools, in a functional model."""
    keras.utils.set_random_seed(seed)
    image = keras.Input(SHAPE, name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu6", name="first")(image)
    y = layers.BatchNormalization(name="normal")(layers.Conv2D(4, 1, use_bias=False, name="second")(x))
    total = layers.ReLU(name="positive")(layers.Add(name="total")([x, y]))
    scaled = layers.Multiply(name="product")([total, layers.Subtract(name="difference")([x, y])])
    wide = layers.Concatenate(name="wide")([total, layers.DepthwiseConv2D(3, padding="same")(scaled)])
    pooled = layers.AveragePooling2D((2, 3), padding="same", name="pooled")(layers.ZeroPadding2D(1)(wide))
    mean = layers.GlobalAveragePooling2D(name="mean")(pooled)
    return settled(keras.Model(image, layers.Softmax()(layers.Dense(3, name="logits")(mean))), seed)


def settled(model: Any, seed: int) -> Any:
    """``model`` with biases and statistics as training leaves them: not all 0 and 1."""
    draw = np.random.default_rng(seed)
    for variable in model.weights:
        value = np.array(variable)
        if value.ndim == 1 and value.dtype == np.float32:
            variable.assign(value + draw.uniform(0, 0.4, value.shape))
    return model


def shaken(model: Any, seed: int = 1) -> Any:
    """``model`` with other weights than the formats were chosen for, some of which saturate."""
    draw = np.random.default_rng(seed)
    model.set_weights([w + draw.normal(0, 0.3, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def built(model: Any, path: Path, scheme: str = "fixed") -> Any:
    """The integer graph that ``kerilog build`` makes of ``model``."""
    model.save(path)
    graph = load(path)
    assert isinstance(graph, Graph)
    return quantize(calibrate(graph, images(4, graph.inputs[0].shape)), scheme)


@pytest.mark.parametrize("seed", range(10))
def test_chains_equal_their_integer_models(seed: int) -> None:
    draw = np.random.default_rng(seed)
    weights, activations, bias = (int(bits) for bits in draw.integers(2, 9, 3))
    model = converters.insert_converters(
        chain(seed), images(), weights, activations, bias, per_channel=bool(seed % 2)
    )
    for trained in (model, shaken(model)):
        comparison = converters.compare(trained, images(60, seed=seed))
        assert comparison.equal, comparison.mismatches
        assert comparison.exact
        assert len(comparison.elements) >= 5


@pytest.mark.parametrize("bits", [3, 8])
def test_branches_equal_their_integer_models(bits: int) -> None:
    model = converters.insert_converters(branches(), images(), bits, bits, 8)
    for trained in (model, shaken(model)):
        comparison = converters.compare(trained, images(60))
        assert comparison.equal, comparison.mismatches
        assert {"image", "total", "product", "wide", "pooled", "mean", "logits"} <= set(comparison.elements)


def test_trained_saved_loaded_and_built(tmp_path: Path) -> None:
    model = converters.insert_converters(chain(3), images(), 4, 4)
    before = [np.array(w) for w in model.get_weights()]
    model.compile(keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy")
    model.fit(images(64), np.arange(64) % 5, epochs=2, verbose=0)
    assert all(np.any(old != new) for old, new in zip(before, model.get_weights(), strict=True))
    graph = built(model, tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = images(50)
    assert np.array_equal(again(x), model(x))
    logits = keras.Model(again.inputs, again.layers[-2].output)
    source, target = graph.inputs[0].format, graph[graph.outputs[0]].format
    codes = np.array(logits([x])) * 2.0**target.frac
    assert np.array_equal(run(graph, source.quantize(x)), codes)
    assert converters.compare(again, x).equal


def test_the_older_file_format(tmp_path: Path) -> None:
    model = converters.insert_converters(chain(3), images(), 4, 5)
    new, old = built(model, tmp_path / "model.keras"), built(model, tmp_path / "model.h5")
    codes = new.inputs[0].format.quantize(images())
    assert [node.format for node in new] == [node.format for node in old]
    assert np.array_equal(run(new, codes), run(old, codes))


def test_formats_are_those_of_the_build(tmp_path: Path) -> None:
    """Before any training the model computes what post-training conversion gives."""
    original = chain(4)
    converted = converters.insert_converters(original, images())
    original.save(tmp_path / "original.keras")
    graph = load(tmp_path / "original.keras")
    assert isinstance(graph, Graph)
    plain = quantize(calibrate(graph, images()))
    given = built(converted, tmp_path / "converted.keras")
    codes = plain.inputs[0].format.quantize(images(30))
    assert [node.format for node in plain] == [node.format for node in given]
    assert np.array_equal(run(plain, codes), run(given, codes))


def test_float_graph_computes_what_keras_does(tmp_path: Path) -> None:
    model = shaken(converters.insert_converters(branches(), images(), 5, 6))
    model.save(tmp_path / "model.keras")
    graph = load(tmp_path / "model.keras")
    assert isinstance(graph, Graph)
    assert np.allclose(floating.run(graph, images())[0], model(images()), atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*its sums can reach")
def test_wide_converters_leave_a_network_as_it_is() -> None:
    original = branches()
    converted = converters.insert_converters(original, images(), 12, 14, 16)
    assert np.allclose(converted(images()), original(images()), atol=5e-3)


def test_where_converters_go() -> None:
    model = converters.insert_converters(chain(0), images())
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[0] == "FixedPoint"
    assert "BatchNormalization" not in kinds
    for kind, following in zip(kinds, [*kinds[1:], ""], strict=True):
        if kind.startswith("Quant"):
            assert following in ("FixedPoint", "ReLU")
        if kind == "ReLU":
            assert following == "FixedPoint"
        if kind == "MaxPooling2D":
            assert following != "FixedPoint"
    assert kinds[-2:] == ["FixedPoint", "Activation"]


def test_inserted_models_keep_their_kind_and_how_they_were_compiled() -> None:
    sequential, functional = chain(0), branches()
    functional.compile("adam", "sparse_categorical_crossentropy")
    first, second = (converters.insert_converters(model, images()) for model in (sequential, functional))
    assert isinstance(first, keras.Sequential) and not first.compiled
    assert not isinstance(second, keras.Sequential) and second.compiled


def test_without_samples() -> None:
    model = converters.insert_converters(chain(2), weight_bits=5, activation_bits=7)
    assert converters.compare(model, images()).equal


def test_a_sigmoid_has_a_converter_on_either_side() -> None:
    keras.utils.set_random_seed(0)
    plain = keras.Sequential([keras.Input((6,)), layers.Dense(4, activation="sigmoid", name="gate")])
    model = converters.insert_converters(plain, images(40, (6,)), 6, 6)
    names = [layer.name for layer in model.layers[1:]]
    assert names == ["gate", "gate_converter", "gate_sigmoid", "gate_sigmoid_converter"]
    assert converters.compare(model, images(60, (6,))).equal


def test_batch_norm_that_cannot_be_folded_is_a_layer_of_its_own() -> None:
    keras.utils.set_random_seed(0)
    stack = [layers.MaxPooling2D(2), layers.BatchNormalization(name="normal"), layers.ReLU()]
    model = settled(keras.Sequential([keras.Input(SHAPE), *stack]), 2)
    converted = converters.insert_converters(model, images(), 7, 7)
    assert type(converted.get_layer("normal")).__name__ == "QuantDepthwiseConv2D"
    assert converters.compare(converted, images()).equal


def test_affine(tmp_path: Path) -> None:
    """TFLite's scheme cannot be equal in float32, but its formats survive and it stays within a step."""
    original = chain(5)
    model = converters.insert_converters(original, images(200), scheme="affine")
    graph = built(model, tmp_path / "affine.keras", "affine")
    original.save(tmp_path / "original.keras")
    plain = load(tmp_path / "original.keras")
    assert isinstance(plain, Graph)
    expected = quantize(calibrate(plain, images(200)), "affine")
    assert [node.format for node in graph] == [node.format for node in expected]
    target = graph[graph.outputs[0]].format
    logits = keras.Model(model.inputs, model.layers[-2].output)([images()])
    codes = np.round(np.array(logits) / target.scales) + target.zero_point
    assert np.abs(run(graph, graph.inputs[0].format.quantize(images())) - codes).max() <= 1


FORMATS = [Fixed(2, 0), Fixed(3, -2), Fixed(4, 3), Fixed(5, 9), Fixed(7, 2), Fixed(8, 7), Fixed(16, 8)]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_rounding_is_that_of_the_format(format: Fixed) -> None:
    steps = np.concatenate([np.arange(-40, 40) / 4, [0.49999997, -0.49999997, 1e9, -1e9, 1e-30, 2.5, -2.5]])
    x = (steps * format.scales).astype(np.float32)
    made = converters.FixedPoint(format.bits, format.frac)
    assert np.array_equal(made(x), format.dequantize(format.quantize(x)).astype(np.float32))


def test_rounding_of_affine_is_that_of_the_format() -> None:
    format = Affine(8, 0.25, -20)
    x = np.random.default_rng(0).uniform(-40, 50, 1000).astype(np.float32)
    made = converters.Affine(0.25, -20, 8)
    assert np.array_equal(made(x), format.dequantize(format.quantize(x)).astype(np.float32))
    assert made.get_config()["scale"] == 0.25


@pytest.mark.parametrize("jit", [False, True])
def test_gradient_passes_inside_the_range_and_stops_outside(jit: bool) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    made = converters.FixedPoint(4, 2)
    x = tensorflow.constant([-2.3, -2.0, -1.9, -0.1, 0.0, 0.6, 1.74, 1.76, 9.0])

    @tensorflow.function(jit_compile=jit)  # type: ignore[untyped-decorator]
    def slopes() -> Any:
        with tensorflow.GradientTape() as tape:
            tape.watch(x)
            y = 3 * made(x)
        return y, tape.gradient(y, x)

    y, gradient = slopes()
    assert np.array_equal(y, 3 * np.array([-2, -2, -2, 0, 0, 0.5, 1.75, 1.75, 1.75]))
    assert np.array_equal(gradient, [0, 3, 3, 3, 3, 3, 3, 0, 0])


def by_hand(*stack: Any, shape: tuple[int, ...] = SHAPE) -> Any:
    return keras.Sequential([keras.Input(shape), *stack])


def quant_dense(bias_frac: int = 5) -> Any:
    return converters.QuantDense(
        4, kernel_converter=converters.FixedPoint(5, 4), bias_converter=converters.FixedPoint(7, bias_frac)
    )


BY_HAND: dict[str, Callable[[], list[Any]]] = {
    "after pooling": lambda: [
        converters.FixedPoint(8, 5),
        converters.QuantConv2D(
            3, 3, kernel_converter=converters.FixedPoint(4, 3), bias_converter=converters.FixedPoint(6, 4)
        ),
        layers.MaxPooling2D(2),
        converters.FixedPoint(5, 2),
    ],
    "before a relu": lambda: [
        converters.FixedPoint(8, 5),
        layers.Flatten(),
        quant_dense(),
        converters.FixedPoint(5, 2),
        layers.ReLU(),
    ],
    "before a relu6 without a code for 6": lambda: [
        converters.FixedPoint(8, 5),
        layers.Flatten(),
        quant_dense(),
        converters.FixedPoint(4, -2),
        layers.ReLU(6.0),
        converters.FixedPoint(6, 1),
    ],
    "two in a row": lambda: [converters.FixedPoint(8, 5), layers.ReLU(), converters.FixedPoint(4, 1)],
    "the same again after pooling": lambda: [
        converters.FixedPoint(8, 5),
        layers.MaxPooling2D(2),
        converters.FixedPoint(8, 5),
    ],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_converters_by_hand(name: str) -> None:
    keras.utils.set_random_seed(3)
    comparison = converters.compare(by_hand(*BY_HAND[name]()), images())
    assert comparison.equal, comparison.mismatches


def test_one_converter_for_each_branch() -> None:
    image = keras.Input(SHAPE)
    branches = [converters.FixedPoint(6, 3)(image) for _ in range(2)]
    model = keras.Model(image, converters.FixedPoint(5, 1)(layers.Add()(branches)))
    comparison = converters.compare(model, images())
    assert comparison.equal and len(comparison.elements) == 2


def test_large_sums_are_told() -> None:
    keras.utils.set_random_seed(0)
    model = by_hand(layers.Dense(4), shape=(600,))
    with pytest.warns(UserWarning, match=r"layer 'dense\w*': its sums can reach \d+ steps"):
        wide = converters.insert_converters(model, images(20, (600,)), 12, 12, 12)
    assert not converters.compare(wide, images(20, (600,))).exact


def test_formats_of_weights(tmp_path: Path) -> None:
    graph = built(
        by_hand(converters.FixedPoint(6, 3), layers.Flatten(), quant_dense(2)), tmp_path / "m.keras"
    )
    op = graph[graph.outputs[0]].op
    expected: tuple[Format, Format] = (Fixed(5, 4), Fixed(7, 2))
    assert (op.kernel_format, op.bias_format) == expected


def test_the_naive_yardstick_ignores_converters(tmp_path: Path) -> None:
    model = converters.insert_converters(branches(), images(), 4, 4)
    model.save(tmp_path / "model.keras")
    graph = load(tmp_path / "model.keras")
    assert isinstance(graph, Graph)
    assert {node.format for node in naive(graph)} == {Fixed(8, 7)}
