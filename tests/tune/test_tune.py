# SPDX-License-Identifier: Apache-2.0
"""Widths that choose themselves: what is chosen, how losses are counted, and that what is written is true."""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import kerilog
from kerilog import area, cli, floating, frontend
from kerilog.area import Area
from kerilog.errors import KerilogError
from kerilog.graph import Graph
from kerilog.manifest import Manifest
from kerilog.plan.goals import Goal
from kerilog.quantize import LayerSettings, Settings, calibrate, read_settings, toml_of
from kerilog.study import intervals
from kerilog.tune import trial
from kerilog.tune.cost import cost_of
from kerilog.tune.loss import PROBE, Judge, loss_of
from kerilog.tune.results import FILES
from kerilog.tune.search import search
from kerilog.tune.trial import Subject, Trials, network_of
from kerilog.tune.widths import choices, parsed, settings_with, uniform
from support.keras_files import dense_weights, layer, write, write_two_heads
from support.paths import MODELS

SHAPE = (12,)
CLASSES = 4
TRAIN, TEST = 1600, 400
QUICK = ("--weight-widths", "3,4,6", "--activation-widths", "4,6", "--tries", "4")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``net.keras``, two dense layers, and ``data.npz``; float is right on 19 of 20 samples."""
    folder = tmp_path_factory.mktemp("tune")
    random = np.random.default_rng(3)
    layers = [
        layer("InputLayer", "image", batch_shape=[None, *SHAPE]),
        layer("Dense", "wide", units=10, activation="relu"),
        layer("Dense", "last", units=CLASSES, activation="softmax"),
    ]
    weights = {"dense": dense_weights(random, 12, 10), "dense_1": dense_weights(random, 10, CLASSES)}
    graph = frontend.load(write(folder / "net.keras", layers, weights))
    assert isinstance(graph, Graph)
    x = random.normal(size=(2 * (TRAIN + TEST), *SHAPE)).astype(np.float32)
    x = x[margins(graph, x) > 0.2][: TRAIN + TEST]  # a trained network is sure of most of its answers
    y = floating.run(graph, x)[0].argmax(axis=1)
    y[::20] = (y[::20] + 1) % CLASSES
    parts = {"x_train": x[:TRAIN], "y_train": y[:TRAIN], "x_test": x[TRAIN:], "y_test": y[TRAIN:]}
    np.savez(folder / "data.npz", **parts)
    return folder


def margins(graph: Graph, x: np.ndarray) -> np.ndarray:
    """By how much the largest output is larger than the second, for each sample."""
    scores = np.sort(floating.run(graph, x)[0], axis=1)
    return np.asarray(scores[:, -1] - scores[:, -2])


def subject_of(place: Path, widths: tuple[int, ...], settings: Settings = Settings()) -> Subject:  # noqa: B008
    graph = frontend.load(place / "net.keras")
    assert isinstance(graph, Graph)
    data = np.load(place / "data.npz")
    samples = {"image": data["x_train"][:500]}
    calibration = calibrate(graph, samples)
    judge = Judge(
        calibration.graph,
        network_of(calibration, samples, settings),
        {"image": data["x_train"][500:]},
        {"last": data["y_train"][500:]},
    )
    found = choices(calibration.graph, settings, widths, widths)
    return Subject(calibration, samples, settings, found, judge, Goal(interval=12))


def run(place: Path, *arguments: str, data: str = "data.npz") -> Result:
    words = ["tune", str(place / "net.keras"), "--data", str(place / data), *arguments]
    words += [] if "--jobs" in arguments else ["--jobs", "1"]
    return CliRunner().invoke(cli.main, words)


@pytest.fixture(scope="module")
def tuned(place: Path) -> Path:
    result = run(place, "--max-loss", "2", *QUICK, "-o", str(place / "tuned"), "--interval", "12")
    assert result.exit_code == 0, result.output
    assert "cheaper than the cheapest uniform pair" in result.output
    return place / "tuned"


def found_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "tune.json").read_text())
    return found


@pytest.mark.parametrize(
    ("text", "widths"), [("2-4", (2, 3, 4)), ("8", (8,)), ("8,2-3,16", (2, 3, 8, 16)), ("4,4", (4,))]
)
def test_widths_are_read(text: str, widths: tuple[int, ...]) -> None:
    assert parsed(text, "--weight-widths") == widths


@pytest.mark.parametrize("text", ["", "1-4", "17", "2-17", "4-2", "-3", "2-3-4", "ternary", "3.5", "4,", "²"])
def test_widths_that_cannot_be(text: str) -> None:
    with pytest.raises(KerilogError, match=r"^--weight-widths: expected widths of 2 to 16 bits, .* found '"):
        parsed(text, "--weight-widths")


def test_every_choice_has_an_effect() -> None:
    """Pools and softmax have none; a layer's own settings stay."""
    graph = frontend.load(MODELS / "mnist_cnn.keras")
    assert isinstance(graph, Graph)
    calibration = calibrate(graph, np.random.default_rng(1).random((8, 28, 28, 1)).astype(np.float32))
    own = Settings(layers={"conv": LayerSettings(weight_bits=5), "image": LayerSettings(activation_bits=3)})
    found = choices(calibration.graph, own, (2, 8), (4, 8))
    assert [(one.layer, one.key) for one in found] == [
        ("conv", "activation_bits"),
        ("hidden", "weight_bits"),
        ("hidden", "activation_bits"),
        ("digit", "weight_bits"),
        ("digit", "activation_bits"),
    ]
    assert uniform(calibration.graph, found, 2, 4) == (4, 2, 4, 2, 8)
    chosen = settings_with(own, found, (4, 2, 8, 8, 4))
    chosen.check(calibration.graph, "fixed")
    assert chosen.of("conv") == LayerSettings(weight_bits=5, activation_bits=4)
    assert chosen.of("image").activation_bits == 3


def test_widths_of_all_layers_are_not_kept(place: Path) -> None:
    with pytest.raises(KerilogError, match="weight_bits: is chosen here"):
        subject_of(place, (4, 8), Settings(LayerSettings(weight_bits=4)))


def test_nothing_left_to_choose(place: Path) -> None:
    own = {name: LayerSettings(weight_bits=4, activation_bits=4) for name in ("wide", "last")}
    with pytest.raises(KerilogError, match="no width is left to choose"):
        subject_of(place, (4, 8), Settings(layers=own | {"image": LayerSettings(activation_bits=4)}))


def test_settings_are_read_back(tmp_path: Path) -> None:
    names = ("conv", 'a "b" \\ c', "ü\n\t\x7f\x01", "a.b")
    settings = Settings(
        LayerSettings(bias_bits="accumulator", percentile=99.5),
        {name: LayerSettings(weight_bits=3, per_channel=True, frac=-2) for name in names},
        register_borders=True,
        reset="active-low",
        refine=("equalize", "correct-bias"),
    )
    (tmp_path / "settings.toml").write_text(toml_of(settings), encoding="utf-8")
    assert read_settings(tmp_path / "settings.toml") == settings
    assert toml_of(Settings()) == ""


def test_cost_counts_every_resource() -> None:
    assert cost_of(Area(lut=100.4, lutram=10, ff=1000, bram18=2, dsp=3)) == 590


def test_standard_error_of_a_loss() -> None:
    """3 samples lost and 1 gained of 100; the error is that of the study's interval."""
    lost = loss_of(np.array([1.0] * 3 + [-1.0] + [0.0] * 96))
    low, high = intervals.paired(3, 1, 100)
    assert lost.points == pytest.approx(2.0)
    assert lost.error == pytest.approx(100 * (high - low) / 2 / intervals.Z)
    assert (lost.least, lost.most) == (lost.points - 2 * lost.error, lost.points + 2 * lost.error)
    assert loss_of(np.zeros(98)).error == pytest.approx(1.0)


def test_loss_is_that_of_the_answers(place: Path) -> None:
    subject = subject_of(place, (3, 8))
    data = np.load(place / "data.npz")
    x, y = data["x_train"][500:], data["y_train"][500:]
    right = floating.run(subject.calibration.graph, x)[0].argmax(axis=1) == y
    assert subject.judge.float_right == pytest.approx(right.mean())
    lost = subject.judge.loss(subject.network((3, 3, 3, 3, 3)))
    assert lost.samples == len(x) and 0 < lost.points < 60
    stopped = subject.judge.loss(subject.network((3, 3, 3, 3, 3)), 0.01)
    assert PROBE <= stopped.samples < len(x)
    wide = subject.judge.loss(subject.network((8, 8, 8, 8, 8)), 1.0)
    assert wide.samples == len(x) and abs(wide.points) < 1
    assert subject.judge.error(subject.network((8,) * 5)) < subject.judge.error(subject.network((3,) * 5))


def test_without_labels_float_is_right(tmp_path: Path) -> None:
    graph = frontend.load(write_two_heads(tmp_path / "heads.keras"))
    assert isinstance(graph, Graph)
    x = {"image": np.random.default_rng(2).normal(size=(300, *graph.inputs[0].shape)).astype(np.float32)}
    calibration = calibrate(graph, x)
    judge = Judge(calibration.graph, network_of(calibration, x, Settings()), x, {})
    assert judge.float_right == 1.0 and judge.rule == "answers of the float network"
    coarse = network_of(calibration, x, Settings(LayerSettings(weight_bits=2, activation_bits=2)))
    assert judge.loss(coarse).points > judge.loss(network_of(calibration, x, Settings())).points >= 0


@pytest.mark.full
def test_the_search_finds_the_cheapest_of_all(place: Path) -> None:
    """All 243 sets of widths are tried for comparison."""
    subject = subject_of(place, (3, 4, 6))
    trials = Trials(subject, 3.0)
    found = search(trials)
    every = trials.points(list(itertools.product((3, 4, 6), repeat=5)))
    within = [point.cost for point in every if trials.within(point.loss)]
    assert len(within) < len(every)
    assert found.best.cost == min(within)
    assert found.uniform is not None and found.best.cost < found.uniform.cost


def test_what_is_written_is_what_is_built(tuned: Path, place: Path) -> None:
    found = found_in(tuned)
    words = ["build", str(place / "net.keras"), "--data", str(place / "data.npz"), "--interval", "12"]
    words += ["--config", str(tuned / "settings.toml"), "-o", str(place / "built")]
    assert CliRunner().invoke(cli.main, words).exit_code == 0
    manifest = Manifest.read(place / "built")
    need, best = manifest.predicted["xc7"], found["best"]
    assert (round(need.lut), need.bram18, need.dsp) == (best["lut"], best["bram18"], best["dsp"])
    assert manifest.accuracy
    lost = 100 * (manifest.accuracy.original - manifest.accuracy.integer)
    assert best["test_loss"]["points"] == pytest.approx(lost)
    assert found["interval"] == 12 == manifest.frame_interval


def test_files(tuned: Path) -> None:
    found = found_in(tuned)
    with (tuned / "tune.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(found["points"]) > 6
    assert found["best"]["loss_points"] + 2 * found["best"]["loss_standard_error"] <= 2
    assert found["saved_percent"] > 0
    assert found["best"]["samples"] == found["validation_samples"] == TRAIN - 1000
    assert (tuned / "tune.svg").read_text().startswith("<?xml")


def test_a_run_that_was_stopped_goes_on(
    tuned: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the search; what was found is not worked out again, and the end is the same."""
    monkeypatch.delenv("KERILOG_RESULTS")
    monkeypatch.setenv("KERILOG_CACHE", str(tmp_path / "cache"))
    words = ("--max-loss", "2", *QUICK, "-o", str(tmp_path / "on"), "--interval", "12", "--jobs", "1")
    planned = trial.design_for
    counts = [0]

    def until(most: float) -> Any:
        def plan(*arguments: Any, **options: Any) -> Any:
            counts[0] += 1
            if counts[0] > most:
                raise KeyboardInterrupt
            return planned(*arguments, **options)

        return plan

    monkeypatch.setattr(trial, "design_for", until(6))
    assert run(place, *words).exit_code == 130
    assert not (tmp_path / "on").exists()
    first, counts[0] = counts[0] - 1, 0
    monkeypatch.setattr(trial, "design_for", until(math.inf))
    assert run(place, *words).exit_code == 0
    then, counts[0] = counts[0], 0
    assert run(place, *words, "--force").exit_code == 0
    assert first == 6 and then > 0 and counts[0] == 0
    for name in FILES:
        assert (tmp_path / "on" / name).read_bytes() == (tuned / name).read_bytes(), name


def test_a_pace_is_found_and_kept(place: Path) -> None:
    """Without a bound it is that of the widest network; narrower ones are not made faster instead."""
    result = run(
        place, "--max-loss", "5", "--weight-widths", "4", "--tries", "0", "-o", str(place / "paced"), "--json"
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["goal"] == f"a frame every {found['interval']} cycles"
    assert found["settings"]["layers"]["wide"]["weight_bits"] == found["best"]["wide.weight_bits"]


def test_more_lost_on_test_samples_is_told(place: Path) -> None:
    """Test labels that only the float network can guess: there, any change of an answer is a loss."""
    data = dict(np.load(place / "data.npz"))
    graph = frontend.load(place / "net.keras")
    assert isinstance(graph, Graph)
    x = np.random.default_rng(9).normal(size=(2000, *SHAPE)).astype(np.float32)
    data["x_test"] = x[np.argsort(margins(graph, x))[:60]]
    data["y_test"] = floating.run(graph, data["x_test"])[0].argmax(axis=1)
    np.savez(place / "doubtful.npz", **data)
    words = ("--max-loss", "5", "--weight-widths", "4", "--tries", "0")
    result = run(place, *words, "-o", str(place / "doubt"), data="doubtful.npz")
    assert result.exit_code == 0, result.output
    assert "kerilog: warning: on 60 test samples" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--max-loss", "0"), "--max-loss must be above 0 and below 100 points, found 0.0"),
        (("--max-loss", "nan"), "--max-loss must be above 0 and below 100 points, found nan"),
        (("--max-loss", "1", "--weight-widths", "1-8"), "--weight-widths: expected widths of 2 to 16 bits"),
        (
            ("--max-loss", "1", "--validation", "0"),
            "--validation must be a whole number of at least 1, found 0",
        ),
        (("--max-loss", "1", "--tries", "-1"), "--tries must be a whole number of at least 0, found -1"),
        (("--max-loss", "1", "--seed", "-1"), "--seed must be a whole number of at least 0, found -1"),
        (("--max-loss", "1", "--interval", "0"), "the frame interval must be at least 1 cycle, found 0"),
        (("--max-loss", "1", "--samples", "0"), "--samples must be at least 1, found 0"),
        (
            ("--max-loss", "0.1", "--weight-widths", "2-3"),
            "expected a loss of at most 0.1 points by two standard errors, found",
        ),
        (
            ("--max-loss", "5", *QUICK, "--interval", "12", "--multipliers", "1"),
            "meet the bounds: the least area for",
        ),
    ],
)
def test_bad_input(place: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(place, *arguments, "-o", str(place / "none"))
    assert result.exit_code == 2, result.output
    assert message in result.output and result.output.count("\n") == 1
    assert not (place / "none").exists()


def test_from_python(tuned: Path, place: Path, tmp_path: Path) -> None:
    """The same as by the command, but for the name of the data."""
    data = np.load(place / "data.npz")
    arrays = [data[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    words: dict[str, Any] = {"max_loss": 2, "interval": 12, "tries": 4, "verbose": False}
    found = kerilog.tune(
        place / "net.keras", *arrays, weight_widths=(3, 4, 6), activation_widths=[6, 4], **words
    )
    assert found.settings == read_settings(tuned / "settings.toml")
    assert found.cost == found_in(tuned)["best"]["cost"] == cost_of(area.of(found.network.plan(12).design))
    assert found.network.evaluate(data["x_test"], data["y_test"])["integer"]["accuracy"] == pytest.approx(
        found.report.float_right - found.test.points / 100
    )
    assert found.write(tmp_path / "written")[0].read_bytes() == (tuned / "settings.toml").read_bytes()
    with pytest.raises(KerilogError, match=r"^weight_widths: expected widths of 2 to 16 bits"):
        kerilog.tune(place / "net.keras", *arrays, max_loss=2, weight_widths=[1])
    with pytest.raises(KerilogError, match=r"^max_loss must be above 0"):
        kerilog.tune(place / "net.keras", *arrays, max_loss=0)
    with pytest.raises(KerilogError, match=r"^samples_count must be at least 1, found 0"):
        kerilog.tune(place / "net.keras", *arrays, max_loss=2, samples_count=0)
