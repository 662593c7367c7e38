# SPDX-License-Identifier: Apache-2.0
"""The study of number formats: its approximations, its outcomes and what it writes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kerilog import cli, floating, frontend
from kerilog.graph import Activation, Array, Dense, DepthwiseConv2D, Graph, Input, Node
from kerilog.quantize import calibrate
from kerilog.study import approximate, results, sweep
from kerilog.study.sweep import Network, Outcome
from support.keras_files import dense_weights, layer, write
from support.paths import MODELS

MODEL = MODELS / "mnist_cnn.keras"


def only(value: float) -> Array:
    return np.array([value], np.float32)


def test_ten_bits_of_mantissa() -> None:
    """The figure 0.12182617 that is quoted for this example has lost the implied leading one on its way."""
    value = only(0.123456789)
    assert float(approximate.round_mantissa(value, 10)[0]) == 0.12347412109375 == float(np.float16(value[0]))
    assert float(approximate.lose_leading_one(value, 10)[0]) == 0.121826171875
    assert f"{approximate.lose_leading_one(value, 10)[0]:.8f}" == "0.12182617"


def test_ten_bits_are_those_of_float16() -> None:
    values = np.random.default_rng(1).uniform(-8, 8, 100_000).astype(np.float32)
    values = values[np.abs(values) > 1e-3]  # where float16 has all its bits
    assert np.array_equal(
        approximate.round_mantissa(values, 10), values.astype(np.float16).astype(np.float32)
    )


@pytest.mark.parametrize("bits", [1, 2, 7, 16, 22, 23])
def test_mantissa_is_nearest_and_its_own(bits: int) -> None:
    values = np.random.default_rng(bits).normal(size=5000).astype(np.float32)
    rounded = approximate.round_mantissa(values, bits)
    steps = np.ldexp(1.0, np.frexp(values)[1] - 1 - bits)
    assert np.all(np.abs(rounded.astype(np.float64) - values) <= steps / 2)
    assert np.array_equal(approximate.round_mantissa(rounded, bits), rounded)
    assert approximate.round_mantissa(only(0.0), bits) == 0


def test_mantissa_carries_into_the_exponent() -> None:
    assert approximate.round_mantissa(only(1.9999), 3) == 2.0
    assert approximate.round_mantissa(only(-1.0625), 3) == -1.0  # a tie goes to even
    assert approximate.round_mantissa(only(-1.1875), 3) == -1.25


def test_lost_leading_one() -> None:
    assert approximate.lose_leading_one(only(1.0), 23) == 0
    assert approximate.lose_leading_one(only(-1.5), 4) == -1.0
    assert approximate.lose_leading_one(only(0.0), 4) == 0


def test_ternary_and_binary() -> None:
    kernel = np.array([[1.0, -4.0], [-0.1, 4.0], [0.7, 0.0], [-1.1, 2.0]], np.float32)
    scales = np.array([(1.0 + 0.7 + 1.1) / 3, (4 + 4 + 2) / 3], np.float32)
    signs = np.array([[1, -1], [0, 1], [1, 0], [-1, 1]])
    assert np.allclose(approximate.ternary(kernel), signs * scales)
    means = np.array([2.9 / 4, 2.5], np.float32)
    assert np.allclose(approximate.binary(kernel), np.array([[1, -1], [-1, 1], [1, 1], [-1, 1]]) * means)
    assert np.array_equal(approximate.ternary(np.zeros((3, 2), np.float32)), np.zeros((3, 2)))


def test_binary_scale_has_the_least_error() -> None:
    kernel = np.random.default_rng(2).normal(size=(50, 3)).astype(np.float32)
    chosen = approximate.binary(kernel)
    least = np.sum((chosen - kernel) ** 2)
    for factor in (0.95, 1.05):
        assert np.sum((chosen * factor - kernel) ** 2) > least


def network() -> tuple[Network, Graph]:
    """A small network and samples, the labels being its own answers."""
    draw = np.random.default_rng(4)
    taps = draw.normal(size=(2, 2, 3, 2)).astype(np.float32)
    kernel = draw.normal(size=(6, 5)).astype(np.float32)
    nodes = (
        Node("x", Input(), (), (2, 2, 3)),
        Node("taps", DepthwiseConv2D(taps, np.zeros(6, np.float32), activation="relu"), ("x",), (1, 1, 6)),
        Node("dense", Dense(kernel, np.ones(5, np.float32)), ("taps",), (1, 1, 5)),
    )
    graph = Graph("small", nodes, ("dense",))
    x = draw.normal(size=(300, 2, 2, 3)).astype(np.float32)
    return Network(calibrate(graph, x), x, x, np.zeros(300, np.int64)), graph


def test_nothing_changed_is_the_float_network() -> None:
    start, graph = network()
    same = approximate.with_weights(graph, lambda _, kernel: kernel, lambda bias: bias)
    found = approximate.run(same, start.x, lambda _, values: values)
    assert np.array_equal(found, floating.run(graph, start.x)[0])


def test_every_tensor_is_changed_but_a_softmax() -> None:
    start, graph = network()
    softmax = Node("chances", Activation("softmax"), ("dense",), (1, 1, 5))
    seen: list[str] = []

    def note(name: str, values: Array) -> Array:
        seen.append(name)
        return values

    approximate.run(Graph("small", (*graph.nodes, softmax), ("chances",)), start.x, note)
    assert seen == ["x", "taps", "dense"]


def test_depthwise_channels_have_their_own_scales() -> None:
    _, graph = network()
    kernel = approximate.with_weights(graph, lambda _, k: approximate.binary(k), lambda b: b)[
        "taps"
    ].op.kernel
    magnitudes = np.abs(kernel).reshape(4, 6)
    assert np.array_equal(magnitudes, np.broadcast_to(magnitudes[0], (4, 6)))
    assert len(np.unique(magnitudes)) == 6


def outcome(size: int, accuracy: float) -> Outcome:
    return Outcome("fixed", 8, 8, accuracy, size)


def test_front() -> None:
    found = [outcome(100, 0.9), outcome(50, 0.8), outcome(60, 0.7), outcome(40, 0.8), outcome(70, 0.95)]
    assert results.front(found) == (found[3], found[4])
    assert "70 bytes" in results.hint(found, 0.0)
    assert "40 bytes" in results.hint(found, 0.11)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A study of the default model over random images, their labels what the float network answers."""
    folder = tmp_path_factory.mktemp("study")
    graph = frontend.load(MODEL)
    assert isinstance(graph, Graph)
    x = np.random.default_rng(6).random((60, 28, 28, 1)).astype(np.float32)
    np.savez(folder / "data.npz", x=x, y=floating.run(graph, x)[0].argmax(axis=1))
    arguments = ["study", str(MODEL), "--data", str(folder / "data.npz"), "--samples", "50"]
    result = CliRunner().invoke(cli.main, [*arguments, "-o", str(folder / "out")])
    assert result.exit_code == 0, result.output
    return folder / "out", result.output


def test_study_of_the_default_model(written: tuple[Path, str]) -> None:
    folder, output = written
    found = json.loads((folder / "study.json").read_text())
    assert found["samples"] == 50
    outcomes = {(o["format"], o["weight_bits"], o["activation_bits"]): o for o in found["outcomes"]}
    assert len(outcomes) == len(list(sweep.trials()))
    assert {o["weight_bits"] for o in found["outcomes"] if o["format"] == "fixed"} == set(range(2, 17))
    assert outcomes["float32", 32, 32]["accuracy"] == 1.0
    assert outcomes["float", 25, 25]["accuracy"] == 1.0
    assert outcomes["fixed", 16, 16]["accuracy"] >= 0.98
    assert outcomes["fixed", 8, 8]["parameter_bytes"] == 44_702
    assert outcomes["float32", 32, 32]["parameter_bytes"] == 178_808
    assert outcomes["binary", 1, 8]["parameter_bytes"] == 6_271
    assert "smallest with at most 0.1 points lost" in output


def test_study_files(written: tuple[Path, str]) -> None:
    folder, _ = written
    with (folder / "study.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(json.loads((folder / "study.json").read_text())["outcomes"])
    assert (folder / "study.svg").read_text().startswith("<?xml")
    assert (folder / "study.png").read_bytes().startswith(b"\x89PNG")


def test_study_needs_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=np.zeros((4, 28, 28, 1), np.float32))
    result = CliRunner().invoke(cli.main, ["study", str(MODEL), "--data", str(tmp_path / "data.npz")])
    assert result.exit_code == 2
    assert "no class labels" in result.output


def test_study_needs_samples() -> None:
    result = CliRunner().invoke(cli.main, ["study", str(MODEL), "--samples", "0"])
    assert result.exit_code == 2
    assert "--samples must be at least 1" in result.output


def test_study_of_one_output_unit_says_what_it_counts(tmp_path: Path) -> None:
    """The data has classes; it is the model that has nothing to choose between."""
    layers = [
        layer("InputLayer", "input", batch_shape=[None, 3]),
        layer("Dense", "dense", units=1, activation="sigmoid"),
    ]
    model = write(tmp_path / "gate.keras", layers, {"dense": dense_weights(np.random.default_rng(1), 3, 1)})
    rows = [f"{a},{b},{a * b},{'worn' if a > b else 'good'}" for a in range(4) for b in range(4)]
    (tmp_path / "gate.csv").write_text("\n".join(rows) + "\n")
    result = CliRunner().invoke(cli.main, ["study", str(model), "--data", str(tmp_path / "gate.csv")])
    assert result.exit_code == 2
    assert "a study counts the largest of several outputs, and this model has one" in result.output
