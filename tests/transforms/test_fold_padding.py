# SPDX-License-Identifier: Apache-2.0
"""Zero padding becomes that of the convolution after it: in floats, in integers, in hardware, bit for bit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog import floating
from kerilog.calibrate import observe
from kerilog.formats import Fixed
from kerilog.frontend import load
from kerilog.frontend.tflite.fold_padding import fold_padding as fold_in_integers
from kerilog.graph import Array, Conv2D, DepthwiseConv2D, Graph, Input, MaxPooling2D, Node, ZeroPadding2D
from kerilog.integer.model import run, run_all
from kerilog.plan import plan
from kerilog.qgraph import QConv2D, QGraph, QNode, QZeroPadding2D
from kerilog.quantize import SCHEMES, Calibration, calibrate, quantize
from kerilog.transforms import fuse_activation, simplify
from support.designs import assert_codes_equal, check
from support.networks import Chain, draw_codes

Pads = tuple[tuple[int, int], tuple[int, int]]
SHAPE = (8, 7, 2)
# padding of both convolutions, side of the first kernel, stride of both
CASES: dict[str, tuple[Pads, int, int]] = {
    "mobilenet": (((0, 1), (0, 1)), 3, 2),
    "resnet": (((3, 3), (3, 3)), 7, 2),
    "before": (((2, 0), (1, 0)), 3, 1),
    "after": (((0, 2), (0, 1)), 3, 1),
    "all_differ": (((1, 2), (2, 0)), 4, 1),
    "strided_all_differ": (((2, 1), (0, 2)), 3, 2),
    "same": (((1, 1), (1, 1)), 3, 1),
}


def images(count: int) -> Array:
    return np.random.default_rng(3).normal(0, 0.8, (count, *SHAPE)).astype(np.float32)


def padded_twice(pads: Pads, side: int, stride: int) -> Any:
    """A padded convolution, then a padded depthwise one whose kernel is as large as the padding asks for."""
    keras = pytest.importorskip("keras")
    layers = keras.layers
    keras.utils.set_random_seed(11)
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.ZeroPadding2D(pads),
            layers.Conv2D(3, side, stride, activation="relu"),
            layers.ZeroPadding2D(pads),
            layers.DepthwiseConv2D(max(3, side // 2 + 1), stride, depth_multiplier=2),
        ]
    )
    draw = np.random.default_rng(4)
    for variable in model.weights:
        variable.assign(draw.normal(0, 0.3, variable.shape))  # biases too: what a rim alone gives is not 0
    return model


@pytest.fixture(params=CASES)
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Graph, Pads]:
    """A Keras model, its float graph as it was read, and its padding."""
    model = padded_twice(*CASES[request.param])
    model.save(tmp_path / "model.keras")
    graph = load(tmp_path / "model.keras")
    assert isinstance(graph, Graph)
    return model, graph, CASES[request.param][0]


def kinds(graph: Graph | QGraph) -> list[str]:
    return [node.op.kind for node in graph]


def integers(graph: Graph, scheme: str, samples: Array) -> tuple[QGraph, QGraph]:
    """The integer graph, and what it is where padding is an operation of its own."""
    plain = fuse_activation(graph)
    unfolded = quantize(Calibration(plain, observe(plain, samples)), scheme)
    return quantize(calibrate(graph, samples), scheme), unfolded


def test_floats_are_those_of_keras(loaded: tuple[Any, Graph, Pads]) -> None:
    model, graph, pads = loaded
    x, simple = images(5), simplify(graph)
    assert kinds(simple) == ["Input", "Conv2D", "DepthwiseConv2D"]
    assert all(node.op.padding == pads for node in simple.nodes[1:])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(floating.run(simple, x)[0], floating.run(graph, x)[0])
    np.testing.assert_allclose(floating.run(simple, x)[0], np.array(model(x)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_integer_differs(loaded: tuple[Any, Graph, Pads], scheme: str) -> None:
    folded, unfolded = integers(loaded[1], scheme, images(40))
    assert kinds(unfolded) == ["Input", "ZeroPadding2D", "Conv2D", "ZeroPadding2D", "Conv2D"]
    assert kinds(folded) == ["Input", "Conv2D", "Conv2D"]
    codes = draw_codes(folded, 20)
    found, expected = run_all(folded, codes), run_all(unfolded, codes)
    for node in folded:
        assert node.format == unfolded[node.name].format
        assert_codes_equal(found[node.name], expected[node.name], node.name)
    assert len(np.unique(found[folded.outputs[0]])) > 20


@pytest.mark.parametrize("scheme", SCHEMES)
def test_hardware_gives_the_codes_in_time(
    loaded: tuple[Any, Graph, Pads], scheme: str, tmp_path: Path
) -> None:
    folded, unfolded = integers(loaded[1], scheme, images(40))
    codes = draw_codes(folded, 6)
    assert_codes_equal(run(folded, codes), run(unfolded, codes), scheme)
    design = plan(folded, 120 if scheme == "fixed" else 400)
    check(folded, design, tmp_path / "out", (scheme, loaded[2]))


def conv(side: int, **options: Any) -> Conv2D:
    return Conv2D(np.ones((side, side, 1, 1), np.float32), np.zeros(1, np.float32), **options)


def padded(pads: Pads, op: Any, shape: tuple[int, int], users: int = 1, output: bool = False) -> Graph:
    """A padding of a 4 x 4 image and ``users`` times the layer behind it."""
    rows, columns = (4 + sum(cells) for cells in pads)
    last = tuple(Node(f"user{i}", op, ("pad",), (*shape, 1)) for i in range(users))
    nodes = (
        Node("x", Input(), (), (4, 4, 1)),
        Node("pad", ZeroPadding2D(pads), ("x",), (rows, columns, 1)),
        *last,
    )
    return Graph("g", nodes, (*(node.name for node in last), *(("pad",) if output else ())))


ONE: Pads = ((1, 1), (1, 1))


@pytest.mark.parametrize(
    ("graph", "folds"),
    [
        (padded(ONE, conv(3), (4, 4)), True),
        (padded(((2, 0), (0, 0)), conv(3), (4, 2)), True),
        (padded(((3, 0), (0, 0)), conv(3), (5, 2)), False),  # the first window lies above the image
        (padded(((0, 0), (0, 2)), conv(3), (2, 4)), True),
        (padded(((0, 0), (0, 3)), conv(3), (2, 5)), False),  # the last one right of it
        (padded(((0, 0), (0, 3)), conv(3, strides=(1, 2)), (2, 3)), False),
        (padded(((0, 0), (0, 3)), conv(3, strides=(1, 3)), (2, 2)), True),  # it starts in the image
        (padded(ONE, conv(1), (6, 6)), False),
        (padded(((3, 0), (0, 0)), conv(2, dilation_rate=(3, 1)), (4, 3)), True),
        (padded(ONE, conv(3, padding="same"), (6, 6)), False),
        (padded(ONE, conv(3, padding=ONE), (6, 6)), False),
        (padded(ONE, MaxPooling2D((3, 3), (1, 1)), (4, 4)), False),
        (padded(ONE, conv(3), (4, 4), users=2), False),
        (padded(ONE, conv(3), (4, 4), output=True), False),
    ],
)
def test_what_folds(graph: Graph, folds: bool) -> None:
    simple = simplify(graph)
    assert ("ZeroPadding2D" not in kinds(simple)) == folds
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 1)).astype(np.float32)
    for found, expected in zip(floating.run(simple, x), floating.run(graph, x), strict=True):
        np.testing.assert_array_equal(found, expected)


def padded_in_integers(pads: Pads, kernel: tuple[int, int], strides: tuple[int, int]) -> QGraph:
    """A network in which a pad of its own stands between two convolutions, as TFLite files have it."""
    chain = Chain("pads", "affine", (6, 5, 2), seed=7).conv(3, name="first")
    source = chain.here
    rows, columns = (size + sum(cells) for size, cells in zip(source.shape, pads, strict=False))
    pad = QNode("pad", QZeroPadding2D(pads), (source.name,), (rows, columns, 3), source.format)
    chain.nodes.append(pad)
    return chain.conv(4, kernel, strides, name="second").graph


@pytest.mark.parametrize(
    ("pads", "kernel", "strides", "folds"),
    [
        (((0, 1), (0, 1)), (3, 3), (2, 2), True),
        (((2, 0), (1, 2)), (3, 3), (1, 1), True),
        (((3, 0), (0, 0)), (3, 3), (1, 1), False),
        (((0, 0), (0, 3)), (3, 3), (1, 1), False),
    ],
)
def test_integer_graphs_of_files_fold_too(
    pads: Pads, kernel: tuple[int, int], strides: tuple[int, int], folds: bool
) -> None:
    graph = padded_in_integers(pads, kernel, strides)
    folded = fold_in_integers(graph)
    assert [node.name for node in folded] == ["input", "first", *([] if folds else ["pad"]), "second"]
    codes = draw_codes(graph, 20)
    assert graph["first"].format.zero_point != 0
    assert_codes_equal(run(folded, codes), run(graph, codes), (pads, strides))


def test_a_pad_with_other_users_stays_in_integers() -> None:
    graph = padded_in_integers(ONE, (3, 3), (1, 1))
    assert isinstance(graph["second"].op, QConv2D)
    assert "pad" not in [node.name for node in fold_in_integers(graph)]
    seen = dataclasses.replace(graph, outputs=("second", "pad"))
    assert fold_in_integers(seen).nodes == seen.nodes
    twice = dataclasses.replace(graph["second"], name="third")
    shared = dataclasses.replace(graph, nodes=(*graph.nodes, twice), outputs=("second", "third"))
    assert fold_in_integers(shared).nodes == shared.nodes
    again = dataclasses.replace(graph["second"], op=dataclasses.replace(graph["second"].op, padding=ONE))
    wider = dataclasses.replace(graph, nodes=(*graph.nodes[:-1], again))
    assert fold_in_integers(wider).nodes == wider.nodes


@pytest.mark.parametrize("case", ["mobilenet", "all_differ", "same"])
def test_models_with_converters_equal_their_integers(case: str) -> None:
    converters = pytest.importorskip("kerilog.keras")
    model = converters.insert_converters(padded_twice(*CASES[case]), images(40))
    comparison = converters.compare(model, images(60))
    assert comparison.equal, comparison.mismatches
    assert len(comparison.elements) == 3


def test_a_converter_after_the_padding_is_its_inputs(tmp_path: Path) -> None:
    keras, converters = pytest.importorskip("keras"), pytest.importorskip("kerilog.keras")
    keras.utils.set_random_seed(12)
    conv2d = converters.QuantConv2D(2, 3, kernel_converter=converters.FixedPoint(6, 5))
    layers = [keras.layers.ZeroPadding2D(((1, 0), (0, 2))), converters.FixedPoint(6, 3), conv2d]
    model = keras.Sequential([keras.Input(SHAPE), *layers, converters.FixedPoint(8, 4)])
    comparison = converters.compare(model, images(60))
    assert comparison.equal and len(comparison.elements) == 1
    model.save(tmp_path / "model.keras")
    graph = load(tmp_path / "model.keras")
    assert isinstance(graph, Graph)
    simple = simplify(graph)
    assert kinds(simple) == ["Input", "Conv2D"] and simple.nodes[0].format == Fixed(6, 3)
    x = floating.converted(images(9), Fixed(6, 3))
    np.testing.assert_array_equal(floating.run(simple, x)[0], floating.run(graph, x)[0])


def test_depthwise_takes_its_padding() -> None:
    kernel = np.ones((3, 3, 1, 2), np.float32)
    op = DepthwiseConv2D(kernel, np.zeros(2, np.float32), (2, 2))
    graph = simplify(padded(((0, 1), (0, 1)), op, (2, 2)))
    assert kinds(graph) == ["Input", "DepthwiseConv2D"]
