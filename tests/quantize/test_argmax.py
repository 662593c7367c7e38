# SPDX-License-Identifier: Apache-2.0
"""Which outputs end in the number of a class, and what stands in the way."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.formats import Affine, ClassNumber
from kerilog.frames import output_names
from kerilog.integer.model import run
from kerilog.qgraph import QGraph, QNode, QSoftmax
from kerilog.quantize import end_in_classes
from support.branches import Branches


def net(units: int = 5) -> Branches:
    """Scores called ``scores``."""
    return Branches("net", "affine", (4,), 3).dense(units, "scores", relu=False)


def with_softmax(graph: QGraph, name: str) -> QGraph:
    table = (2.0**31 * np.exp(-np.arange(256) / 4)).astype(np.int64).clip(0, 2**31 - 1)
    softmax = QNode(name, QSoftmax(table), graph.outputs, (5,), Affine(8, 1 / 256, -128))
    return dataclasses.replace(graph, nodes=(*graph.nodes, softmax), outputs=(name,))


def test_scores_become_a_class_of_the_same_name() -> None:
    graph = end_in_classes(net().graph, ["linear"])
    node = graph[graph.outputs[0]]
    assert (node.shape, node.format) == ((1,), ClassNumber(3, 5))
    assert output_names(graph) == ("scores",)
    x = np.random.default_rng(1).integers(-128, 128, (50, 4))
    np.testing.assert_array_equal(run(graph, x)[:, 0], run(net().graph, x).argmax(axis=1))


@pytest.mark.parametrize("name", ["scores/softmax", "Identity"])
def test_a_softmax_goes_and_its_name_stays(name: str) -> None:
    whole = with_softmax(net().graph, name)
    graph = end_in_classes(whole, ["softmax"])
    assert output_names(graph) == output_names(whole)
    assert [node.op.kind for node in graph] == ["Input", "Dense", "ArgMax"]


def test_beside_a_softmax_other_numbers_are_no_scores() -> None:
    branches = net().at("input").dense(4, "box", relu=False)
    graph = dataclasses.replace(branches.graph, outputs=("scores", "box"))
    assert graph_kinds(graph, ["softmax", "linear"]) == ["ArgMax", "Dense"]
    assert graph_kinds(graph, ["linear", "linear"]) == ["ArgMax", "ArgMax"]
    assert graph_kinds(graph, ["sigmoid", "linear"]) == ["Dense", "ArgMax"]


def graph_kinds(graph: QGraph, functions: list[str]) -> list[str]:
    """The kinds of the outputs with classes."""
    found = end_in_classes(graph, functions)
    return [found[name].op.kind for name in found.outputs]


def test_a_tensor_that_is_two_outputs_has_one_class() -> None:
    graph = dataclasses.replace(net().graph, outputs=("scores", "scores"))
    found = end_in_classes(graph, ["linear", "linear"])
    assert found.outputs == ("scores/argmax", "scores/argmax")
    assert [node.op.kind for node in found].count("ArgMax") == 1


def test_a_class_stays_one() -> None:
    graph = net().classify().graph
    assert end_in_classes(graph, ["class"]) == graph


@pytest.mark.parametrize(
    ("graph", "function", "reason"),
    [
        (net(1).graph, "linear", "'scores' has one unit"),
        (net().graph, "sigmoid", "'scores' ends in a sigmoid"),
        (
            Branches("net", "fixed", (4, 4, 2), 1).conv(3, (1, 1), name="map").graph,
            "linear",
            "'map' is of shape 4 x 4 x 3",
        ),
    ],
)
def test_what_is_no_class_is_refused(graph: QGraph, function: str, reason: str) -> None:
    with pytest.raises(
        KerilogError, match=f"^argmax: expected an output of several classes: output {reason}$"
    ):
        end_in_classes(graph, [function])
