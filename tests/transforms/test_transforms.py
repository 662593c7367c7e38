# SPDX-License-Identifier: Apache-2.0
"""Passes keep the function: laws over random chains, and where each pass must and must not act."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.floating import run
from kerilog.graph import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Graph,
    Input,
    MaxPooling2D,
    Node,
    Op,
    Reshape,
    Shape,
    ZeroPadding2D,
)
from kerilog.transforms import PASSES, fuse_activation, simplify

IMAGE = (6, 5, 2)
KINDS = (
    "conv",
    "depthwise",
    "dense",
    "norm",
    "relu",
    "relu6",
    "sigmoid",
    "dropout",
    "pad",
    "pool",
    "flat",
    "add",
)


class Builder:
    """A chain of random layers, with a branch at each ``add``."""

    def __init__(self, seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        self.nodes = [Node("x", Input(), (), IMAGE)]

    def array(self, *shape: int) -> np.ndarray:
        """Random numbers; kernels do not amplify, so that rounding errors stay small in deep chains."""
        values: np.ndarray = self.draw.normal(size=shape) / math.sqrt(math.prod(shape[:-1]))
        return values.astype(np.float32)

    def put(self, op: Op, shape: Shape, *inputs: str) -> None:
        self.nodes.append(Node(f"n{len(self.nodes)}", op, inputs or (self.nodes[-1].name,), shape))

    def grow(self, kind: str) -> None:
        shape = self.nodes[-1].shape
        if kind == "dense":
            self.put(Dense(self.array(shape[-1], 3), self.array(3)), (*shape[:-1], 3))
        elif kind == "norm":
            self.put(BatchNormalization(self.array(shape[-1]), self.array(shape[-1])), shape)
        elif kind in ("relu", "relu6", "sigmoid"):
            self.put(Activation(kind), shape)
        elif kind == "dropout":
            self.put(Dropout(), shape)
        elif kind == "flat":
            self.put(Reshape(), (math.prod(shape),))
        elif kind == "add":
            self.put(Add(), shape, self.nodes[-1].name, next(n.name for n in self.nodes if n.shape == shape))
        elif len(shape) == 3 and min(shape[:2]) >= 3:
            self.grow_image(kind, shape)

    def grow_image(self, kind: str, shape: Shape) -> None:
        height, width, channels = shape
        if kind == "conv":
            same = bool(self.draw.integers(2))
            result = (height, width, 3) if same else (height - 2, width - 2, 3)
            op = Conv2D(self.array(3, 3, channels, 3), self.array(3), padding="same" if same else "valid")
            self.put(op, result)
        elif kind == "depthwise":
            op = DepthwiseConv2D(self.array(1, 1, channels, 2), self.array(2 * channels))
            self.put(op, (height, width, 2 * channels))
        elif kind == "pad":
            self.put(ZeroPadding2D(((1, 1), (1, 1))), (height + 2, width + 2, channels))
        elif kind == "pool":
            self.put(MaxPooling2D((2, 2), (1, 1)), (height - 1, width - 1, channels))


@given(st.lists(st.sampled_from(KINDS), max_size=10), st.integers(0, 10**6), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_pass_keeps_the_function(kinds: list[str], seed: int, tap: bool) -> None:
    builder = Builder(seed)
    for kind in kinds:
        builder.grow(kind)
    nodes = builder.nodes
    outputs = (nodes[-1].name, nodes[len(nodes) // 2].name) if tap else (nodes[-1].name,)
    graph = Graph("chain", tuple(nodes), outputs)
    x = builder.array(2, *IMAGE)
    expected = run(graph, x)
    for transform in PASSES:
        graph = transform(graph)
        assert_sound(graph)
        for ours, theirs in zip(run(graph, x), expected, strict=True):
            limit = 1e-4 * (1 + np.abs(theirs).max())
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=limit, err_msg=transform.__name__)
    assert not any(isinstance(node.op, BatchNormalization | Dropout) for node in graph)


@given(st.lists(st.sampled_from(KINDS), max_size=10), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_simplify_keeps_the_function_and_leaves_nothing_to_simplify(kinds: list[str], seed: int) -> None:
    builder = Builder(seed)
    for kind in kinds:
        builder.grow(kind)
    graph = Graph("chain", tuple(builder.nodes), (builder.nodes[-1].name,))
    x = builder.array(2, *IMAGE)
    simple = simplify(graph)
    assert_sound(simple)
    expected, ours = run(graph, x)[0], run(simple, x)[0]
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-4 * (1 + np.abs(expected).max()))
    assert [(node.name, node.op.kind) for node in simplify(simple)] == [(n.name, n.op.kind) for n in simple]


def assert_sound(graph: Graph) -> None:
    """Names are unique, inputs come before their users, and outputs exist."""
    seen: set[str] = set()
    for node in graph:
        assert node.name not in seen
        assert seen.issuperset(node.inputs)
        seen.add(node.name)
    assert seen.issuperset(graph.outputs)


def chain(*ops: tuple[Op, Shape], shape: Shape = (5, 5, 2)) -> Graph:
    nodes = [Node("x", Input(), (), shape)]
    for index, (op, result) in enumerate(ops, start=1):
        nodes.append(Node(f"n{index}", op, (nodes[-1].name,), result))
    return Graph("chain", tuple(nodes), (nodes[-1].name,))


def kinds(graph: Graph) -> list[str]:
    return [node.op.kind for node in graph][1:]


def conv(channels: int, filters: int, **options: object) -> Conv2D:
    return Conv2D(np.ones((3, 3, channels, filters), np.float32), np.zeros(filters, np.float32), **options)  # type: ignore[arg-type]


def norm(channels: int, offset: float = 1.0) -> BatchNormalization:
    return BatchNormalization(np.full(channels, 2, np.float32), np.full(channels, offset, np.float32))


RELU = Activation("relu")
SMALL, SAME = (3, 3, 4), (5, 5, 2)


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (chain((conv(2, 4), SMALL), (norm(4), SMALL), (RELU, SMALL)), ["Conv2D"]),
        (chain((conv(2, 4), SMALL), (RELU, SMALL), (norm(4), SMALL)), ["Conv2D", "DepthwiseConv2D"]),
        (chain((norm(2), SAME), (conv(2, 4), SMALL)), ["Conv2D"]),
        (chain((norm(2), SAME), (conv(2, 2, padding="same"), SAME)), ["DepthwiseConv2D", "Conv2D"]),
        (chain((norm(2, 0.0), SAME), (conv(2, 2, padding="same"), SAME)), ["Conv2D"]),
        (
            chain((ZeroPadding2D(((1, 1), (1, 1))), (7, 7, 2)), (norm(2), (7, 7, 2)), (conv(2, 2), SAME)),
            ["Conv2D"],
        ),
        (chain((norm(2), SAME), (RELU, SAME)), ["DepthwiseConv2D"]),
        (
            chain((norm(3), (3,)), (RELU, (3,)), shape=(3,)),
            ["Reshape", "DepthwiseConv2D", "Reshape"],
        ),
        (chain((MaxPooling2D((1, 1), (1, 1)), SAME), (RELU, SAME)), ["MaxPooling2D", "Activation"]),
        (chain((conv(2, 4), SMALL), (Activation("softmax"), SMALL)), ["Conv2D", "Activation"]),
        (chain((Dropout(), SAME), (Dropout(), SAME)), []),
    ],
)
def test_what_becomes_of_chains(graph: Graph, expected: list[str]) -> None:
    simple = simplify(graph)
    assert kinds(simple) == expected
    x = np.random.default_rng(0).normal(size=(2, *graph.inputs[0].shape)).astype(np.float32)
    np.testing.assert_allclose(run(simple, x)[0], run(graph, x)[0], rtol=1e-4, atol=1e-4)


def test_a_tensor_that_others_see_is_left_alone() -> None:
    shape = (3, 3, 4)
    nodes = (
        Node("x", Input(), (), (5, 5, 2)),
        Node("conv", conv(2, 4), ("x",), shape),
        Node("relu", RELU, ("conv",), shape),
        Node("both", Concatenate(), ("conv", "relu"), (3, 3, 8)),
    )
    assert kinds(fuse_activation(Graph("g", nodes, ("both",)))) == ["Conv2D", "Activation", "Concatenate"]
    assert kinds(fuse_activation(Graph("g", nodes[:3], ("conv", "relu")))) == ["Conv2D", "Activation"]
    fused = fuse_activation(Graph("g", nodes[:3], ("relu", "relu")))
    assert kinds(fused) == ["Conv2D"]
    assert fused.outputs == ("conv", "conv")


def test_a_normalization_of_a_vector_keeps_its_name_whatever_others_are_called() -> None:
    nodes = (
        Node("x", Input(), (), (3,)),
        Node("bn/image", RELU, ("x",), (3,)),
        Node("bn", norm(3), ("bn/image",), (3,)),
        Node("bn/flat", Activation("sigmoid"), ("bn",), (3,)),
    )
    graph = Graph("g", nodes, ("bn", "bn/flat"))
    simple = simplify(graph)
    assert_sound(simple)
    assert simple["bn"].op.kind == "DepthwiseConv2D"
    assert [node.name for node in simple] == ["x", "bn/image", "bn/image_2", "bn", "bn/flat_2", "bn/flat"]
    assert simple.outputs == ("bn/flat_2", "bn/flat")
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    for ours, theirs in zip(run(simple, x), run(graph, x), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
