# SPDX-License-Identifier: Apache-2.0
"""The figures of quality from a model file to the manifest, the table and the report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from kerilog import build, schemas
from kerilog import manifest as manifests
from kerilog.manifest import Rates
from support.command import Outcome, kerilog
from support.keras_files import SHAPE, dense_weights, label_as, layer, write, write_tiny, write_two_heads
from support.mnist import MODEL, write_small_mnist
from support.paths import SHARED

COUNT = 60
CASES = SHARED / "cases"


def built(model: Path, data: Path, target: Path, *options: object) -> Outcome:
    found = kerilog("build", model, "--data", data, "-o", target, "--integer-only", *options)
    assert found.status == 0, found.error
    return found


def raw(target: Path) -> dict[str, Any]:
    """The manifest, which fits its schema."""
    text: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    jsonschema.Draft202012Validator(json.loads(schemas.texts()["manifest.json"])).validate(text)
    return text


def lines(outcome: Outcome) -> str:
    """What was printed, in one line: where a table breaks a text is of no concern."""
    return " ".join(outcome.output.split())


def case(folder: str, model: str, data: str) -> tuple[Path, Path]:
    """Files of ../shared/cases; without them the test is skipped."""
    paths = CASES / folder / model, CASES / folder / data
    if not all(path.is_file() for path in paths):
        pytest.skip("needs ../shared/cases")
    return paths


def write_labels(path: Path, units: int) -> Path:
    """An image of SHAPE; "tags", a sigmoid of ``units``."""
    layers = [
        layer("InputLayer", "image", batch_shape=[None, *SHAPE]),
        layer("Flatten", "flatten"),
        layer("Dense", "tags", units=units, activation="sigmoid"),
    ]
    return write(path, layers, {"dense": dense_weights(np.random.default_rng(1), 30, units)})


# ---- figures ----


def test_a_binary_head(tmp_path: Path) -> None:
    model, data = case("binary_no_accuracy", "c08_binary.keras", "c08_binary.npz")
    found = built(model, data, tmp_path / "out")
    manifest = raw(tmp_path / "out")
    assert manifest["accuracy"]["original"] == pytest.approx(116 / 120)
    quality = manifest["quality"]["dense_4"]
    assert quality["rule"] == "above 0.5 counts as 1"
    assert quality["snr_db"] > 25 and quality["correlation"] > 0.999 and 0 < quality["rmse"] < 0.02
    assert found.error == ""
    assert "accuracy, float 96.67% of 120 test samples" in lines(found)
    assert "rule above 0.5 counts as 1" in lines(found) and "error RMSE 0.00" in lines(found)


def test_labels_that_start_at_one(tmp_path: Path) -> None:
    model, data = case("labels_from_1", "c09_keywords.keras", "f02_labels1.npz")
    found = built(model, data, tmp_path / "out")
    assert raw(tmp_path / "out")["accuracy"]["original"] == pytest.approx(98 / 120)
    assert "rule the largest output counts; labels 1 to 3 are classes 0 to 2" in lines(found)
    assert found.error == ""


def test_several_labels_a_sample(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    x = rng.random((COUNT, *SHAPE)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=rng.integers(0, 2, (COUNT, 3)))
    model = write_labels(tmp_path / "tags.keras", 3)
    found = built(model, tmp_path / "data.npz", tmp_path / "out")
    manifest = manifests.read(tmp_path / "out")
    assert isinstance(manifest.quality, dict) and isinstance(manifest.accuracies, dict)
    quality = manifest.quality["tags"]
    assert isinstance(quality.accuracy, Rates) and isinstance(quality.exact_match, Rates)
    assert quality.exact_match.in_integers < quality.accuracy.in_integers
    assert manifest.accuracies["tags"].integer == quality.accuracy.in_integers
    assert "exact match" in found.output
    assert "rule each label by itself, above 0.5 counts as 1" in lines(found)
    kerilog("report", tmp_path / "out")
    page = (tmp_path / "out/report/index.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="quality"') :]
    assert "samples with all labels right" in section and "each label by itself" in section


def test_outputs_without_labels_have_an_error_and_a_reason(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    x = rng.random((COUNT, *SHAPE)).astype(np.float32)
    np.savez(tmp_path / "data.npz", image=x, kind=rng.integers(0, 3, COUNT))
    found = built(write_two_heads(tmp_path / "heads.keras"), tmp_path / "data.npz", tmp_path / "out")
    quality = raw(tmp_path / "out")["quality"]
    assert list(quality) == ["kind", "sign", "gate"]
    assert all(one["samples"] == COUNT and one["snr_db"] > 20 for one in quality.values())
    assert quality["gate"]["why_no_accuracy"] == "the data has no labels for it"
    assert "accuracy of gate none: the data has no labels for it" in lines(found)
    assert "error of gate RMSE" in lines(found) and "accuracy of kind, float" in lines(found)


def test_a_tflite_file_with_samples(tmp_path: Path) -> None:
    model, data = case("tflite_bn_after_pool", "d08_batch1_sep.tflite", "d08_batch1_sep.npz")
    found = built(model, data, tmp_path / "out")
    manifest = raw(tmp_path / "out")
    assert manifest["quality"]["dense"] == {
        "samples": 120,
        "why_no_error": "a TFLite file has no float original",
        "rule": "the largest output counts",
        "accuracy": {"integer": pytest.approx(0.05)},
        "largest_class": pytest.approx(43 / 120),
    }
    assert manifest["data"].startswith(data.name) and "accuracies" not in manifest
    assert "accuracy, integer 5.00% of 120 test samples" in lines(found)
    assert "error not known: a TFLite file has no float original" in lines(found)
    assert kerilog("report", tmp_path / "out").status == 0
    page = (tmp_path / "out/report/index.html").read_text(encoding="utf-8")
    assert "of 120 test samples, integers" in page


def test_a_tflite_file_without_samples(tmp_path: Path) -> None:
    model, _ = case("tflite_bn_after_pool", "d08_batch1_sep.tflite", "d08_batch1_sep.npz")
    found = kerilog("build", model, "-o", tmp_path / "out", "--integer-only")
    assert (found.status, found.error) == (0, "")
    assert "accuracy none: there were no samples to measure on" in lines(found)


def test_an_older_manifest_still_shows_its_accuracy(tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny.keras")
    x = np.random.default_rng(4).random((COUNT, *SHAPE)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(COUNT) % 3)
    built(tmp_path / "tiny.keras", tmp_path / "data.npz", tmp_path / "out")
    manifest = raw(tmp_path / "out")
    del manifest["quality"]
    (tmp_path / "out/manifest.json").write_text(json.dumps(manifest))
    assert "accuracy, integer" in kerilog("show", tmp_path / "out").output
    assert kerilog("report", tmp_path / "out").status == 0


# ---- warnings ----


def test_a_warning_is_on_the_error_stream_in_the_table_and_in_the_manifest(tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny.keras")
    rng = np.random.default_rng(5)
    x = rng.random((COUNT, *SHAPE)).astype(np.float32)
    parts = {"x_train": x, "x_test": 255 * x, "y_train": np.ones(COUNT, int), "y_test": np.arange(COUNT) % 3}
    np.savez(tmp_path / "data.npz", **parts)
    found = built(tmp_path / "tiny.keras", tmp_path / "data.npz", tmp_path / "out")
    told = raw(tmp_path / "out")["warnings"]
    patterns = (
        r"test data lie outside what calibration saw: over 60 samples .* of 1,800 values .* of 'input'",
        r"all 60 calibration samples are of class 1",
        r"float accuracy [\d.]+% is near or below chance",
    )
    for pattern in patterns:
        assert sum(re.search(pattern, warning) is not None for warning in told) == 1, (pattern, told)
    assert found.error.splitlines() == [f"kerilog: warning: {warning}" for warning in told]
    assert all(warning in lines(found) for warning in told)


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
def test_the_shipped_model_gives_no_warning(scheme: str, tmp_path: Path) -> None:
    data = write_small_mnist(tmp_path / "mnist.npz")
    found = build.build(MODEL, tmp_path / "out", build.Options(data=data, scheme=scheme, integer_only=True))
    assert found.warnings == ()
    assert isinstance(found.quality, dict)
    (quality,) = found.quality.values()
    assert isinstance(quality.snr_db, float) and quality.snr_db > 25


@pytest.mark.parametrize("scheme", ["fixed", "affine"])
@pytest.mark.parametrize(
    ("folder", "model", "data"),
    [
        ("binary_no_accuracy", "c08_binary.keras", "c08_binary.npz"),
        ("labels_from_1", "c09_keywords.keras", "f02_labels1.npz"),
        ("slow_plan", "c05_rf_resnet.keras", "c05_rf_resnet.npz"),
        ("conv_8x8x64", "conv_8x8x64.keras", "conv_8x8x64.npz"),
        ("avg_8x8x64", "avg_8x8x64.keras", "avg_8x8x64.npz"),
    ],
)
def test_good_cases_give_no_warning(scheme: str, folder: str, model: str, data: str, tmp_path: Path) -> None:
    built(*case(folder, model, data), tmp_path / "out", "--scheme", scheme)
    assert raw(tmp_path / "out")["warnings"] == []


def test_labels_by_the_model_itself_give_no_warning(tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny.keras")
    x = np.random.default_rng(6).random((COUNT, *SHAPE)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=np.zeros(COUNT, int))
    label_as(tmp_path / "tiny.keras", tmp_path / "data.npz")
    assert built(tmp_path / "tiny.keras", tmp_path / "data.npz", tmp_path / "out").error == ""
