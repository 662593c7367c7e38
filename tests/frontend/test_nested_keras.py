# SPDX-License-Identifier: Apache-2.0
"""Nested models as Keras itself writes them, ``.keras`` and ``.h5``, against what Keras computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog import floating
from kerilog.frontend.keras import TRAINING_ONLY, read_graph
from support.paths import SHARED

keras = pytest.importorskip("keras")
layers = keras.layers
DRAW = np.random.default_rng(14)
IMAGE = (8, 8, 3)


def encoder(name: str = "encoder") -> Any:
    """Batch normalization: weights that are not trained come last in an .h5 file's list."""
    parts = [
        layers.Input(IMAGE),
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.SeparableConv2D(4, 3),
        layers.BatchNormalization(scale=False),
        layers.Flatten(),
        layers.Dense(5),
    ]
    return keras.Sequential(parts, name=name)


def in_functional() -> Any:
    x = layers.Input(IMAGE)
    return keras.Model(x, layers.Dense(3, activation="softmax")(layers.ReLU()(encoder()(x))))


def frozen_in_sequential() -> Any:
    inner = encoder()
    inner.trainable = False
    return keras.Sequential([layers.Input(IMAGE), inner, layers.Dense(3)])


def three_deep() -> Any:
    block = keras.Sequential([layers.Input((5,)), layers.Dense(5, name="fc"), layers.ReLU()], name="block")
    x = layers.Input(IMAGE)
    middle = keras.Model(x, layers.Add()([encoder()(x), block(encoder("other")(x))]), name="middle")
    return keras.Sequential([layers.Input(IMAGE), middle, layers.Dense(2, name="fc2")])


def called_twice() -> Any:
    p, q = layers.Input(IMAGE), layers.Input(IMAGE)
    shared, head = encoder(), layers.Dense(5, activation="relu")
    return keras.Model([p, q], layers.Subtract()([head(shared(p)), head(head(shared(q)))]))


def several_outputs() -> Any:
    x, y = layers.Input(IMAGE), layers.Input((5,))
    code = encoder()(x)
    inner = keras.Model([x, y], [layers.Add()([code, y]), layers.Dense(2)(code)], name="inner")
    a, b = layers.Input((5,)), layers.Input(IMAGE)
    total, pair = inner([b, a])
    return keras.Model([a, b], [layers.Dense(2)(total), layers.ReLU()(pair)])


def preprocessing() -> Any:
    before = keras.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.Resizing(*IMAGE[:2]),
            layers.CenterCrop(*IMAGE[:2]),
            layers.Rescaling(1 / 127.5, -1),
        ]
    )
    return keras.Sequential([layers.Input(IMAGE), before, layers.Conv2D(2, 3), layers.GaussianNoise(0.3)])


MODELS = (in_functional, frozen_in_sequential, three_deep, called_twice, several_outputs, preprocessing)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_equals_keras(make: Callable[[], Any], suffix: str, tmp_path: Path) -> None:
    model = make()
    for variable in model.weights:
        spread = DRAW.uniform(0.2, 1.0, variable.shape) if "variance" in variable.path else None
        variable.assign(DRAW.normal(0, 0.5, variable.shape) if spread is None else spread)
    path = tmp_path / f"m{suffix}"
    model.save(path)
    graph = read_graph(path)
    names = [node.name for node in graph]
    assert len(set(names)) == len(names)
    x = [DRAW.normal(size=(4, *tensor.shape[1:])).astype(np.float32) for tensor in model.inputs]
    wanted = model.predict(x, verbose=0)
    found = floating.run(graph, dict(zip([node.name for node in graph.inputs], x, strict=True)))
    pairs = zip(wanted if isinstance(wanted, list) else [wanted], found, strict=True)
    for expected, came in pairs:
        np.testing.assert_allclose(came, expected, rtol=1e-4, atol=1e-4)


def test_an_object_in_two_models_is_stored_once(tmp_path: Path) -> None:
    inner = encoder()
    ends = [keras.Sequential([layers.Input(IMAGE), inner, layers.Dense(2)]) for _ in range(2)]
    x = layers.Input(IMAGE)
    model = keras.Model(x, layers.Add()([end(x) for end in ends]))
    path = tmp_path / "m.keras"
    model.save(path)
    image = DRAW.normal(size=(4, *IMAGE)).astype(np.float32)
    (found,) = floating.run(read_graph(path), image)
    np.testing.assert_allclose(found, model.predict(image, verbose=0), rtol=1e-4, atol=1e-4)


REQUIRED: dict[str, dict[str, Any]] = {
    "RandomContrast": {"factor": 0.5},
    "RandomBrightness": {"factor": 0.5},
    "RandomRotation": {"factor": 0.5},
    "RandomZoom": {"height_factor": 0.5},
    "RandomTranslation": {"height_factor": 0.5, "width_factor": 0.5},
    "RandomHue": {"factor": 0.5},
    "RandomSaturation": {"factor": 0.5},
    "RandomSharpness": {"factor": 0.5},
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomPosterization": {"factor": 4},
    "RandomShear": {"x_factor": 0.5},
    "Dropout": {"rate": 0.5},
    "SpatialDropout1D": {"rate": 0.5},
    "SpatialDropout2D": {"rate": 0.5},
    "AlphaDropout": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
}


@pytest.mark.parametrize("kind", TRAINING_ONLY)
def test_is_nothing_at_inference(kind: str) -> None:
    """Of Keras' own layers of these names none does anything, to values that images have or have not."""
    if not hasattr(layers, kind):
        pytest.skip("not in this version of Keras")
    shape = IMAGE[1:] if kind.endswith("1D") else IMAGE
    made = getattr(layers, kind)(**REQUIRED.get(kind, {}))
    x = DRAW.uniform(-300, 300, size=(2, *shape)).astype(np.float32)
    np.testing.assert_array_equal(keras.Sequential([layers.Input(shape), made]).predict(x, verbose=0), x)


@pytest.mark.parametrize(("kind", "options"), [("RandomFlip", {}), ("Resizing", {"height": 6, "width": 6})])
def test_changes_no_image_of_a_functional_model(kind: str, options: dict[str, int], tmp_path: Path) -> None:
    """Keras writes ``training=True``, the default of such a layer, into the file."""
    image = layers.Input((6, 6, 2))
    model = keras.Model(image, layers.Conv2D(2, 3)(getattr(layers, kind)(**options)(image)))
    model.save(tmp_path / "it.keras")
    x = DRAW.uniform(-1, 1, size=(2, 6, 6, 2)).astype(np.float32)
    (found,) = floating.run(read_graph(tmp_path / "it.keras"), x)
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)


CASES = SHARED / "cases" / "nested_and_augment"


@pytest.mark.parametrize("name", ["c10_nested.keras", "c10b_nested_seq.h5", "c10c_augment.keras"])
def test_cases(name: str) -> None:
    if not CASES.is_dir():
        pytest.skip("the shared cases are not here")
    path = CASES / name
    x = np.load(path.with_suffix(".npz"))["x_test"].astype(np.float32)
    (found,) = floating.run(read_graph(path), x)
    wanted = keras.models.load_model(path).predict(x, verbose=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
