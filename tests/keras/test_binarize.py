# SPDX-License-Identifier: Apache-2.0
"""A binarized Keras model computes what the study of its file says."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog import floating, frontend
from kerilog.errors import KerilogError
from kerilog.graph import Graph
from kerilog.study.binarize import KINDS, binarized
from kerilog.transforms import simplify

keras = pytest.importorskip("keras", reason="makes the models")


def drawn() -> Any:
    """Every layer that may be binary, with and without what is optional, one inside another model."""
    layers = keras.layers
    inner = keras.Sequential([layers.Input((6, 6, 4)), layers.DepthwiseConv2D(3), layers.ReLU()])
    model = keras.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(),
            inner,
            layers.BatchNormalization(scale=False),
            layers.SeparableConv2D(3, 2),
            layers.BatchNormalization(center=False),
            layers.Conv2DTranspose(2, 2),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    rng = np.random.default_rng(8)
    model.set_weights([rng.normal(0.5, 1, w.shape) ** (2 if w.ndim == 1 else 1) for w in model.get_weights()])
    return model


def test_it_computes_what_the_study_computes(tmp_path: Path) -> None:
    from kerilog.keras import binarize

    model = drawn()
    before = model.get_weights()
    model.save(tmp_path / "m.keras")
    graph = frontend.load(tmp_path / "m.keras")
    assert isinstance(graph, Graph)
    x = np.random.default_rng(9).random((5, 8, 8, 2)).astype(np.float32)
    for count in range(len(KINDS) + 1):
        for kinds in itertools.combinations(KINDS, count):
            made = binarize(model, **{kind: kind in kinds for kind in KINDS})
            expected = np.asarray(made.predict_on_batch(x))
            (found,) = floating.run(simplify(binarized(graph, kinds)), x)
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


def test_only_built_models() -> None:
    from kerilog.keras import binarize

    with pytest.raises(KerilogError, match="expected a Keras model that is built, got Sequential"):
        binarize(keras.Sequential())
