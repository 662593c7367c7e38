# SPDX-License-Identifier: Apache-2.0
"""What the hardware does not take is refused by the plan, with the layer's name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from kerilog.errors import Unsupported
from kerilog.formats import Fixed
from kerilog.plan import plan
from kerilog.qgraph import QAdd, QGraph, QInput, QNode, QSoftmax, Shift
from support.networks import Chain

ONE = Shift(np.array([0]))


def image(name: str = "image") -> Chain:
    return Chain(name, "fixed", (4, 4, 2), 3)


def two_inputs() -> QGraph:
    graph = image().conv(2).graph
    other = QNode("other", QInput(), (), (3,), Fixed(8, 3))
    return dataclasses.replace(graph, nodes=(*graph.nodes, other))


def softmax() -> QGraph:
    chain = image().conv(2)
    here = chain.here
    op = QSoftmax(np.zeros(256, np.int64))
    last = QNode("chances", op, (here.name,), here.shape, here.format)
    return dataclasses.replace(chain.graph, nodes=(*chain.nodes, last), outputs=("chances",))


def broadcast() -> QGraph:
    first = image().conv(2, name="first")
    chain = first.conv(1, (2, 2), name="second")
    one, other = chain.nodes[-2:]
    op = QAdd(ONE, ONE, ONE, (-128, 127))
    both = QNode("spread", op, (one.name, other.name), one.shape, one.format)
    return dataclasses.replace(chain.graph, nodes=(*chain.nodes, both), outputs=("spread",))


def unused() -> QGraph:
    graph = image().conv(2, (1, 1)).graph
    idle = dataclasses.replace(graph.nodes[-1], name="idle")
    return dataclasses.replace(graph, nodes=(*graph.nodes, idle))


def deep() -> QGraph:
    graph = Chain("pixels", "fixed", (2,), 3).dense(2, "deep").graph
    nodes = tuple(dataclasses.replace(node, shape=(4, 4, 2)) for node in graph)
    return dataclasses.replace(graph, nodes=nodes)


GRAPHS: dict[str, tuple[Callable[[], QGraph], str]] = {
    "two inputs": (two_inputs, "layer 'other': hardware does not support an input that nothing uses"),
    "operation": (softmax, "layer 'chances': hardware does not support Softmax, only .*Conv2D"),
    "broadcast": (
        broadcast,
        "layer 'spread': hardware joins tensors of one shape, found .2, 2, 2. and .1, 1",
    ),
    "unused": (unused, "layer 'idle': hardware does not support a result that nothing uses"),
    "dilation": (
        lambda: image().conv(2, (2, 2), padding=((4, 0), (0, 0)), name="rim", dilation=(3, 1)).graph,
        r"layer 'rim': hardware needs a pixel of the image in every window, found a padding of \(4, 0\)",
    ),
    "rank": (deep, "layer 'deep': hardware supports a flat input for Dense, found"),
    "nothing": (
        lambda: image("idle").flatten().graph,
        "model 'idle': there is no layer that computes anything",
    ),
    "rim above": (
        lambda: image().conv(2, (2, 2), padding=((2, 0), (0, 0)), name="rim").graph,
        r"layer 'rim': hardware needs a pixel of the image in every window, found a padding of \(2, 0\)",
    ),
    "rim on the right": (
        lambda: image().conv(2, (2, 2), padding=((0, 0), (0, 2)), name="rim").graph,
        r"layer 'rim': hardware needs a pixel of the image in every window, found a padding of \(0, 2\)",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_layer_is_named(name: str) -> None:
    make, message = GRAPHS[name]
    with pytest.raises(Unsupported, match=message):
        plan(make(), 100)


def test_padding_as_wide_as_can_be_is_taken() -> None:
    graph = image().conv(2, (3, 2), padding=((2, 2), (1, 1))).graph
    assert plan(graph, 100).output.shape == (6, 5, 2)
