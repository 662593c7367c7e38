# SPDX-License-Identifier: Apache-2.0
"""Weights of 1 bit and ternary ones, their scales, and the integers that they lead to."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog import storage
from kerilog.build import Options
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Binary, FewLevels, Fixed, Ternary
from kerilog.graph import Activation, Conv2D, Dense, DepthwiseConv2D, Graph, Input, Node, Reshape
from kerilog.integer.model import run_all
from kerilog.qgraph import DoubleMultiplier, QConv2D, QDense, QGraph, Shift
from kerilog.quantize import LayerSettings, Settings, calibrate, quantize, read_settings
from kerilog.report.conversion import convert

DRAW = np.random.default_rng(11)
X = DRAW.normal(size=(32, 5, 5, 3)).astype(np.float32)


def network() -> Graph:
    def array(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return DRAW.normal(size=shape).astype(np.float32) / 3

    spread = np.float32([0.1, 0.5, 1, 4])
    nodes = (
        Node("image", Input(), (), (5, 5, 3)),
        Node("conv", Conv2D(array(3, 3, 3, 4) * spread, array(4)), ("image",), (3, 3, 4)),
        Node("relu", Activation("relu"), ("conv",), (3, 3, 4)),
        Node("deep", DepthwiseConv2D(array(2, 2, 4, 2), array(8)), ("relu",), (2, 2, 8)),
        Node("flat", Reshape(), ("deep",), (32,)),
        Node("digit", Dense(array(32, 5), array(5)), ("flat",), (5,)),
    )
    return Graph("network", nodes, ("digit",))


CALIBRATION = calibrate(network(), X)
LAYERS = ("conv", "deep", "digit")


def built(**default: Any) -> QGraph:
    return quantize(CALIBRATION, settings=Settings(LayerSettings(**default)))


def matrix(graph: QGraph, name: str) -> QConv2D | QDense:
    op = graph[name].op
    assert isinstance(op, QConv2D | QDense)
    return op


def levels(graph: QGraph, name: str) -> FewLevels:
    format = matrix(graph, name).kernel_format
    assert isinstance(format, FewLevels)
    return format


def floats(name: str) -> np.ndarray[Any, Any]:
    op = CALIBRATION.graph[name].op
    assert isinstance(op, Conv2D | DepthwiseConv2D | Dense)
    return op.kernel.reshape(-1, op.bias.size).astype(np.float64)


def test_codes_of_both_formats() -> None:
    values = np.array([-3.0, -1.0, -0.6, -0.5, -0.4, -0.0, 0.0, 0.4, 0.5, 7.0])
    assert Binary().quantize(values).tolist() == [-1] * 5 + [1] * 5
    assert Ternary().quantize(values).tolist() == [-1, -1, -1, -1, 0, 0, 0, 0, 1, 1]
    assert (Binary().bits, Ternary().bits) == (1, 2)
    both = Ternary(scale=(2.0, 0.25))
    assert both.dequantize(both.quantize(np.array([[0.9, 0.9], [-1.5, 0.1]]))).tolist() == [
        [0, 0.25],
        [-2, 0],
    ]
    assert (Binary(scale=0.25).frac, Ternary(scale=8.0).frac) == (2, -3)
    assert Binary(scale=0.75).frac is None and Binary(scale=(1.0, 1.0)).frac is None
    assert str(Binary(scale=0.5)) == "binary<scale 0.5>" and str(both) == "ternary<scale 0.25..2>"


@pytest.mark.parametrize(("bits", "kind"), [(1, Binary), ("ternary", Ternary)])
def test_without_a_scale_of_their_own_it_is_one_power_of_two(bits: object, kind: type) -> None:
    graph = built(weight_bits=bits)
    for name in LAYERS:
        format = levels(graph, name)
        assert type(format) is kind and format.frac is not None
        assert isinstance(matrix(graph, name).rescale, Shift)
        codes = set(np.unique(matrix(graph, name).kernel).tolist())
        assert codes == ({-1, 1} if kind is Binary else {-1, 0, 1})
        # no other power of two is closer to the weights
        flat = floats(name)
        error = np.sum((format.dequantize(format.quantize(flat)) - flat) ** 2)
        for frac in range(-4, 9):
            other = kind(scale=2.0**-frac)
            assert error <= np.sum((other.dequantize(other.quantize(flat)) - flat) ** 2)


def test_a_binary_point_may_be_chosen() -> None:
    graph = built(weight_bits=1, weight_frac=0)
    assert {levels(graph, name).scale for name in LAYERS} == {1.0}


def test_a_scale_for_each_channel_is_the_mean_magnitude_in_8_bits() -> None:
    graph = built(weight_bits=1, weight_scale="channel")
    for name in LAYERS:
        scales = levels(graph, name).scales
        means = np.abs(floats(name)).mean(axis=0)
        assert scales.shape == means.shape
        step = scales.max() / 255
        assert np.abs(scales - means).max() <= step, name
        steps = scales / 2.0 ** -np.ceil(np.log2(1 / scales.min()) + 8)
        assert np.array_equal(steps, np.rint(steps))


def test_ternary_scales_leave_the_least_error() -> None:
    graph = built(weight_bits="ternary", weight_scale="channel")
    for name in LAYERS:
        format, flat = levels(graph, name), floats(name)
        error = np.sum((format.dequantize(format.quantize(flat)) - flat) ** 2, axis=0)
        for factor in (0.9, 1.1):
            other = dataclasses.replace(format, scale=tuple((format.scales * factor).tolist()))
            assert np.all(
                error <= 1.02 * np.sum((other.dequantize(other.quantize(flat)) - flat) ** 2, axis=0)
            )


@pytest.mark.parametrize("bits", [1, "ternary"])
@pytest.mark.parametrize("bias_bits", [None, 6])
def test_scales_join_the_rescaling_exactly(bits: object, bias_bits: int | None) -> None:
    """Codes are the real sums, made in exact numbers, rounded once with ties away from zero."""
    graph = built(weight_bits=bits, weight_scale="channel", bias_bits=bias_bits)
    codes = graph["image"].format.quantize(X)
    tensors = run_all(graph, codes)
    op, format = matrix(graph, "digit"), graph["digit"].format
    assert isinstance(op.rescale, DoubleMultiplier) and isinstance(op.bias_format, Affine)
    source = graph["flat"].format
    real = source.dequantize(tensors["flat"]) @ op.kernel_format.dequantize(op.kernel)
    real = real + op.bias * source.scales * op.kernel_format.scales
    steps = real / format.scales
    rounded = np.clip(np.trunc(steps + np.copysign(0.5, steps)), format.minimum, format.maximum)
    assert np.array_equal(tensors["digit"], rounded)
    float_op = CALIBRATION.graph["digit"].op
    assert isinstance(float_op, Dense)
    off = np.abs(op.bias * source.scales * op.kernel_format.scales - float_op.bias)
    assert np.all(off <= op.bias_format.scales / 2)


def test_a_channel_without_weights_keeps_its_bias() -> None:
    kernel = np.float32([[0, 1], [0, -1]])
    nodes = (
        Node("x", Input(), (), (2,)),
        Node("fc", Dense(kernel, np.float32([-3.0, 0.5])), ("x",), (2,)),
    )
    calibration = calibrate(Graph("dead", nodes, ("fc",)), DRAW.normal(size=(20, 2)).astype(np.float32))
    graph = quantize(calibration, settings=Settings(LayerSettings(weight_bits=1, weight_scale="channel")))
    result = run_all(graph, graph["x"].format.quantize(np.ones((1, 2))))["fc"]
    assert graph["fc"].format.dequantize(result)[0, 0] == pytest.approx(-3.0, abs=0.1)


def test_the_report_counts_with_the_codes_that_there_are() -> None:
    """A weight near 0 is +1 or -1 in one bit, and 0 in two."""
    values = np.array([0.1, -0.1, 0.5, -0.0])
    one = convert(values, Binary(scale=0.5))
    assert one.error.noise == pytest.approx(0.16 + 0.16 + 0.25) and one.underflow == 0
    two = convert(values, Ternary(scale=0.5))
    assert two.error.noise == pytest.approx(0.01 + 0.01) and two.underflow == 2


def test_first_and_last_layer_may_keep_8_bits(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[layers.conv]\nweight_bits = 8\n[layers.digit]\nweight_bits = 8\n")
    settings = Options(config=path, weight_bits=1, weight_scale="channel").settings()
    graph = quantize(CALIBRATION, settings=settings)
    kinds = [type(matrix(graph, name).kernel_format) for name in LAYERS]
    assert kinds == [Fixed, Binary, Fixed]
    path.write_text('[default]\nweight_scale = "channel"\n[layers.deep]\nweight_bits = "ternary"\n')
    graph = quantize(CALIBRATION, settings=read_settings(path))
    assert [type(matrix(graph, name).kernel_format) for name in LAYERS] == [Fixed, Ternary, Fixed]


def test_a_saved_model_is_the_same(tmp_path: Path) -> None:
    graph = built(weight_bits="ternary", weight_scale="channel")
    storage.save(graph, tmp_path / "model.npz")
    again = storage.load(tmp_path / "model.npz")
    assert [matrix(again, name).kernel_format for name in LAYERS] == [levels(graph, name) for name in LAYERS]
    codes = graph["image"].format.quantize(X)
    assert np.array_equal(run_all(again, codes)["digit"], run_all(graph, codes)["digit"])


@pytest.mark.parametrize(
    ("layers", "default", "message"),
    [
        (
            {"conv": {"weight_scale": "channel"}},
            {},
            "layer 'conv': weight_scale: is for weights of 1 bit and ternary ones, found weights of 8 bits; "
            "per_channel gives those a binary point for each channel",
        ),
        (
            {},
            {"weight_scale": "channel"},
            "weight_scale: is for weights of 1 bit .*, found weights of 8 bits",
        ),
        (
            {"conv": {"weight_bits": 4, "weight_scale": "none"}},
            {"weight_bits": 1},
            "layer 'conv': weight_scale: is for weights of 1 bit .*, found weights of 4 bits",
        ),
        (
            {"conv": {"weight_bits": 1}},
            {"per_channel": True},
            "layer 'conv': per_channel: weights of 1 bit have none; weight_scale 'channel' gives them",
        ),
        ({}, {"weight_bits": "ternary", "per_channel": True}, "per_channel: ternary weights have none"),
        (
            {"deep": {"weight_bits": 1, "weight_scale": "channel", "weight_frac": 2}},
            {},
            "layer 'deep': weight_frac: weights of 1 bit with a scale for each channel have no binary point",
        ),
        ({"relu": {"weight_bits": 1}}, {}, "layer 'relu' is folded into another layer"),
        ({"flat": {"weight_scale": "none"}}, {}, "layer 'flat': weight_scale: Reshape has no weights"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    layers: dict[str, Any], default: dict[str, Any], message: str
) -> None:
    chosen = Settings(
        LayerSettings(**default), {name: LayerSettings(**values) for name, values in layers.items()}
    )
    with pytest.raises(KerilogError, match=message) as caught:
        quantize(CALIBRATION, settings=chosen)
    assert "\n" not in str(caught.value)


def test_the_scheme_affine_has_none() -> None:
    layer = {"conv": LayerSettings(weight_bits=1)}
    with pytest.raises(KerilogError, match="layer 'conv': weight_bits: is for the scheme fixed; affine has"):
        quantize(CALIBRATION, "affine", settings=Settings(layers=layer))


def test_sums_too_large_for_scales_are_refused() -> None:
    kernel, bias = np.float32([[0.75, -0.5]]), np.float32([2.0**31, 0])
    formats = Binary(scale=(0.75, 0.5)), Fixed(40, 0)
    nodes = (
        Node("x", Input(), (), (1,)),
        Node("fc", Dense(kernel, bias, kernel_format=formats[0], bias_format=formats[1]), ("x",), (2,)),
    )
    calibration = calibrate(Graph("large", nodes, ("fc",)), np.float32([[1], [-1]]))
    with pytest.raises(KerilogError, match=r"layer 'fc': expected sums below 2\*\*31 before their scales"):
        quantize(calibration)
