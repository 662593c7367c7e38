# SPDX-License-Identifier: Apache-2.0
"""Layers of Larq and QKeras, from files as these libraries write them, against their formulas in NumPy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerilog.errors import Unsupported
from kerilog.floating import run
from kerilog.frontend import load
from kerilog.graph import Graph
from kerilog.integer import model as integer
from kerilog.plan import plan
from kerilog.quantize import Settings, calibrate, quantize
from support.designs import check

DRAW = np.random.default_rng(3)
SIGN = {"class_name": "SteSign", "config": {"name": "ste_sign", "clip_value": 1.0}}
TERN = {"class_name": "SteTern", "config": {"threshold_value": 0.5, "ternary_weight_networks": False}}
BINARY = {"class_name": "binary", "config": {"use_01": False, "alpha": 1.0}}
IMAGE = (4, 5, 2)
X = DRAW.integers(-2, 3, size=(3, *IMAGE)).astype(np.float32)
"""Has many zeros."""
STEPS = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)


def sign(values: np.ndarray) -> np.ndarray:
    return np.sign(np.sign(values) + 0.1)  # as larq.math.sign


def ternary(values: np.ndarray) -> np.ndarray:
    return np.sign(np.sign(values + 0.5) + np.sign(values - 0.5))  # as larq.quantizers.ste_tern


def write(path: Path, kind: str, kernel: np.ndarray | None, shape: tuple[int, ...], **options: Any) -> Path:
    config = {"name": "q", "use_bias": False, **options}
    layers = [
        {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [None, *shape]}},
        {"class_name": kind, "config": config},
    ]
    with h5py.File(path, "w") as file:
        model = {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}
        file.attrs["model_config"] = json.dumps(model)
        file.attrs["keras_version"] = b"2.11.0"
        group = file.create_group("model_weights/q")
        group.attrs["weight_names"] = [] if kernel is None else [b"q/kernel:0"]
        if kernel is not None:
            group["q/kernel:0"] = kernel
    return path


def outputs(path: Path, x: np.ndarray) -> np.ndarray:
    graph = load(path)
    assert isinstance(graph, Graph)
    return np.asarray(run(graph, x)[-1])


def convolved(x: np.ndarray, kernel: np.ndarray, border: float) -> np.ndarray:
    """Padding "same" of a window 3x3 with ``border`` around ``x``."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=border)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("nijchw,hwco->nijo", windows, kernel)


@pytest.mark.parametrize("border", [0.0, 1.0, -1.0])
@pytest.mark.parametrize(("quantizer", "levels"), [(SIGN, sign), ("approx_sign", sign), (TERN, ternary)])
def test_convolution_of_larq(border: float, quantizer: Any, levels: Any, tmp_path: Path) -> None:
    kernel = DRAW.choice(STEPS, size=(3, 3, 2, 3)).astype(np.float32)
    options = {"filters": 3, "kernel_size": [3, 3], "padding": "same", "pad_values": border}
    own = {"input_quantizer": "ste_sign", "kernel_quantizer": quantizer}
    path = write(tmp_path / "m.h5", "QuantConv2D", kernel, IMAGE, **options, **own)
    expected = convolved(sign(X), levels(kernel), border)
    np.testing.assert_array_equal(outputs(path, X), expected)


@pytest.mark.parametrize("border", [0.0, 1.0, -1.0])
def test_depthwise_convolution_of_larq(border: float, tmp_path: Path) -> None:
    kernel = DRAW.choice(STEPS, size=(3, 3, 2, 1)).astype(np.float32)
    options = {"kernel_size": [3, 3], "padding": "same", "pad_values": border, "depth_multiplier": 1}
    own = {"input_quantizer": SIGN, "depthwise_quantizer": TERN}
    path = write(tmp_path / "m.h5", "QuantDepthwiseConv2D", kernel, IMAGE, **options, **own)
    expected = [convolved(sign(X[..., [c]]), ternary(kernel[:, :, [c]]), border) for c in range(2)]
    np.testing.assert_array_equal(outputs(path, X), np.concatenate(expected, axis=-1))


@pytest.mark.parametrize(("border", "quantizer"), [(0.5, SIGN), (1.0, None)])
def test_other_borders_of_larq_are_refused(border: float, quantizer: Any, tmp_path: Path) -> None:
    options = {"filters": 3, "kernel_size": [3, 3], "padding": "same", "pad_values": border}
    kernel = np.ones((3, 3, 2, 3), np.float32)
    path = write(tmp_path / "m.h5", "QuantConv2D", kernel, IMAGE, input_quantizer=quantizer, **options)
    with pytest.raises(Unsupported, match=r"layer 'q'.*with pad_values .* is not supported, only 0, and"):
        load(path)


def test_dense_of_larq_and_of_qkeras(tmp_path: Path) -> None:
    kernel = DRAW.choice(STEPS, size=(6, 4)).astype(np.float32)
    x = DRAW.integers(-2, 3, size=(5, 6)).astype(np.float32)
    own = {"input_quantizer": SIGN, "kernel_quantizer": SIGN}
    larq = write(tmp_path / "l.h5", "QuantDense", kernel, (6,), units=4, **own)
    np.testing.assert_array_equal(outputs(larq, x), sign(x) @ sign(kernel))
    for number, stored in enumerate((BINARY, "binary(alpha=1)")):
        path = write(tmp_path / f"{number}.h5", "QDense", kernel, (6,), units=4, kernel_quantizer=stored)
        np.testing.assert_array_equal(outputs(path, x), x @ sign(kernel))


@pytest.mark.parametrize(
    ("stored", "threshold"),
    [
        ({"class_name": "ternary", "config": {"alpha": 1, "threshold": 0.5, "number_of_unrolls": 5}}, 0.5),
        ({"class_name": "ternary", "config": {"alpha": 1.0, "threshold": None}}, 0.33),
        ("ternary(alpha=1,threshold=0.25)", 0.25),
        ("ternary(alpha=1.0)", 0.33),
    ],
)
def test_ternary_kernels_of_qkeras(stored: Any, threshold: float, tmp_path: Path) -> None:
    kernel = DRAW.choice([*STEPS, 0.33, -0.33], size=(6, 4)).astype(np.float32)
    x = DRAW.integers(-2, 3, size=(5, 6)).astype(np.float32)
    levels = (np.abs(kernel) >= np.float32(threshold)) * np.sign(kernel)
    path = write(tmp_path / "m.h5", "QDense", kernel, (6,), units=4, kernel_quantizer=stored)
    np.testing.assert_array_equal(outputs(path, x), x @ levels)


def test_activation_of_qkeras(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", "QActivation", None, (3,), activation="binary(alpha=1)")
    np.testing.assert_array_equal(outputs(path, np.array([[-1, 0, 2]], np.float32)), [[-1, 1, 1]])


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("QuantDense", {"input_quantizer": "ste_heaviside"}, "input_quantizer"),
    ("QuantDense", {"input_quantizer": None, "kernel_quantizer": "magnitude_aware_sign"}, "kernel_quantizer"),
    (
        "QuantDense",
        {
            "input_quantizer": None,
            "kernel_quantizer": {"class_name": "SteTern", "config": {"ternary_weight_networks": True}},
        },
        "kernel_quantizer",
    ),
    ("QDense", {"kernel_quantizer": "binary()"}, "kernel_quantizer"),
    ("QDense", {"kernel_quantizer": "__import__('os')"}, "kernel_quantizer"),
    (
        "QDense",
        {"kernel_quantizer": {"class_name": "binary", "config": {"alpha": "auto_po2"}}},
        "kernel_quantizer",
    ),
    ("QDense", {"kernel_quantizer": "ternary()"}, "kernel_quantizer"),
    ("QDense", {"kernel_quantizer": "ternary(alpha=2)"}, "kernel_quantizer"),
    ("QDense", {"kernel_quantizer": "ternary(alpha=1,threshold=0)"}, "kernel_quantizer"),
    ("QDense", {"kernel_quantizer": "ternary(alpha=1,use_stochastic_rounding=1)"}, "kernel_quantizer"),
    ("QDense", {"kernel_quantizer": "stochastic_ternary(alpha=1)"}, "kernel_quantizer"),
    (
        "QDense",
        {"kernel_quantizer": {"class_name": "ternary", "config": {"alpha": 1, "threshold": "auto"}}},
        "kernel_quantizer",
    ),
    ("QDense", {"kernel_quantizer": BINARY, "bias_quantizer": "quantized_bits(4,0,1)"}, "bias_quantizer"),
]


@pytest.mark.parametrize(("kind", "options", "role"), REFUSED)
def test_what_means_something_else_is_refused(
    kind: str, options: dict[str, Any], role: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "m.h5", kind, np.ones((6, 4), np.float32), (6,), units=4, **options)
    with pytest.raises(Unsupported, match=rf"layer 'q'.*{kind} with {role} .* is not supported, only "):
        load(path)


@pytest.mark.parametrize("border", [0.0, 1.0, -1.0])
@pytest.mark.parametrize(("quantizer", "levels"), [(SIGN, sign), (TERN, ternary)])
def test_integer_model_of_larq(border: float, quantizer: Any, levels: Any, tmp_path: Path) -> None:
    kernel = DRAW.choice(STEPS, size=(3, 3, 2, 3)).astype(np.float32)
    options = {"filters": 3, "kernel_size": [3, 3], "padding": "same", "pad_values": border}
    own = {"input_quantizer": "ste_sign", "kernel_quantizer": quantizer}
    graph = load(write(tmp_path / "m.h5", "QuantConv2D", kernel, IMAGE, **options, **own))
    assert isinstance(graph, Graph)
    whole = quantize(calibrate(graph, X), settings=Settings())
    codes = integer.run(whole, whole.inputs[0].format.quantize(X))
    found = whole[whole.outputs[0]].format.dequantize(codes)
    np.testing.assert_array_equal(found, convolved(sign(X), levels(kernel), border))


def test_hardware_of_larq(tmp_path: Path) -> None:
    kernel = DRAW.choice(STEPS, size=(3, 3, 2, 3)).astype(np.float32)
    options = {"filters": 3, "kernel_size": [3, 3], "padding": "same", "pad_values": 1.0}
    own = {"input_quantizer": SIGN, "kernel_quantizer": SIGN}
    graph = load(write(tmp_path / "m.h5", "QuantConv2D", kernel, IMAGE, **options, **own))
    assert isinstance(graph, Graph)
    whole = quantize(calibrate(graph, X), settings=Settings())
    check(whole, plan(whole), tmp_path / "design", "a convolution of signs")
