# SPDX-License-Identifier: Apache-2.0
"""Better weights and biases before they are rounded: what the passes keep, and what they bring."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog import floating
from kerilog.build import Options
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Fixed
from kerilog.graph import (
    Activation,
    Array,
    AveragePooling2D,
    Conv2D,
    Converter,
    Dense,
    DepthwiseConv2D,
    Graph,
    Input,
    Node,
    Reshape,
)
from kerilog.integer.model import run_outputs
from kerilog.qgraph import QConv2D, QDense, QGraph
from kerilog.quantize import Calibration, LayerSettings, Settings, calibrate, convert, quantize, scheme_of
from kerilog.quantize.matrix import flat_kernel
from kerilog.quantize.settings import REFINE_PASSES, RefinePass
from kerilog.refine import refine
from kerilog.refine.correct_bias import correct_bias
from kerilog.refine.layers import Layer, change_layers
from kerilog.refine.learn_rounding import choice_of, errors, learn_rounding
from kerilog.refine.rows import Places, grouped, rows, ungrouped

SAMPLES = np.random.default_rng(8).gamma(1.0, 0.5, (300, 8, 8, 3)).astype(np.float32)


def network(last: str = "softmax") -> Graph:
    draw = np.random.default_rng(4)

    def array(*shape: int) -> Array:
        fan = max(int(np.prod(shape[:-1])), 1)
        return (draw.normal(size=shape) / np.sqrt(fan) * np.exp2(draw.uniform(-1, 1, shape[-1]))).astype(
            np.float32
        )

    nodes = (
        Node("image", Input(), (), (8, 8, 3)),
        Node(
            "conv",
            Conv2D(array(3, 3, 3, 6), array(6) / 4, padding="same", activation="relu"),
            ("image",),
            (8, 8, 6),
        ),
        Node(
            "depth",
            DepthwiseConv2D(array(3, 3, 6, 2), array(12) / 4, (2, 2), "same", activation="relu6"),
            ("conv",),
            (4, 4, 12),
        ),
        Node("groups", Conv2D(array(3, 3, 6, 8), array(8) / 4, groups=2), ("depth",), (2, 2, 8)),
        Node("leaky", Activation("leaky_relu", (0.1,)), ("groups",), (2, 2, 8)),
        Node("pool", AveragePooling2D((1, 2), (1, 2)), ("leaky",), (2, 1, 8)),
        Node("flat", Reshape(), ("pool",), (16,)),
        Node("digit", Dense(array(16, 5), array(5) / 4), ("flat",), (5,)),
        Node(last, Activation(last), ("digit",), (5,)),
    )
    return Graph("network", nodes, (last,))


NETWORK = network()
CALIBRATION = calibrate(NETWORK, SAMPLES)
FEW = Settings(LayerSettings(weight_bits=3))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["kerilog.refine.learn_rounding"], "ITERATIONS", 300)


def seen_layers(scheme: str = "fixed", chosen: Settings = FEW) -> list[Layer]:
    """Every layer of the network as the passes see it."""
    found: list[Layer] = []

    def keep(layer: Layer, *_: object) -> Any:
        found.append(layer)
        return layer.op

    own = scheme_of(CALIBRATION, scheme, "reference", chosen)
    graph = CALIBRATION.graph
    change_layers(graph, graph, own, frozenset(), SAMPLES, keep, lambda *_: None, "seeing")
    return found


def matrices(graph: QGraph) -> dict[str, QConv2D | QDense]:
    return {node.name: node.op for node in graph if isinstance(node.op, QConv2D | QDense)}


def refined(passes: tuple[RefinePass, ...], scheme: str = "fixed", bits: int = 3) -> Any:
    chosen = Settings(
        LayerSettings(weight_bits=bits) if scheme == "fixed" else LayerSettings(), refine=passes
    )
    return refine(CALIBRATION, SAMPLES, scheme, "reference", chosen)


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_what_a_layer_is_shown_is_what_the_integer_model_computes(scheme: str) -> None:
    """The sums of the integer layer, from rows and codes, requantized, are its codes in the integer model."""
    chosen = FEW if scheme == "fixed" else Settings()
    graph = quantize(CALIBRATION, scheme, settings=chosen)
    ends = dataclasses.replace(graph, outputs=tuple(matrices(graph)))
    codes = run_outputs(ends, graph.inputs[0].format.quantize(SAMPLES))
    for layer, name, found in zip(seen_layers(scheme, chosen), ends.outputs, codes, strict=True):
        made = layer.sums(layer.codes * layer.steps) + layer.bias.astype(np.float32)
        flat = made.transpose(1, 0, 2).reshape(-1, layer.op.bias.size)
        wanted = floating.activate(flat, layer.op.activation)
        total = int(np.prod(found.shape[:-1]))
        if len(wanted) == total:
            real = graph[name].format.dequantize(found).reshape(total, -1)
            low, high = graph[name].format.dequantize(
                np.array([graph[name].format.minimum, graph[name].format.maximum])
            )
            step = float(graph[name].format.scales)
            assert np.abs(np.clip(wanted, low, high) - real).max() <= 0.51 * step, name


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_learned_codes_are_beside_the_weight_and_in_range_and_no_worse(scheme: str) -> None:
    chosen = FEW if scheme == "fixed" else Settings()
    moved = 0
    for layer in seen_layers(scheme, chosen):
        op = learn_rounding(layer, np.random.default_rng(1), lambda _: None)
        format = layer.integer.kernel_format
        assert op.kernel_format == format
        codes = format.quantize(flat_kernel(op))
        assert np.abs(format.dequantize(codes) - flat_kernel(op)).max() < 1e-6
        least = -127 if isinstance(format, Affine) else format.minimum
        assert codes.min() >= least and codes.max() <= format.maximum
        low, high = format.dequantize(
            np.array([least, format.maximum])[:, np.newaxis] * np.ones((2, codes.shape[-1]))
        )
        kernel = flat_kernel(layer.op)
        inside = (kernel >= low) & (kernel <= high)
        assert np.all(
            np.abs(flat_kernel(op) - kernel)[inside]
            < 1.001 * np.broadcast_to(format.scales, kernel.shape)[inside]
        )
        nearest = format.quantize(kernel)
        assert np.array_equal(codes[~inside], nearest[~inside])
        before, after = (errors(layer, grouped(layer.op, one.astype(np.float64))) for one in (nearest, codes))
        assert np.all(after <= before)
        moved += int(np.count_nonzero(codes != nearest))
        if scheme == "fixed":
            assert after.sum() < 0.95 * before.sum()
    assert moved > 20


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.integers(-2, 4), st.lists(st.floats(-40, 40, width=32), min_size=1, max_size=20))
def test_both_codes_of_a_weight_are_in_the_range(bits: int, frac: int, weights: list[float]) -> None:
    format = Fixed(bits, frac)
    kernel = np.array(weights, np.float32)[:, np.newaxis]
    integer = dataclasses.replace(
        matrices(quantize(CALIBRATION))["digit"], kernel=format.quantize(kernel), kernel_format=format
    )
    op = Dense(kernel, np.zeros(1, np.float32))
    empty = np.zeros((1, 0, len(weights)), np.float32)
    choice = choice_of(Layer(op, integer, 1.0, empty, empty[..., :1]))
    for codes in (choice.low, choice.low + choice.free):
        assert codes.min() >= format.minimum and codes.max() <= format.maximum
    nearest = choice.low + (choice.free & (choice.share >= 0.5))
    differ = nearest.reshape(-1) != format.quantize(kernel).reshape(-1)
    assert np.all(np.isclose(choice.share.reshape(-1)[differ], 0.5))  # a tie may go either way


def test_a_kernel_and_its_groups() -> None:
    for name in ("conv", "depth", "groups", "digit"):
        op = CALIBRATION.graph[name].op
        assert isinstance(op, Conv2D | DepthwiseConv2D | Dense)
        assert np.array_equal(ungrouped(op, grouped(op, flat_kernel(op))).astype(np.float32), op.kernel)
    x = SAMPLES[:5]
    conv = CALIBRATION.graph["conv"].op
    assert isinstance(conv, Conv2D)
    places = Places.of(conv, x, np.random.default_rng(0))
    sums = rows(conv, x, places) @ grouped(conv, flat_kernel(conv)) + conv.bias
    linear = floating.run_all(CALIBRATION.graph, x)["conv"].reshape(-1, 6)
    np.testing.assert_allclose(np.maximum(sums[0], 0), linear, atol=1e-5)


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_corrected_biases_give_each_channel_its_mean(scheme: str) -> None:
    for layer in seen_layers(scheme, FEW if scheme == "fixed" else Settings()):
        op = correct_bias(layer, np.random.default_rng(0), lambda _: None)
        made = layer.sums(layer.codes * layer.steps) + grouped(op, op.bias[np.newaxis].astype(np.float64))
        np.testing.assert_allclose(made.mean(axis=1), layer.wanted.mean(axis=1), atol=1e-4)
        assert np.array_equal(op.kernel, layer.op.kernel)


def test_passes_are_told_one_by_one_and_help() -> None:
    found = refined(("correct-bias", "learn-rounding", "equalize"))
    assert [one.after for one in found.refined] == ["nearest", *REFINE_PASSES]
    assert {one.output for one in found.refined} == {"digit"} and found.warnings == ()
    signal = [one.snr_db for one in found.refined]
    assert signal[-1] > signal[0] + 6
    assert all(0 <= one.agreement <= 1 and one.samples == 300 for one in found.refined)
    again = refined(("equalize", "learn-rounding", "correct-bias"))
    for name, op in matrices(found.graph).items():
        assert np.array_equal(op.kernel, matrices(again.graph)[name].kernel)
        assert np.array_equal(op.bias, matrices(again.graph)[name].bias)


def test_without_passes_the_network_is_what_it_was() -> None:
    plain, found = quantize(CALIBRATION, settings=FEW), refine(CALIBRATION, SAMPLES, settings=FEW)
    assert found.refined == () and found.calibration is CALIBRATION
    for name, op in matrices(plain).items():
        assert np.array_equal(op.kernel, matrices(found.graph)[name].kernel)
        assert np.array_equal(op.bias, matrices(found.graph)[name].bias)


@pytest.mark.parametrize("one", ["learn-rounding", "correct-bias"])
def test_a_pass_moves_what_it_is_for_and_nothing_else(one: RefinePass) -> None:
    plain, found = quantize(CALIBRATION, settings=FEW), refined((one,))
    for node, other in zip(plain, found.graph, strict=True):
        assert (node.name, node.format, node.inputs) == (other.name, other.format, other.inputs)
    kernels, biases = (
        any(
            not np.array_equal(getattr(op, key), getattr(matrices(found.graph)[name], key))
            for name, op in matrices(plain).items()
        )
        for key in ("kernel", "bias")
    )
    assert (kernels, biases) == ((True, False) if one == "learn-rounding" else (False, True))


def test_the_command_takes_back_what_its_file_says(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('refine = ["equalize"]\n', encoding="utf-8")
    assert Options(config=file).settings().refine == ("equalize",)
    assert Options(config=file, refine=("correct-bias",)).settings().refine == ("correct-bias",)
    assert Options(config=file, refine=("none",)).settings().refine == ()
    with pytest.raises(KerilogError, match="refine: unknown pass 'none'"):
        Options(config=file, refine=("none", "equalize")).settings()


def test_affine_is_refined_too() -> None:
    found = refined(("learn-rounding", "correct-bias"), "affine")
    assert found.refined[-1].snr_db > found.refined[0].snr_db


def test_what_cannot_be_refined_is_refused_by_name() -> None:
    with pytest.raises(KerilogError, match=r"refine: unknown pass 'better'; choose of equalize, learn-round"):
        refine(CALIBRATION, SAMPLES, settings=Settings(refine=("better",)))  # type: ignore[arg-type]
    for bits in (1, "ternary"):
        few = Settings(layers={"groups": LayerSettings(weight_bits=bits)}, refine=("correct-bias",))  # type: ignore[arg-type]
        with pytest.raises(KerilogError, match="layer 'groups': refine: expected weight_bits of 2 to 16"):
            refine(CALIBRATION, SAMPLES, settings=few)
    signs = Settings(layers={"groups": LayerSettings(activation_bits=1)}, refine=("equalize",))
    with pytest.raises(KerilogError, match="layer 'groups': refine: expected activation_bits of 2 to 16"):
        refine(CALIBRATION, SAMPLES, settings=signs)
    trained = Node("rounded", Converter(Fixed(8, 4)), ("image",), (8, 8, 3))
    graph = Graph("trained", (NETWORK.nodes[0], trained), ("rounded",))
    with pytest.raises(KerilogError, match=r"layer '.*': refine: expected a network without converters"):
        refine(calibrate(graph, SAMPLES), SAMPLES, settings=Settings(refine=("equalize",)))


def test_a_pass_without_effect_is_told() -> None:
    nodes = (NETWORK.nodes[0], Node("end", Activation("relu"), ("image",), (8, 8, 3)))
    calibration = calibrate(Graph("bare", nodes, ("end",)), SAMPLES)
    found = refine(calibration, SAMPLES, settings=Settings(refine=REFINE_PASSES))
    assert [warning.partition(":")[0] for warning in found.warnings] == ["refine", "refine"]


def test_results_keep_8_bits_where_few_are_the_default() -> None:
    def bits(graph: Graph, **layers: LayerSettings) -> dict[str, int]:
        calibration: Calibration = calibrate(graph, SAMPLES)
        chosen = Settings(LayerSettings(activation_bits=4), layers)
        made = convert(calibration.graph, scheme_of(calibration, "fixed", "reference", chosen), chosen.own)
        return {node.name: node.format.bits for node in made}

    found = bits(NETWORK)
    assert found["digit"] == 8 and {found[name] for name in found if name != "digit"} == {4}
    assert bits(NETWORK, digit=LayerSettings(activation_bits=3))["digit"] == 3
    sigmoid = bits(network("sigmoid"))
    assert (sigmoid["digit"], sigmoid["sigmoid"]) == (4, 8)
    wide = Settings(LayerSettings(activation_bits=12))
    assert {node.format.bits for node in quantize(CALIBRATION, settings=wide)} == {12}
