# SPDX-License-Identifier: Apache-2.0
"""What is doubtful about data is told, with numbers; what is good is not complained about."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from kerilog.graph import Activation, Array, Graph, Node
from kerilog.measured import measure
from kerilog.quality import doubts, heads
from kerilog.quality.heads import INTEGER, Tally
from kerilog.quantize import LayerSettings, Settings, calibrate, quantize
from support.heads import identity, integers, pixels

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4)).astype(np.float32)
Y = X.argmax(axis=1)


def warnings(
    graph: Graph, x: Array, y: Any, seen: Array = X, labels: Any = None, scheme: str = "fixed"
) -> tuple[str, ...]:
    """Of ``graph`` calibrated on samples ``seen`` with ``labels``, tested on ``x`` and ``y``."""
    calibration = calibrate(graph, seen)
    integer = quantize(calibration, scheme)
    known = {} if labels is None else {"y": np.asarray(labels)}
    truth = {} if y is None else {"y": np.asarray(y)}
    return measure(graph, integer, x, truth, calibration, known).warnings


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
@pytest.mark.parametrize("function", ["linear", "softmax", "sigmoid"])
def test_a_good_network_gives_no_doubt(function: str, scheme: str) -> None:
    assert warnings(identity(4, function), X, Y, labels=Y, scheme=scheme) == ()
    fresh = np.random.default_rng(1).normal(size=(500, 4)).astype(np.float32)
    assert warnings(identity(4, function), fresh, fresh.argmax(axis=1), labels=Y, scheme=scheme) == ()


# ---- chance ----


def test_accuracy_near_chance() -> None:
    y = np.where(np.arange(200) < 90, 0, 1 + np.arange(200) % 3)
    (told,) = warnings(identity(4, "softmax"), X, y)
    right = np.mean(y == Y)
    assert told == (
        f"float accuracy {right:.2%} is near or below chance (always the commonest answer: 45.00%): "
        "check how the samples are scaled and how the classes are numbered"
    )


@pytest.mark.parametrize(
    ("largest", "accuracy", "doubtful"),
    [
        (0.50, 0.549, True),
        (0.50, 0.551, False),
        (0.96, 0.979, True),  # half of what is missing to 100 %: five points would be more than all
        (0.96, 0.981, False),
        (0.96, 1.0, False),
    ],
)
def test_the_bound_of_chance(largest: float, accuracy: float, doubtful: bool) -> None:
    found = heads.measure(identity(4), integers(identity(4), X), X, Y)["y"]
    tally = Tally(right=round(1000 * accuracy), answers=1000, samples=1000)
    one = dataclasses.replace(found, largest_class=largest, tallies={"float": tally, "integer": tally})
    assert bool(list(doubts.about_accuracy({"y": one}))) is doubtful


def test_one_class_alone_in_the_test() -> None:
    some = X[Y == 2]
    assert warnings(identity(4), some, np.full(len(some), 2)) == (
        "all labels of the test samples are the same: accuracy says little",
    )


def test_of_a_network_without_float_the_integers_are_judged() -> None:
    integer = integers(identity(4), X)
    (told,) = measure(None, integer, X, {"y": (Y + 1) % 4}).warnings
    assert told.startswith("integer accuracy 0.00% is near or below chance")
    assert measure(None, integer, X, {"y": Y}).warnings == ()


# ---- loss ----


def test_accuracy_that_integers_lose() -> None:
    graph = identity(4)
    found = heads.measure(graph, integers(graph, X), X, Y)["y"]
    worse = {"float": found.tallies["float"], "integer": Tally(right=190, answers=200, samples=200)}
    (told,) = doubts.about_accuracy({"y": dataclasses.replace(found, tallies=worse)})
    assert told == (
        "the integer network loses 5.00 points of accuracy against float (100.00% to 95.00%), more than 1: "
        "the report shows the layer where the error begins"
    )
    few = {"float": found.tallies["float"], "integer": Tally(right=198, answers=200, samples=200)}
    assert list(doubts.about_accuracy({"y": dataclasses.replace(found, tallies=few)})) == []


def test_a_narrow_format_loses_accuracy_and_says_so() -> None:
    """Codes of two bits, for real."""
    graph = identity(4)
    calibration = calibrate(graph, X)
    integer = quantize(calibration, "fixed", settings=Settings(LayerSettings(activation_bits=2)))
    measured = measure(graph, integer, X, {"y": Y}, calibration)
    assert any("points of accuracy against float" in told for told in measured.warnings)


# ---- calibration ----


def test_calibration_on_one_class() -> None:
    some = X[Y == 1]
    told = warnings(identity(4, "softmax"), some, Y[: len(some)] * 0 + 1, seen=some, labels=[1] * len(some))
    assert told == ("all labels of the test samples are the same: accuracy says little",)
    told = warnings(identity(4, "softmax"), X, Y, labels=[1] * 50)
    assert told == (
        "all 50 calibration samples are of class 1: formats fit that class alone; shuffle the samples, or "
        "raise --samples",
    )
    assert warnings(identity(4, "softmax"), X, np.eye(4)[Y], labels=np.eye(4)[[3] * 50])[0].startswith(
        "all 50 calibration samples are of class 3"
    )


def test_labels_that_are_no_classes_are_not_judged() -> None:
    assert warnings(identity(4), X, X, labels=X[:50] * 0) == ()  # a regression


# ---- range ----


def test_test_data_beyond_the_calibration() -> None:
    told, *_ = warnings(identity(4), 10 * X, Y)
    format = integers(identity(4), X)["x"].format
    steps = np.trunc(10 * X / format.scales + np.copysign(0.5, X))
    saturated = np.count_nonzero((steps < format.minimum) | (steps > format.maximum))
    listed = f"over 200 samples these saturate: {saturated} of 800 values ({saturated / 800:.1%}) of "
    assert listed in told
    spans = f"which are {10 * X.min():.4g}..{10 * X.max():.4g} and were {X.min():.4g}..{X.max():.4g}"
    assert told.count(spans) == 2 and "'y'" in told  # which has the same values


def test_the_worst_layer_comes_first_and_some_are_only_counted() -> None:
    graph = identity(4)
    nodes = list(graph.nodes)
    for number in range(4):
        nodes.append(Node(f"relu{number}", Activation("sigmoid"), ("y",), (4,)))  # more outputs
    many = Graph("many", tuple(nodes), ("y", *(f"relu{number}" for number in range(4))))
    calibration = calibrate(many, X)
    integer = quantize(calibration)
    seen = [
        doubts.Seen(name, 100, saturated, -9.0, 9.0)
        for name, saturated in (("x", 30), ("y", 80), ("relu0", 50), ("relu1", 40), ("relu2", 0))
    ]
    (told,) = doubts.about_range(integer, calibration.observations, seen, 10)
    places = [told.index(f"of '{name}'") for name in ("y", "relu0", "relu1")]
    assert places == sorted(places)
    assert "80 of 100 values (80.0%) of 'y'" in told
    assert told.endswith("; some in 1 more layers") and "'x'" not in told


def test_a_few_values_just_beyond_are_no_doubt() -> None:
    some = X.copy()
    some[0, 0] = 1.3 * X.max()
    assert warnings(identity(4), some, some.argmax(axis=1)) == ()
    some[:3, 0] = 30 * X.max()  # few, but far
    (told,) = warnings(identity(4), some, some.argmax(axis=1))
    assert "3 of 800 values (0.4%) of 'x'" in told


def test_what_saturates_by_intent_is_no_doubt() -> None:
    """Pixels up to 1.0 in steps of 1/128: the white ones saturate, in calibration as well."""
    white = (np.random.default_rng(2).random((100, 3, 3, 2)) > 0.5).astype(np.float32)
    assert warnings(pixels((3, 3, 2)), white, None, seen=white) == ()


def test_samples_outside_the_input_of_a_tflite_file() -> None:
    integer = integers(identity(4), X, "affine")
    (told,) = measure(None, integer, 50 * X, {"y": Y}).warnings
    assert told.startswith("input 'x': ") and " of 800 values (" in told
    assert f"the samples are {50 * X.min():.4g}..{50 * X.max():.4g}" in told
    assert measure(None, integer, X, {"y": Y}).warnings == ()


def test_the_output_is_named_where_there_are_several() -> None:
    graph = identity(4)
    found = heads.measure(graph, integers(graph, X), X, (Y + 1) % 4)["y"]
    other = heads.measure(graph, integers(graph, X), X, Y)["y"]
    (told,) = doubts.about_accuracy({"y": found, "z": other})
    assert told.startswith("output 'y': float accuracy 0.00%")
    assert found.accuracy(INTEGER) == 0
