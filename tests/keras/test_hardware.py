# SPDX-License-Identifier: Apache-2.0
"""From a Keras model with converters of odd widths to RTL that gives the same codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog import build, storage
from kerilog.integer.model import run
from kerilog.verify import simulate

keras = pytest.importorskip("keras")
converters = pytest.importorskip("kerilog.keras")
layers = keras.layers
SHAPE = (8, 7, 2)


@pytest.mark.parametrize(("weights", "activations", "bias"), [(2, 3, 4), (4, 4, 8), (7, 5, 6)])
def test_rtl_equals_keras(tmp_path: Path, weights: int, activations: int, bias: int) -> None:
    keras.utils.set_random_seed(weights)
    stack = [
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(6, activation="relu"),
        layers.Dense(5, activation="softmax"),
    ]
    draw = np.random.default_rng(weights)
    x = draw.normal(size=(60, *SHAPE)).astype(np.float32)
    model = converters.insert_converters(
        keras.Sequential([keras.Input(SHAPE), *stack]), x, weights, activations, bias
    )
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=x)
    build.build(tmp_path / "model.keras", tmp_path / "out", build.Options(data=tmp_path / "data.npz"))

    graph = storage.load(tmp_path / "out" / storage.FILE_NAME)
    logits = keras.Model(model.inputs, model.layers[-2].output)([x])
    codes = np.array(logits, np.float64) / graph[graph.outputs[0]].format.scales
    inputs = build.codes_of(graph, x)
    assert np.array_equal(run(graph, inputs), codes)
    assert np.array_equal(simulate(tmp_path / "out", inputs).codes, codes)
