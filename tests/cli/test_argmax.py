# SPDX-License-Identifier: Apache-2.0
"""``--argmax`` from the command and from Python: what is written, run, simulated, compared and reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import kerilog as api
from kerilog.manifest import Manifest
from support.command import kerilog
from support.keras_files import (
    CLASSES,
    SHAPE,
    dense_weights,
    label_as,
    layer,
    write,
    write_samples,
    write_tiny,
    write_two_heads,
)

pytestmark = pytest.mark.filterwarnings("ignore:float accuracy.*chance")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and samples, built with scores and with classes."""
    root = tmp_path_factory.mktemp("argmax")
    write_samples(root / "samples.npz")
    label_as(write_tiny(root / "tiny.keras"), root / "samples.npz")
    for name, options in (("scores", ()), ("classes", ("--argmax",))):
        built = kerilog(
            "build", root / "tiny.keras", "-o", root / name, "--data", root / "samples.npz", *options
        )
        assert built.status == 0, built.error
    np.save(root / "x.npy", np.random.default_rng(5).random((30, *SHAPE)))
    return root


def written(workshop: Path, folder: str, *options: str) -> np.ndarray:
    """What ``kerilog eval`` writes."""
    path = workshop / f"{folder}.npy"
    found = kerilog("eval", workshop / folder, "--inputs", workshop / "x.npy", "--outputs", path, *options)
    assert found.status == 0, found.error
    array: np.ndarray = np.load(path)
    return array


def test_the_class_is_that_of_the_largest_score(workshop: Path) -> None:
    scores, classes = written(workshop, "scores"), written(workshop, "classes")
    assert classes.shape == (30, 1) and len(np.unique(classes)) > 1
    np.testing.assert_array_equal(classes[:, 0], scores.argmax(axis=1))
    named = written(workshop, "classes", "--as", "classes")
    np.testing.assert_array_equal(named, written(workshop, "scores", "--as", "classes"))
    np.testing.assert_array_equal(written(workshop, "classes", "--as", "floats"), classes)


def test_the_manifest_and_the_figures(workshop: Path) -> None:
    scores, classes = (
        json.loads((workshop / name / "manifest.json").read_text()) for name in ("scores", "classes")
    )
    (output,) = classes["outputs"]
    assert (output["name"], output["kind"], output["classes"]) == ("logits", "class", CLASSES)
    assert (output["bits"], output["signed"], output["shape"]) == ((CLASSES - 1).bit_length(), False, [1])
    assert "kind" not in scores["outputs"][0] and "kind" not in classes["inputs"][0]
    assert classes["quality"] == scores["quality"] and classes["accuracy"] == scores["accuracy"]


def test_accuracy_is_that_of_the_classes(workshop: Path) -> None:
    found = [
        json.loads(kerilog("eval", workshop / name, "--data", workshop / "samples.npz", "--json").output)
        for name in ("scores", "classes")
    ]
    assert found[0]["accuracies"] == found[1]["accuracies"]
    assert found[0]["accuracies"]["logits"]["integer"] > 0.5


def test_rtl_equals_the_integer_model(workshop: Path) -> None:
    path = workshop / "simulated.npy"
    found = kerilog(
        "sim", workshop / "classes", "--inputs", workshop / "x.npy", "--outputs", path, "--compare-layers",
        "--simulator", "icarus", "--json",
    )  # fmt: skip
    assert found.status == 0, found.error
    np.testing.assert_array_equal(np.load(path), written(workshop, "classes"))


def test_tables_pages_and_comparisons_tell_it(workshop: Path) -> None:
    shown = kerilog("show", workshop / "classes").output
    assert f"the number of one of {CLASSES} classes" in " ".join(shown.split())
    assert kerilog("report", workshop / "classes").status == 0
    assert f"one of {CLASSES} classes" in (workshop / "classes" / "report" / "index.html").read_text()
    compared = kerilog("compare", workshop / "scores", workshop / "classes")
    assert compared.status == 0
    assert f"class 0..{CLASSES - 1}" in " ".join(compared.output.split())


def test_an_integer_model_alone(workshop: Path) -> None:
    target = workshop / "wide"
    arguments = (
        "build",
        workshop / "tiny.keras",
        "-o",
        target,
        "--data",
        workshop / "samples.npz",
        "--argmax",
    )
    assert kerilog(*arguments, "--integer-only").status == 0
    manifest = json.loads((target / "manifest.json").read_text())
    assert manifest["outputs"][0]["kind"] == "class" and manifest["no_hardware"] == []


def test_of_several_heads_the_softmax_has_classes(workshop: Path) -> None:
    model, rng = write_two_heads(workshop / "heads.keras"), np.random.default_rng(1)
    network = api.convert(model, rng.random((20, *SHAPE), np.float32), verbose=False)
    outputs = network.plan(argmax=True).design.outputs
    assert [port.tensor.shape for port in outputs] == [(1,), (2,), (1,)]
    assert [str(port.tensor.format) for port in outputs[:1]] == ["class 0..2"]


def test_without_classes_the_option_is_refused_by_its_name(workshop: Path) -> None:
    write_gate(workshop / "gate.keras")
    arguments = ("build", workshop / "gate.keras", "-o", workshop / "gate", "--data", workshop / "x.npy")
    found = kerilog(*arguments, "--argmax")
    assert found.status == 2
    assert "--argmax: expected an output of several classes: output 'gate' has one unit" in found.error
    assert not (workshop / "gate").exists()


def test_from_python(workshop: Path) -> None:
    x = np.random.default_rng(6).random((40, *SHAPE)).astype(np.float32)
    network = api.convert(workshop / "tiny.keras", x, verbose=False)
    plain, planned = network.plan(), network.plan(argmax=True)
    assert planned.design.cycles.latency > plain.design.cycles.latency - CLASSES
    manifest = network.build(workshop / "python", argmax=True)
    assert isinstance(manifest, Manifest) and manifest.outputs[0].kind == "class"
    found = network.simulate(x[:8], "icarus")
    assert found.mismatches == 0
    np.testing.assert_array_equal(found.codes[:, 0], network.run(x[:8]).argmax(axis=1))


def write_gate(path: Path) -> None:
    """One sigmoid."""
    layers = [
        layer("InputLayer", "image", batch_shape=[None, *SHAPE]),
        layer("Flatten", "flatten"),
        layer("Dense", "gate", units=1, activation="sigmoid"),
    ]
    write(path, layers, {"dense": dense_weights(np.random.default_rng(2), 30, 1)})
