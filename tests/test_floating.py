# SPDX-License-Identifier: Apache-2.0
"""The float executor against definitions written out as loops, and how it takes its samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerilog.errors import KerilogError
from kerilog.floating import activate, run, run_all
from kerilog.graph import (
    Activation,
    Add,
    Array,
    AveragePooling2D,
    Conv2D,
    DepthwiseConv2D,
    Graph,
    Input,
    MaxPooling2D,
    Node,
    Op,
    Pair,
    Reshape,
    Shape,
    padding_of,
)

SIZES = st.tuples(st.integers(1, 3), st.integers(1, 3))


def one(op: Op, shape: Shape, result: Shape) -> Graph:
    return Graph("one", (Node("x", Input(), (), shape), Node("y", op, ("x",), result)), ("y",))


def output_shape(shape: Shape, size: Pair, strides: Pair, padding: str, dilation: Pair = (1, 1)) -> Shape:
    pads = padding_of(shape, size, strides, padding, dilation)
    spans = [(cells - 1) * step + 1 for cells, step in zip(size, dilation, strict=True)]
    return tuple((shape[i] + sum(pads[i]) - spans[i]) // strides[i] + 1 for i in (0, 1))


def cells(
    x: Array, at: Pair, size: Pair, strides: Pair, padding: str, dilation: Pair = (1, 1)
) -> list[tuple[Pair, Array]]:
    """(place in the window, channels) of the cells inside the image ``x`` (height, width, channels)."""
    pads = padding_of(x.shape, size, strides, padding, dilation)
    found = []
    for place in np.ndindex(size):
        row, column = (at[i] * strides[i] - pads[i][0] + place[i] * dilation[i] for i in (0, 1))
        if 0 <= row < x.shape[0] and 0 <= column < x.shape[1]:
            found.append((place, x[row, column]))
    return found


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_windows_are_as_defined(data: st.DataObject) -> None:
    size, strides, seed = data.draw(SIZES), data.draw(SIZES), data.draw(st.integers(0, 99))
    padding = data.draw(st.sampled_from(["valid", "same"]))
    dilation = data.draw(SIZES) if strides == (1, 1) else (1, 1)
    groups = data.draw(st.sampled_from([1, 2]))
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(2, 7, 8, 4)).astype(np.float32)
    kernel = draw.normal(size=(*size, 4 // groups, 6)).astype(np.float32)
    bias = draw.normal(size=6).astype(np.float32)
    depthwise = draw.normal(size=(*size, 4, 2)).astype(np.float32)
    shape = output_shape(x.shape[1:], size, strides, padding, dilation)
    pooled = output_shape(x.shape[1:], size, strides, padding)
    conv = Conv2D(kernel, bias, strides, padding, dilation, groups)
    deep = DepthwiseConv2D(depthwise, np.zeros(8, np.float32), strides, padding, dilation)
    got_conv = run(one(conv, x.shape[1:], (*shape, 6)), x)[0]
    got_deep = run(one(deep, x.shape[1:], (*shape, 8)), x)[0]
    got_max = run(one(MaxPooling2D(size, strides, padding), x.shape[1:], (*pooled, 4)), x)[0]
    got_mean = run(one(AveragePooling2D(size, strides, padding), x.shape[1:], (*pooled, 4)), x)[0]
    at = tuple(data.draw(st.integers(0, count - 1)) for count in shape)
    inside = cells(x[1], at, size, strides, padding, dilation)
    wide = [kernel[place].reshape(4 // groups, groups, -1) for place, _ in inside]
    expected = bias + sum(
        np.einsum("gi,igf->gf", values.reshape(groups, -1), weights).ravel()
        for (_, values), weights in zip(inside, wide, strict=True)
    )
    np.testing.assert_allclose(got_conv[1][at], expected, rtol=1e-4, atol=1e-4)
    expected = sum((values[:, None] * depthwise[place]).ravel() for place, values in inside)
    np.testing.assert_allclose(got_deep[1][at], expected, rtol=1e-4, atol=1e-4)
    at = tuple(data.draw(st.integers(0, count - 1)) for count in pooled)
    values = [value for _, value in cells(x[1], at, size, strides, padding)]
    np.testing.assert_array_equal(got_max[1][at], np.max(values, axis=0))
    np.testing.assert_allclose(got_mean[1][at], np.mean(values, axis=0), rtol=1e-4, atol=1e-5)


@given(st.lists(st.floats(-200, 200, width=32), min_size=1, max_size=8))
def test_activations(values: list[float]) -> None:
    x = np.array(values, np.float32)
    softmax = activate(x, "softmax")
    assert abs(softmax.sum() - 1) < 1e-5
    assert softmax.argmax() == x.argmax() or softmax[x.argmax()] == softmax.max()
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(
            activate(x, "sigmoid"), 1 / (1 + np.exp(-x.astype(float))), rtol=1e-5, atol=1e-7
        )
    assert np.array_equal(activate(x, "relu6"), np.minimum(activate(x, "relu"), 6))
    assert np.array_equal(activate(x, "linear"), x)


def test_several_inputs_and_every_tensor() -> None:
    nodes = (
        Node("a", Input(), (), (2, 3)),
        Node("b", Input(), (), (2, 3)),
        Node("sum", Add(), ("a", "b"), (2, 3)),
        Node("flat", Reshape(), ("sum",), (6,)),
        Node("twice", Add("relu6"), ("flat", "flat"), (6,)),
    )
    graph = Graph("two", nodes, ("twice", "a", "twice"))
    a, b = np.full((5, 2, 3), 2, np.float64), np.arange(30).reshape(5, 2, 3)
    outputs = run(graph, {"b": b, "a": a})
    assert [y.shape for y in outputs] == [(5, 6), (5, 2, 3), (5, 6)]
    assert all(y.dtype == np.float32 for y in outputs)
    tensors = run_all(graph, {"a": a, "b": b})
    assert list(tensors) == ["a", "b", "sum", "flat", "twice"]
    assert np.array_equal(tensors["twice"], np.minimum(2 * (2 + b.reshape(5, 6)), 6))


def test_samples_that_do_not_fit() -> None:
    graph = one(Activation("relu"), (3,), (3,))
    with pytest.raises(KerilogError, match=r"input 'x': expected samples of shape \(3,\), got \(4,\)"):
        run(graph, np.zeros((1, 4), np.float32))
    with pytest.raises(KerilogError, match="expected samples for input 'x', got none"):
        run(graph, {"z": np.zeros((1, 3), np.float32)})
    two = Graph("two", (Node("a", Input(), (), (1,)), Node("b", Input(), (), (1,))), ("a", "b"))
    with pytest.raises(KerilogError, match="model 'two': expected samples for 2 inputs, got one array"):
        run(two, np.zeros((1, 1), np.float32))
    with pytest.raises(
        KerilogError, match="expected as many samples for each input, got 2 for 'a', 1 for 'b'"
    ):
        run(two, {"a": np.zeros((2, 1), np.float32), "b": np.zeros((1, 1), np.float32)})
