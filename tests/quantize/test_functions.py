# SPDX-License-Identifier: Apache-2.0
"""Functions of one code from a Keras file to integers, and to RTL that equals them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerilog import floating
from kerilog.errors import KerilogError
from kerilog.formats import Affine, Fixed, Format
from kerilog.frontend import load
from kerilog.frontend.keras.functions import ACTIVATIONS
from kerilog.functions import FUNCTIONS, apply
from kerilog.graph import Activation, Graph
from kerilog.hardware.tabled import LookupStage
from kerilog.integer.model import run
from kerilog.plan import plan
from kerilog.qgraph import QGraph, QLookup, QRequantize
from kerilog.quantize import SCHEMES, calibrate, quantize
from kerilog.tables import PRESCRIBED, affine_table, fixed_table
from support.designs import check
from support.keras_files import dense_weights, layer, write

PARAMETERS = {"bounded_relu": (0.1, 0.5, 2.0), "leaky_relu": (0.3,), "elu": (0.7,), "hard_sigmoid": (0.2,)}


LIMITS = {"hard_sigmoid": 0.05, "exponential": 0.05}  # three of them leave 8 bits with little of the signal


def parameters(function: str) -> tuple[float, ...]:
    return PARAMETERS.get(function, ())


def target_of(values: np.ndarray, scheme: str) -> Format:
    """A format that holds ``values``."""
    spread = max(float(np.abs(values).max()), 1e-3)
    if scheme == "fixed":
        return Fixed(8, 7 - int(np.ceil(np.log2(spread))))
    return Affine(8, float(np.float32(spread / 120)), 0)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_table_is_the_function_to_within_half_a_step(function: str) -> None:
    chosen = parameters(function)
    for source in (Fixed(8, 5), Fixed(6, 2), Fixed(10, 7)):
        real = source.dequantize(np.arange(source.minimum, source.maximum + 1))
        target = target_of(apply(function, chosen, real), "fixed")
        error = target.dequantize(fixed_table(function, chosen, source, target)) - apply(
            function, chosen, real
        )
        assert np.abs(error).max() <= 0.5 * float(target.scales) * 1.001 + (0.5 * float(target.scales))
        inside = np.abs(apply(function, chosen, real)) < float(target.dequantize(target.maximum))
        assert np.abs(error[inside]).max() <= 0.5000001 * float(target.scales)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_affine_table_is_the_function_to_within_a_step(function: str) -> None:
    """LEAKY_RELU and HARD_SWISH round more than once."""
    chosen = parameters(function)
    source = Affine(8, float(np.float32(0.031)), -7)
    real = source.dequantize(np.arange(-128, 128))
    target = PRESCRIBED.get(function, target_of(apply(function, chosen, real), "affine"))
    expected = np.clip(apply(function, chosen, real), *target.dequantize([-128, 127]))
    for rounding, steps in (("reference", 1.0), ("single", 1.0)):
        found = target.dequantize(affine_table(function, chosen, source, target, rounding))  # type: ignore[arg-type]
        assert np.abs(found - expected).max() <= steps * float(target.scales)


def network(path: Path, function: str) -> Graph:
    """A convolution, a depthwise one and a dense layer, each with ``function`` behind it."""
    rng = np.random.default_rng(5)
    layers = [
        layer("InputLayer", "image", batch_shape=[None, 6, 5, 2]),
        layer("Conv2D", "conv", filters=3, kernel_size=[3, 3], activation=function),
        layer("DepthwiseConv2D", "deep", kernel_size=[2, 2], activation=function),
        layer("Flatten", "flat"),
        layer("Dense", "dense", units=4, activation=function),
        layer("Dense", "logits", units=3),
    ]
    weights = {
        "conv2d": [rng.normal(0, 0.4, (3, 3, 2, 3)), rng.normal(0, 0.2, 3)],
        "depthwise_conv2d": [rng.normal(0, 0.6, (2, 2, 3, 1)), rng.normal(0, 0.2, 3)],
        "dense": dense_weights(rng, 18, 4),
        "dense_1": dense_weights(rng, 4, 3),
    }
    graph = load(write(path, layers, weights))
    assert isinstance(graph, Graph)
    return graph


def quantized(graph: Graph, scheme: str, spread: float = 1.0) -> tuple[QGraph, np.ndarray]:
    """The integer graph, and the samples it was calibrated on."""
    x = np.random.default_rng(6).normal(0, spread, (200, 6, 5, 2)).astype(np.float32)
    return quantize(calibrate(graph, x), scheme), x


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("function", [name for name in ACTIVATIONS if name not in ("linear", "softmax")])
def test_a_network_with_any_function_is_near_its_floats(function: str, scheme: str, tmp_path: Path) -> None:
    graph = network(tmp_path / "m.keras", function)
    # The exponential of an exponential has a range that no 8 bits cover.
    integer, x = quantized(graph, scheme, 0.2 if function == "exponential" else 1.0)
    fused = function in ("relu", "relu6")
    tables = [node for node in integer if isinstance(node.op, QLookup)]
    assert len(tables) == (0 if fused else 3)
    assert not any(isinstance(node.op, QRequantize) for node in integer)
    codes = integer.inputs[0].format.quantize(x)
    found = integer[integer.outputs[0]].format.dequantize(run(integer, codes))
    expected = floating.run(graph, x)[0]
    noise = np.mean(np.square(found - expected)) / np.mean(np.square(expected - expected.mean(axis=0)))
    assert noise < LIMITS.get(function, 0.02), f"{10 * np.log10(1 / noise):.1f} dB"


@pytest.mark.parametrize(
    ("function", "scheme", "interval"),
    [
        ("leaky_relu", "affine", 120),
        ("gelu", "fixed", 300),
        ("hard_swish", "affine", 60),
        ("tanh", "fixed", 30),
    ],
)
def test_hardware_equals_the_integer_model(function: str, scheme: str, interval: int, tmp_path: Path) -> None:
    integer, _ = quantized(network(tmp_path / "m.keras", function), scheme)
    design = plan(integer, interval)
    assert sum(isinstance(stage, LookupStage) for stage in design.stages) == 3
    check(integer, design, tmp_path / "rtl", (function, scheme, interval))


def test_tanh_has_the_format_that_tflite_gives_it(tmp_path: Path) -> None:
    graph = network(tmp_path / "m.keras", "tanh")
    integer, _ = quantized(graph, "affine")
    formats = {node.format for node in integer if isinstance(node.op, QLookup)}
    assert formats == {Affine(8, 1 / 128, 0)}


def test_a_leaky_relu_far_smaller_than_its_input_is_refused() -> None:
    from kerilog.graph import Node
    from kerilog.quantize.affine import AffineScheme

    op = Activation("leaky_relu", (0.3,))
    node = Node("leaky", op, ("x",), (4,))
    with pytest.raises(KerilogError, match=r"layer 'leaky': expected outputs below 2\*\*30"):
        AffineScheme({}).function(node, op, Affine(8, 1.0, 0), Affine(8, 1e-8, 0))
