# SPDX-License-Identifier: Apache-2.0
"""Widths, binary points and ranges that a user chooses, in Python, in TOML and on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog.build import Options
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Fixed, Format
from kerilog.graph import (
    Activation,
    Array,
    Concatenate,
    Conv2D,
    Dense,
    Graph,
    Input,
    MaxPooling2D,
    Node,
    Reshape,
)
from kerilog.integer.model import run_all
from kerilog.qgraph import QConv2D, QDense, QGraph, Shift
from kerilog.quantize import LayerSettings, Settings, calibrate, quantize, read_settings

DRAW = np.random.default_rng(3)
X = DRAW.normal(size=(64, 6, 6, 2)).astype(np.float32)


def network() -> Graph:
    def array(*shape: int) -> Array:
        return DRAW.normal(size=shape).astype(np.float32) / 3

    nodes = (
        Node("image", Input(), (), (6, 6, 2)),
        Node(
            "conv", Conv2D(array(3, 3, 2, 4) * np.float32([0.01, 1, 1, 8]), array(4)), ("image",), (4, 4, 4)
        ),
        Node("relu", Activation("relu"), ("conv",), (4, 4, 4)),
        Node("pool", MaxPooling2D((2, 2), (2, 2)), ("relu",), (2, 2, 4)),
        Node("flat", Reshape(), ("pool",), (16,)),
        Node("gate", Activation("sigmoid"), ("flat",), (16,)),
        Node("digit", Dense(array(16, 5), array(5)), ("gate",), (5,)),
        Node("softmax", Activation("softmax"), ("digit",), (5,)),
    )
    return Graph("network", nodes, ("softmax",))


NETWORK = network()
CALIBRATION = calibrate(NETWORK, X)


def built(scheme: str = "fixed", **default: object) -> QGraph:
    return quantize(CALIBRATION, scheme, settings=Settings(LayerSettings(**default)))  # type: ignore[arg-type]


def layered(layers: dict[str, LayerSettings], scheme: str = "fixed") -> QGraph:
    return quantize(CALIBRATION, scheme, settings=Settings(layers=layers))


def matrix(graph: QGraph, name: str) -> QConv2D | QDense:
    op = graph[name].op
    assert isinstance(op, QConv2D | QDense)
    return op


def noise(graph: QGraph) -> float:
    """Root mean squared error of the last layer against the widest formats."""
    wide = built(weight_bits=16, activation_bits=16, bias_bits=16)
    real = [
        net["digit"].format.dequantize(run_all(net, net["image"].format.quantize(X))["digit"])
        for net in (graph, wide)
    ]
    return float(np.sqrt(np.mean((real[0] - real[1]) ** 2)))


def test_widths_apply_to_weights_activations_and_biases_apart() -> None:
    graph = built(weight_bits=3, activation_bits=11, bias_bits=5)
    assert {node.format.bits for node in graph} == {11}
    for name in ("conv", "digit"):
        op = matrix(graph, name)
        assert (op.kernel_format.bits, op.bias_format.bits) == (3, 5)
        assert op.kernel.min() >= -4 and op.kernel.max() <= 3


def test_every_width_works_and_more_bits_help() -> None:
    def narrow(bits: int) -> QGraph:
        # as few bits for the results, too, which keep 8 otherwise
        chosen = LayerSettings(weight_bits=bits, activation_bits=bits, bias_bits=bits)
        return quantize(
            CALIBRATION, settings=Settings(chosen, {"digit": LayerSettings(activation_bits=bits)})
        )

    errors = [noise(narrow(bits)) for bits in range(2, 16)]
    assert errors[0] > 4 * errors[3] > 16 * errors[6] > 64 * errors[10]


def test_a_bias_at_the_precision_of_the_accumulator() -> None:
    for name in ("conv", "digit"):
        op = matrix(built(bias_bits="accumulator"), name)
        float_op = CALIBRATION.graph[name].op
        assert isinstance(float_op, Conv2D | Dense)
        step = op.bias_format.scales
        assert np.abs(op.bias * step - float_op.bias).max() <= step / 2
        assert abs(op.bias).max() < 2 ** (op.bias_format.bits - 1)
        assert step == op.kernel_format.scales * source_step(built(bias_bits="accumulator"), name)


def source_step(graph: QGraph, name: str) -> np.ndarray:
    return graph[graph[name].inputs[0]].format.scales


def test_weights_per_channel() -> None:
    graph = built(per_channel=True, weight_bits=4)
    op = matrix(graph, "conv")
    assert isinstance(op.kernel_format, Fixed) and isinstance(op.kernel_format.frac, tuple)
    fracs = np.array(op.kernel_format.frac)
    assert fracs[0] - fracs[3] >= 6, "weights of the last channel are 800 times those of the first"
    assert isinstance(op.rescale, Shift) and np.array_equal(
        op.rescale.shift - op.rescale.shift[0], fracs - fracs[0]
    )
    # Each channel's own error is within half a step of its own.
    float_op = CALIBRATION.graph["conv"].op
    assert isinstance(float_op, Conv2D)
    assert np.all(
        np.abs(op.kernel_format.dequantize(op.kernel) - float_op.kernel) <= 1.5 * op.kernel_format.scales
    )
    assert noise(built(per_channel=True)) < noise(built())


def test_one_layer_may_differ() -> None:
    graph = layered(
        {"conv": LayerSettings(weight_bits=4, activation_bits=6, frac=5, weight_frac=1, bias_frac=2)}
    )
    assert graph["conv"].format == Fixed(6, 5)
    assert matrix(graph, "conv").kernel_format == Fixed(4, 1)
    assert matrix(graph, "conv").bias_format == Fixed(8, 2)
    assert matrix(graph, "digit").kernel_format.bits == 8
    assert graph["pool"].format == graph["conv"].format


def test_ranges_differ_by_layer() -> None:
    def format_with(choice: str) -> Format:
        return layered({"conv": LayerSettings(range=choice, percentile=90)}, "affine")["conv"].format

    formats = [format_with(choice) for choice in ("minmax", "percentile", "mse", "entropy")]
    assert formats[0] == built("affine", range="minmax")["conv"].format
    assert all(isinstance(format, Affine) and format.scales <= formats[0].scales for format in formats)
    assert len(set(formats)) >= 3


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        '[default]\nweight_bits = 6\nrange = "msb"\nbias_bits = "accumulator"\n'
        '[layers."conv"]\nactivation_bits = 5\nfrac = -1\nper_channel = true\npercentile = 99\n'
    )
    expected = Settings(
        LayerSettings(weight_bits=6, range="msb", bias_bits="accumulator"),
        {"conv": LayerSettings(activation_bits=5, frac=-1, per_channel=True, percentile=99)},
    )
    assert read_settings(path) == expected
    # What stands on the command line goes over the file's defaults, and the file's layers over both.
    merged = Options(config=path, weight_bits=3, range="mse").settings()
    assert merged.of("digit") == LayerSettings(weight_bits=3, range="mse", bias_bits="accumulator")
    assert merged.of("conv").activation_bits == 5 and merged.of("conv").weight_bits == 3
    assert Options().settings() == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[default\n", "is no TOML: "),
        (b"\xff\xfe", "is no TOML: "),
        ("[layer.conv]\n", "there is no setting \"layer\"; the nearest is 'layers'"),
        ("layers = 3\n", "layers: expected a table, found 3"),
        ("[layers]\nconv = 4\n", r"layers\.conv: expected a table, found 4"),
        ('[layers."a b"]\nfrac = ""\n', r'layers\."a b"\.frac: expected an integer from -64 to 64, found ""'),
        (
            "[default]\nweight_bit = 4\n",
            "default: there is no setting \"weight_bit\"; the nearest is 'weight_bits'",
        ),
        (
            '[layers.conv2d]\nweight_bits = "eight"\n',
            r'layers\.conv2d\.weight_bits: expected an integer from 1 to 16 or "ternary", found "eight"',
        ),
        (
            '[default]\nweight_bits = "4"\n',
            'default.weight_bits: expected an integer from 1 to 16 or "ternary", found "4"',
        ),
        (
            "[default]\nweight_bits = true\n",
            'weight_bits: expected an integer from 1 to 16 or "ternary", found true',
        ),
        (
            "[default]\nweight_bits = [4]\n",
            r'weight_bits: expected an integer from 1 to 16 or "ternary", found \[4\]',
        ),
        (
            "[default]\nweight_bits = 2024-01-01\n",
            'expected an integer from 1 to 16 or "ternary", found "2024-01-01"',
        ),
        ("[default]\nactivation_bits = 17\n", "activation_bits: expected an integer from 1 to 16, found 17"),
        ("[default]\nactivation_bits = 0\n", "activation_bits: expected an integer from 1 to 16, found 0"),
        ('[default]\nbias_bits = "acc"\n', 'expected an integer from 2 to 16 or "accumulator", found "acc"'),
        ("[default]\nfrac = 2.5\n", "frac: expected an integer from -64 to 64, found 2.5"),
        ("[default]\nper_channel = 1\n", "per_channel: expected true or false, found 1"),
        ("[default]\npercentile = 50\n", "percentile: expected a number above 50 and up to 100, found 50"),
        ("[default]\npercentile = nan\n", "percentile: expected a number above 50"),
        (
            '[default]\nrange = "best"\n',
            'range: expected one of "minmax", "percentile", "mse", "entropy", "msb", found "best"',
        ),
        ("[default]\nrange = []\n", r"range: expected one of .*, found \[\]"),
    ],
)
def test_toml_that_is_no_settings(text: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(KerilogError, match=message) as caught:
        read_settings(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_toml_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KerilogError, match=r"none\.toml: cannot be read: No such file"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(KerilogError, match="cannot be read: Is a directory"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("name", "layer", "scheme", "message"),
    [
        ("convv", {"frac": 3}, "fixed", "layer 'convv' is not in the model; the nearest is 'conv'"),
        ("relu", {"frac": 3}, "fixed", "layer 'relu' is folded into another layer; the nearest is"),
        ("pool", {"frac": 3}, "fixed", "layer 'pool': frac: MaxPooling2D has the format of its input"),
        ("image", {"weight_bits": 4}, "fixed", "layer 'image': weight_bits: Input has no weights"),
        ("softmax", {"range": "mse"}, "affine", "layer 'softmax': range: a softmax has no format"),
        ("gate", {"range": "mse"}, "affine", "layer 'gate': range: a sigmoid has no format"),
        ("conv", {"weight_bits": 4}, "affine", "layer 'conv': weight_bits: is for the scheme fixed"),
        ("conv", {"range": "msb"}, "affine", r"layer 'conv': range: expected one of minmax, .* found 'msb'"),
    ],
)
def test_settings_that_do_not_fit(name: str, layer: dict[str, object], scheme: str, message: str) -> None:
    with pytest.raises(KerilogError, match=message):
        layered({name: LayerSettings(**layer)}, scheme)  # type: ignore[arg-type]


def test_a_default_that_the_scheme_does_not_have() -> None:
    with pytest.raises(KerilogError, match="activation_bits: is for the scheme fixed"):
        built("affine", activation_bits=6)


def test_a_binary_point_out_of_reach_is_refused_by_name() -> None:
    with pytest.raises(KerilogError, match="layer 'conv': expected binary points at most 31 places apart"):
        layered({"conv": LayerSettings(frac=-40)})


def blocks() -> Graph:
    """Two layers of one name in two blocks, then side by side what they make."""
    kernel, bias = np.eye(4, dtype=np.float32), np.zeros(4, np.float32)
    nodes = (
        Node("x", Input(), (), (4,)),
        Node("a/fc", Dense(kernel, bias), ("x",), (4,)),
        Node("b/fc", Dense(kernel * 30, bias), ("x",), (4,)),
        Node("both/requantize0", Activation("relu"), ("a/fc",), (4,)),
        Node("sum", Concatenate(), ("x", "b/fc"), (8,)),
        Node("sum/requantize0", Dense(np.ones((8, 2), np.float32), np.zeros(2, np.float32)), ("sum",), (2,)),
    )
    return Graph("blocks", nodes, ("sum/requantize0", "both/requantize0"))


def test_a_layer_in_a_block_goes_by_its_whole_name() -> None:
    calibration = calibrate(blocks(), DRAW.normal(size=(20, 4)).astype(np.float32))
    graph = quantize(calibration, settings=Settings(layers={"b/fc": LayerSettings(weight_bits=5)}))
    assert [matrix(graph, name).kernel_format.bits for name in ("a/fc", "b/fc")] == [8, 5]
    with pytest.raises(KerilogError) as caught:
        quantize(calibration, settings=Settings(layers={"fc": LayerSettings(weight_bits=5)}))
    assert str(caught.value) == "settings: layer 'fc' is not in the model; it could be a/fc or b/fc"
    with pytest.raises(KerilogError, match="layer 'a' is not in the model; the nearest is 'a/fc'"):
        quantize(calibration, settings=Settings(layers={"a": LayerSettings(weight_bits=5)}))


def test_what_a_concatenation_brings_to_its_format_has_a_name_of_its_own() -> None:
    calibration = calibrate(blocks(), DRAW.normal(size=(20, 4)).astype(np.float32))
    names = [node.name for node in quantize(calibration)]
    assert len(set(names)) == len(names)
    assert "sum/requantize0_2" in names


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"weight_bits": 99}, '^weight_bits: expected an integer from 1 to 16 or "ternary", found 99$'),
        ({"weight_bits": 4.0}, 'weight_bits: expected an integer from 1 to 16 or "ternary", found 4.0'),
        ({"percentile": "99"}, 'percentile: expected a number above 50 and up to 100, found "99"'),
        ({"range": 3}, "range: expected one of"),
        ({"bias_bits": range(3)}, "bias_bits: expected an integer from 2 to 16 or"),
    ],
    ids=str,
)
def test_values_from_python_are_checked_as_those_of_files(values: dict[str, object], message: str) -> None:
    with pytest.raises(KerilogError, match=message):
        LayerSettings(**values)  # type: ignore[arg-type]
