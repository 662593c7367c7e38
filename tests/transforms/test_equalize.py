# SPDX-License-Identifier: Apache-2.0
"""Equalization: another scale for each channel between two layers, and the same function."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kerilog import floating
from kerilog.formats import Fixed
from kerilog.graph import (
    Activation,
    Add,
    Array,
    AveragePooling2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Graph,
    Input,
    MaxPooling2D,
    Node,
    Op,
    PReLU,
    Reshape,
    ResizeBilinear,
    Slice,
    UpSampling2D,
    ZeroPadding2D,
)
from kerilog.transforms.equalize import equalize, pairs

BETWEEN: dict[str, tuple[Op, tuple[int, int]]] = {
    "relu": (Activation("relu"), (6, 6)),
    "leaky": (Activation("leaky_relu", (0.3,)), (6, 6)),
    "prelu": (PReLU(np.linspace(-0.5, 0.5, 4).astype(np.float32)), (6, 6)),
    "max": (MaxPooling2D((2, 2), (2, 2)), (3, 3)),
    "max_same": (MaxPooling2D((3, 3), (2, 2), "same"), (3, 3)),
    "average": (AveragePooling2D((3, 3), (1, 1), "same"), (6, 6)),
    "pad": (ZeroPadding2D(((1, 0), (0, 2))), (7, 8)),
    "crop": (Slice((1, 0, 0), (5, 6, 4)), (4, 6)),
    "twice": (UpSampling2D((2, 1)), (12, 6)),
    "bilinear": (ResizeBilinear((2, 2)), (12, 12)),
}
STOPS: dict[str, Op] = {"relu6": Activation("relu6"), "tanh": Activation("tanh"), "elu": Activation("elu")}


class Draw:
    """Weights whose channels differ by orders of magnitude, as those behind batch normalization do."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def array(self, *shape: int) -> Array:
        spread = np.exp2(self.generator.uniform(-5, 5, shape[-1]))
        return (self.generator.normal(size=shape) * spread).astype(np.float32)


def between(draw: Draw, names: list[str], groups: int, second: str) -> Graph:
    """A convolution of 4 channels, what ``names`` say, and a layer of the kind ``second``."""
    shape: tuple[int, ...] = (6, 6, 4)
    nodes = [
        Node("image", Input(), (), (6, 6, 2)),
        Node("first", Conv2D(draw.array(3, 3, 2, 4), draw.array(4), padding="same"), ("image",), shape),
    ]
    for index, name in enumerate(names):
        op, _ = BETWEEN[name]
        assume(min(shape[:2]) > 1)  # something is left of what is pooled or cropped
        if isinstance(op, Slice):
            op = Slice((1, 0, 0), (shape[0], shape[1], 4))
        made = floating.FUNCTIONS[type(op)](op, [np.zeros((1, *shape), np.float32)]).shape[1:]
        nodes.append(Node(f"{name}{index}", op, (nodes[-1].name,), made))
        shape = made
    if second in ("dense", "mean"):
        flat = Reshape() if second == "dense" else GlobalAveragePooling2D()
        shape = (int(np.prod(shape)),) if second == "dense" else (4,)
        nodes.append(Node("flat", flat, (nodes[-1].name,), shape))
        last: Op = Dense(draw.array(shape[0], 3), draw.array(3))
        shape = (3,)
    elif second == "depthwise":
        last = DepthwiseConv2D(draw.array(3, 3, 4, 2), draw.array(8), padding="same")
        shape = (*shape[:2], 8)
    else:
        last = Conv2D(draw.array(3, 3, 4 // groups, 6), draw.array(6), padding="same", groups=groups)
        shape = (*shape[:2], 6)
    nodes.append(Node("second", last, (nodes[-1].name,), shape))
    return Graph("two", tuple(nodes), ("second",))


def assert_same_function(one: Graph, other: Graph, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(3, *one.inputs[0].shape)).astype(np.float32)
    before, after = floating.run(one, x)[0], floating.run(other, x)[0]
    np.testing.assert_allclose(after, before, rtol=0, atol=2e-5 * float(np.abs(before).max()))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(sorted(BETWEEN)), max_size=3),
    st.sampled_from([1, 2]),
    st.sampled_from(["conv", "depthwise", "dense", "mean"]),
)
def test_the_function_is_left_as_it_is(seed: int, names: list[str], groups: int, second: str) -> None:
    graph = between(Draw(seed), names, groups, second)
    assert [(pair.first, pair.second) for pair in pairs(graph)] == [("first", "second")]
    equal = equalize(graph)
    assert_same_function(graph, equal, seed)
    first, last = equal["first"].op, equal["second"].op
    assert isinstance(first, Conv2D) and isinstance(last, Conv2D | DepthwiseConv2D | Dense)
    made = np.abs(first.kernel).reshape(-1, 4).max(axis=0)
    if isinstance(last, Dense):
        read = np.abs(last.kernel).reshape(-1, 4, 3).max(axis=(0, 2))
    elif isinstance(last, DepthwiseConv2D):
        read = np.abs(last.kernel).max(axis=(0, 1, 3))
    else:
        parts = np.split(np.abs(last.kernel), groups, axis=-1)
        read = np.concatenate([part.max(axis=(0, 1, 3)) for part in parts])
    np.testing.assert_allclose(made, read, rtol=1e-3)


def test_a_chain_of_three_settles() -> None:
    draw = Draw(5)
    shape = (6, 6, 4)
    nodes = (
        Node("image", Input(), (), (6, 6, 2)),
        Node("a", Conv2D(draw.array(3, 3, 2, 4), draw.array(4), padding="same"), ("image",), shape),
        Node("b", DepthwiseConv2D(draw.array(3, 3, 4, 1), draw.array(4), padding="same"), ("a",), shape),
        Node("relu", Activation("relu"), ("b",), shape),
        Node("most", GlobalMaxPooling2D(), ("relu",), (4,)),
        Node("c", Dense(draw.array(4, 3), draw.array(3)), ("most",), (3,)),
    )
    graph = Graph("three", nodes, ("c",))
    assert [(pair.first, pair.second) for pair in pairs(graph)] == [("a", "b"), ("b", "c")]
    equal = equalize(graph)
    assert_same_function(graph, equal, 7)
    again = equalize(equal)
    for name in "abc":
        np.testing.assert_allclose(again[name].op.kernel, equal[name].op.kernel, rtol=1e-2)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(STOPS))
def test_what_is_not_homogeneous_stops_it(name: str) -> None:
    graph = between(Draw(1), ["relu"], 1, "conv")
    nodes = (dataclasses.replace(node, op=STOPS[name]) if node.name == "relu0" else node for node in graph)
    graph = dataclasses.replace(graph, nodes=tuple(nodes))
    assert pairs(graph) == ()
    for before, after in zip(graph, equalize(graph), strict=True):
        if isinstance(before.op, Conv2D) and isinstance(after.op, Conv2D):
            assert np.array_equal(before.op.kernel, after.op.kernel)
            assert np.array_equal(before.op.bias, after.op.bias)


def test_what_others_see_or_what_has_a_format_is_left_alone() -> None:
    graph = between(Draw(2), ["relu"], 1, "conv")
    assert pairs(dataclasses.replace(graph, outputs=("second", "relu0"))) == ()
    more = Node("sum", Add(), ("relu0", "first"), (6, 6, 4))
    assert pairs(Graph("seen", (*graph.nodes, more), ("second", "sum"))) == ()
    for name in ("first", "relu0", "second"):
        rounded = (
            dataclasses.replace(node, format=Fixed(8, 4)) if node.name == name else node for node in graph
        )
        assert pairs(dataclasses.replace(graph, nodes=tuple(rounded))) == (), name
    fused = (
        dataclasses.replace(node, op=dataclasses.replace(node.op, activation="relu6"))
        if isinstance(node.op, Conv2D) and node.name == "first"
        else node
        for node in graph
    )
    assert pairs(dataclasses.replace(graph, nodes=tuple(fused))) == ()


def test_channels_without_weights_keep_their_bias() -> None:
    graph = between(Draw(3), [], 1, "conv")
    first = graph["first"].op
    assert isinstance(first, Conv2D)
    kernel = first.kernel.copy()
    kernel[..., 1] = 0
    dead = dataclasses.replace(graph["first"], op=dataclasses.replace(first, kernel=kernel))
    graph = dataclasses.replace(graph, nodes=(graph.nodes[0], dead, *graph.nodes[2:]))
    equal = equalize(graph)
    after = equal["first"].op
    assert isinstance(after, Conv2D)
    assert after.bias[1] == first.bias[1] and not np.any(after.kernel[..., 1])
    assert_same_function(graph, equal, 3)
