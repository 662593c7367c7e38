# SPDX-License-Identifier: Apache-2.0
"""Normalization and Rescaling compute what Keras predicts, for every axis and both kinds of file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog import floating
from kerilog.frontend import load
from kerilog.graph import Graph
from kerilog.transforms import simplify

keras = pytest.importorskip("keras")
layers = keras.layers
IMAGE = (4, 5, 3)

LAYERS: dict[str, tuple[tuple[int, ...], Callable[[], object]]] = {
    "channels": (IMAGE, lambda: layers.Normalization()),
    "whole": (IMAGE, lambda: layers.Normalization(axis=None)),
    "pixels": (IMAGE, lambda: layers.Normalization(axis=(1, 2))),
    "elements": (IMAGE, lambda: layers.Normalization(axis=(1, 2, 3))),
    "columns": (IMAGE, lambda: layers.Normalization(axis=-2)),
    "inverted": (IMAGE, lambda: layers.Normalization(invert=True)),
    "features": ((7,), lambda: layers.Normalization()),
    "given": (IMAGE, lambda: layers.Normalization(mean=3.0, variance=2.0)),
    "given per channel": (IMAGE, lambda: layers.Normalization(mean=[3.0, 1, 2], variance=[2.0, 1, 4])),
    "given per row": (
        IMAGE,
        lambda: layers.Normalization(axis=1, mean=[3.0, 1, 2, 5], variance=[2.0, 1, 4, 0]),
    ),
    "rescaled per channel": (IMAGE, lambda: layers.Rescaling([1.0, 2, 3], [1.0, 0, 1])),
    "rescaled by an array": (IMAGE, lambda: layers.Rescaling(np.array([1.0, 2, 3]))),
}


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", LAYERS)
def test_as_keras_predicts(name: str, suffix: str, tmp_path: Path) -> None:
    shape, make = LAYERS[name]
    x = np.random.default_rng(4).normal(3, 5, (20, *shape)).astype(np.float32)
    scaling = make()
    if isinstance(scaling, layers.Normalization) and scaling.input_mean is None:
        scaling.adapt(x)
    last = layers.Dense(2) if len(shape) == 1 else layers.Conv2D(2, 3, padding="same")
    model = keras.Sequential([keras.Input(shape), scaling, last])
    model.save(tmp_path / f"model.{suffix}")
    graph = load(tmp_path / f"model.{suffix}")
    assert isinstance(graph, Graph)
    expected = model(x).numpy()
    largest = np.abs(expected).max()
    for one in (graph, simplify(graph)):
        assert np.abs(floating.run(one, x)[0] - expected).max() < 1e-5 * largest
