# SPDX-License-Identifier: Apache-2.0
"""What counts as a right answer of every kind of output, and the figures that follow."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from kerilog.errors import KerilogError
from kerilog.graph import Graph
from kerilog.quality.heads import confusion, evaluate, heads, measure
from kerilog.quality.labels import Head, NoAccuracy, Target, target
from support.heads import identity, integers, pixels

ROWS = np.array([[2, -1, 0], [0, 1, -2], [-1, 0, 2], [2, 1, 0]], np.float32)  # classes 0, 1, 2, 0
ONES = np.array([[2], [-1], [0.5], [-2]], np.float32)


def figures(graph: Graph, x: Any, y: Any) -> dict[str, dict[str, Any]]:
    return evaluate(graph, integers(graph, x), x, y)


@pytest.mark.parametrize("function", ["softmax", "linear", "sigmoid"])
@pytest.mark.parametrize(
    ("labels", "accuracy"),
    [
        ([0, 1, 2, 0], 1.0),
        ([0, 1, 2, 1], 0.75),
        ([[0], [1], [0], [2]], 0.5),
        ([1, 2, 3, 1], 1.0),  # from 1
        ([3, 2, 3, 1], 0.75),
        (np.eye(3)[[0, 1, 2, 1]], 0.75),  # one-hot
        (["cat", "dog", "eel", "dog"], 0.75),  # names in alphabetical order
    ],
)
def test_classes(function: str, labels: Any, accuracy: float) -> None:
    found = figures(identity(3, function), ROWS, np.asarray(labels))
    assert found["float"] == {"accuracy": accuracy}
    assert found["integer"]["accuracy"] == accuracy
    assert set(found["integer"]) == {"accuracy", "rmse", "snr_db", "correlation"}


@pytest.mark.parametrize(
    ("function", "labels", "accuracy"),
    [
        ("sigmoid", [1, 0, 1, 0], 1.0),
        ("sigmoid", [[1], [1], [1], [0]], 0.75),
        ("sigmoid", [True, False, False, False], 0.75),
        ("sigmoid", [2, 1, 2, 2], 0.75),  # from 1
        ("sigmoid", ["yes", "no", "no", "no"], 0.75),
        ("linear", [1, 0, 1, 1], 0.75),  # a logit, so above 0
        ("linear", [1, -1, -1, -1], 0.75),
    ],
)
def test_one_unit(function: str, labels: Any, accuracy: float) -> None:
    found = figures(identity(1, function), ONES, np.asarray(labels))
    assert (found["float"]["accuracy"], found["integer"]["accuracy"]) == (accuracy, accuracy)


@pytest.mark.parametrize("function", ["sigmoid", "linear"])
def test_several_labels_a_sample(function: str) -> None:
    """Signs of ROWS are 100, 010, 001, 110."""
    labels = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]])
    found = figures(identity(3, function), ROWS, labels)
    assert found["float"] == {"accuracy": pytest.approx(10 / 12), "exact_match": 0.5}
    assert found["integer"]["accuracy"] == pytest.approx(10 / 12)
    assert found["integer"]["exact_match"] == 0.5


def test_every_pixel_is_an_answer() -> None:
    x = np.random.default_rng(0).normal(size=(5, 4, 3, 2)).astype(np.float32)
    x[..., 1] = -x[..., 0]  # far from ties but for a few
    labels = x.argmax(axis=-1)
    labels[0, 0, 0] ^= 1
    graph = pixels((4, 3, 2))
    assert figures(graph, x, labels)["float"] == {"accuracy": pytest.approx(59 / 60)}
    assert figures(graph, x, labels[..., np.newaxis])["float"] == {"accuracy": pytest.approx(59 / 60)}


def test_regression_is_measured_against_its_labels() -> None:
    x = np.array([[0.5, -1], [1.25, 0], [2, -2], [3.5, 1]], np.float32)
    found = figures(identity(2), x, x + np.float32(0.5))
    assert found["float"] == {
        "label_rmse": pytest.approx(0.5),
        "why_no_accuracy": "labels are numbers, not classes: a regression",
    }
    assert found["integer"]["label_rmse"] == pytest.approx(0.5, abs=0.05)
    assert "accuracy" not in found["integer"]


@pytest.mark.parametrize(
    ("shape", "function", "labels", "reason"),
    [
        ((3,), "softmax", [0, 1, 3, 0], "expected class numbers from 0 to 2, or from 1 to 3, found 0 to 3"),
        ((3,), "softmax", [-1, 1, 2, 0], "expected class numbers .*, found -1 to 2"),
        ((3,), "softmax", [1, 2, 4, 4], "expected class numbers .*, found 1 to 4"),
        ((3,), "softmax", [0.5, 1, 2, 0], "not whole numbers"),
        ((3,), "softmax", [np.nan, 1, 2, 0], "labels hold NaN"),
        ((3,), "softmax", np.ones((4, 3)), "a softmax has one answer"),
        ((3,), "softmax", np.zeros((4, 2)), "labels of 2 per sample do not fit an output of 3"),
        ((3,), "linear", np.full((4, 3), 0.3), "a regression"),
        ((3,), "relu", [[1, 1, 0]] * 4, "which fit a sigmoid or logits"),
        ((3,), "softmax", ["a", "b", "b", "a"], "2 names for 3 classes"),
        ((1,), "sigmoid", [0, 1, 2, 0], "a regression"),
        ((1,), "sigmoid", [-1, 1, -1, 1], "expected labels 0 and 1, found -1 and 1"),
        ((1,), "sigmoid", [0.5, 1, 1, 1], "a regression"),
        ((1,), "linear", [1, 2, 1, 2], "a regression"),
        ((1,), "relu", [0, 1, 1, 0], "a regression"),
        ((1,), "softmax", [0, 1, 1, 0], "a softmax over one unit gives 1"),
        (
            (2, 2, 3),
            "softmax",
            [0, 1, 1, 0],
            "labels of one number per sample do not fit an output of 2 x 2 x 3",
        ),
    ],
)
def test_why_there_is_no_accuracy(shape: tuple[int, ...], function: str, labels: Any, reason: str) -> None:
    found = target(np.asarray(labels), Head(shape, function))
    assert isinstance(found, NoAccuracy)
    assert re.search(reason, found.reason), found.reason


def test_rules_are_told() -> None:
    softmax, unit = Head((3,), "softmax"), Head((1,), "sigmoid")
    for labels, head, rule in (
        ([0, 1, 2], softmax, "the largest output counts"),
        ([1, 2, 3], softmax, "the largest output counts; labels 1 to 3 are classes 0 to 2"),
        (np.eye(3), softmax, "the largest output counts; labels are one-hot"),
        ([0, 1, 0], unit, "above 0.5 counts as 1"),
        ([2, 1, 1], unit, "above 0.5 counts as 2; labels are 1 and 2"),
    ):
        found = target(np.asarray(labels), head)
        assert isinstance(found, Target) and found.rule == rule


def test_classes_that_do_not_occur_shift_nothing() -> None:
    """1 and 2 of 4 classes may be those: only the number that class N - 1 cannot have tells."""
    found = target(np.array([1, 2, 1]), Head((4,), "softmax"))
    assert isinstance(found, Target) and found.truth(0, 3).tolist() == [[1], [2], [1]]


def test_without_labels_there_are_errors_still() -> None:
    graph = identity(3, "softmax")
    found = evaluate(graph, integers(graph, ROWS), ROWS)
    assert found["float"] == {"why_no_accuracy": "the data has no labels for it"}
    assert set(found["integer"]) == {"why_no_accuracy", "rmse", "snr_db", "correlation"}


def test_without_a_float_network() -> None:
    """As for a TFLite file: accuracy in integers, and no error against anything."""
    integer = integers(identity(3, "softmax"), ROWS)
    found = evaluate(None, integer, ROWS, np.array([0, 1, 2, 1]))
    assert found == {"float": {}, "integer": {"accuracy": 0.75}}


def test_the_function_of_an_integer_output_is_read_from_its_table() -> None:
    for scheme in ("fixed", "affine"):
        (head,) = heads(None, integers(identity(1, "sigmoid"), ONES, scheme))
        assert head == Head((1,), "sigmoid")
    assert heads(None, integers(identity(3), ROWS)) == [Head((3,), "linear")]


def test_the_error_is_that_of_all_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of a batch."""
    x = np.random.default_rng(1).normal(size=(37, 3)).astype(np.float32)
    graph = identity(3, "softmax")
    integer = integers(graph, x)
    y = np.arange(37) % 3
    whole = measure(graph, integer, x, y)["y"]
    monkeypatch.setattr("kerilog.quality.batches.MOST", 5)
    parts = measure(graph, integer, x, y)["y"]
    assert whole.error is not None and parts.error is not None
    difference = x - integer["y"].format.dequantize(integer["y"].format.quantize(x))
    assert whole.error.rmse == pytest.approx(np.sqrt(np.mean(difference**2)))  # the logits, not softmax
    assert parts.error.rmse == pytest.approx(whole.error.rmse)
    assert parts.error.correlation == pytest.approx(whole.error.correlation)
    assert parts.accuracy("integer") == whole.accuracy("integer")
    assert parts.largest_class == whole.largest_class == pytest.approx(13 / 37)


def test_the_largest_class() -> None:
    graph = identity(3, "sigmoid")
    integer = integers(graph, ROWS)
    labels = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 0]])  # 3, 2 and 3 of 4 alike
    assert measure(graph, integer, ROWS, labels)["y"].largest_class == pytest.approx(8 / 12)
    assert measure(graph, integer, ROWS, np.array([3, 1, 1, 1]))["y"].largest_class == 0.75


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(3), "labels of 'y': expected 4, one a sample, got 3"),
        ({"z": np.zeros(4)}, "labels: there is no output 'z'; outputs are y"),
    ],
)
def test_labels_that_fit_no_output_are_refused(y: Any, message: str) -> None:
    graph = identity(3)
    with pytest.raises(KerilogError, match=message):
        evaluate(graph, integers(graph, ROWS), ROWS, y)


@pytest.mark.parametrize("labelled", ["y", "y/softmax"])
def test_logits_beside_their_softmax_are_one_output(labelled: str) -> None:
    graph = identity(3, "softmax")
    both = Graph("both", graph.nodes, ("y", "y/softmax"))
    integer = integers(both, ROWS)
    (found,) = measure(both, integer, ROWS, {labelled: np.array([0, 1, 2, 1])}).values()
    assert (found.accuracy("float"), found.accuracy("integer")) == (0.75, 0.75)
    assert found.error is not None and found.error.count == ROWS.size


def test_a_softmax_is_not_measured_against_numbers() -> None:
    found = figures(identity(3, "softmax"), ROWS, ROWS)
    assert found["float"] == {"why_no_accuracy": "labels are numbers, not classes: a regression"}


def test_labels_of_the_calibration_tell_where_classes_begin() -> None:
    graph = identity(3, "softmax")
    few, all_of_them = np.array([1, 2, 1, 1]), {"y": np.array([1, 2, 3])}
    integer = integers(graph, ROWS)
    assert measure(graph, integer, ROWS, few)["y"].accuracy("float") == 0.0
    assert measure(graph, integer, ROWS, few, others=all_of_them)["y"].accuracy("float") == 0.75


def test_another_float_network_is_refused() -> None:
    with pytest.raises(KerilogError, match="was not made from this float network"):
        evaluate(pixels((1, 1, 3)), integers(identity(3, "sigmoid"), ROWS), ROWS)


def test_no_samples_are_refused() -> None:
    graph = identity(3)
    with pytest.raises(KerilogError, match="there are no samples"):
        evaluate(graph, integers(graph, ROWS), ROWS[:0])


def test_confusion() -> None:
    labels, answers = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0])
    assert confusion(labels, answers, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
