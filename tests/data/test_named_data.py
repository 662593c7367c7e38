# SPDX-License-Identifier: Apache-2.0
"""Samples and labels by the names of layers, in every layout that a file may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerilog import data
from kerilog.data import Intake, NamedData, Request
from kerilog.errors import KerilogError

A, B = (3,), (2, 2, 1)
RNG = np.random.default_rng(3)


def of(shape: tuple[int, ...], count: int = 5) -> np.ndarray:
    return RNG.normal(size=(count, *shape)).astype(np.float32)


def load(
    path: Path, inputs: dict[str, tuple[int, ...]], outputs: tuple[str, ...], **arrays: Any
) -> NamedData:
    np.savez(path / "data.npz", **arrays)
    intakes = {name: Intake(shape) for name, shape in inputs.items()}
    return data.load(Request(path / "data.npz"), intakes, dict.fromkeys(outputs, (10,)))


def test_an_array_for_each_input_serves_for_calibration_and_test(tmp_path: Path) -> None:
    a, b, y = of(A), of(B)[..., 0], np.arange(5)
    found = load(tmp_path, {"a": A, "b/c": B}, ("y", "z"), **{"a": a, "b/c": b, "z": y, "more": a})
    for part in (found.x_train, found.x_test):
        assert set(part) == {"a", "b/c"}
        assert np.array_equal(part["a"], a) and np.array_equal(part["b/c"], b[..., np.newaxis])
    assert set(found.y_test) == {"z"} and np.array_equal(found.y_test["z"], y)
    assert found.source == "data.npz (5 samples)" and found.note == ""


def test_training_and_test_may_be_apart(tmp_path: Path) -> None:
    arrays = {"x_train_a": of(A, 4), "x_test_a": of(A, 2), "x_train_b": of(B, 4), "x_test_b": of(B, 2)}
    labels = {"y_train_y": np.arange(4), "y_test_y": np.arange(2)}
    found = load(tmp_path, {"a": A, "b": B}, ("y", "z"), **arrays, **labels)
    assert np.array_equal(found.x_train["b"], arrays["x_train_b"])
    assert np.array_equal(found.x_test["a"], arrays["x_test_a"])
    assert found.y_test["y"].tolist() == [0, 1]
    assert found.source.endswith("(4 + 2 samples)")


def test_one_input_and_one_output_may_have_the_plain_names(tmp_path: Path) -> None:
    arrays = {"x_train": of(A, 4), "y_train": np.arange(4), "x_test": of(A, 2), "y_test": np.arange(2)}
    found = load(tmp_path, {"a": A}, ("y",), **arrays)
    plain = data.load_dataset(tmp_path / "data.npz", A)
    assert np.array_equal(found.x_train["a"], plain.x_train) and found.source == plain.source
    assert plain.y_test is not None and np.array_equal(found.y_test["y"], plain.y_test)
    assert load(tmp_path, {"a": A}, ("y",), x=of(A), y=np.arange(5)).y_test["y"].tolist() == [0, 1, 2, 3, 4]
    assert load(tmp_path, {"a": A}, ("z",), a=of(A), z=np.arange(5)).y_test["z"].tolist() == [0, 1, 2, 3, 4]


def test_plain_labels_are_of_no_one_of_several_outputs(tmp_path: Path) -> None:
    found = load(tmp_path, {"a": A}, ("y", "z"), x_train=of(A), x_test=of(A), y_test=np.arange(5))
    assert found.y_test == {}
    assert found.warnings == (
        "data.npz: labels y_test are not used: the model has outputs y, z; name an array after each",
    )


def test_inputs_of_one_shape_may_share_their_samples_and_it_is_told(tmp_path: Path) -> None:
    x = of(A)
    found = load(tmp_path, {"a": A, "b": A}, ("y",), x_train=x, x_test=x[:2], y_test=np.arange(2))
    assert np.array_equal(found.x_train["a"], x) and np.array_equal(found.x_train["b"], x)
    assert found.note == "the same samples for every input"
    assert found.y_test["y"].tolist() == [0, 1]


def test_samples_are_not_taken_for_labels(tmp_path: Path) -> None:
    assert load(tmp_path, {"y": A, "b": A}, ("y",), y=of(A), b=of(A)).y_test == {}


def test_images_are_scaled(tmp_path: Path) -> None:
    image = np.full((3, *A), 255, np.uint8)
    assert load(tmp_path, {"a": A, "b": A}, ("y",), a=image, b=image).x_test["b"].max() == 1.0


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "one missing": ({"a": of(A)}, "expected an array for each of the inputs a, b, under its name; found a"),
    "nothing": ({"images": of(A)}, "expected an array for each of the inputs a, b, .*; found none"),
    "counts": (
        {"a": of(A, 4), "b": of(B, 3)},
        "expected as many samples for each input, got 4 for a, 3 for b",
    ),
    "shape": ({"a": of(B), "b": of(B)}, "a: expected samples of 3, got 2x2x1"),
    "shared": ({"x": of(A)}, "x: expected samples of 2x2x1, got 3"),
    "labels": ({"a": of(A), "b": of(B), "y": np.arange(3)}, "y: expected 5 labels, one a sample, got 3"),
    "training labels": (
        {"a": of(A), "b": of(B), "y_train_y": np.arange(3)},
        "y_train_y: expected 5 labels, one a sample, got 3",
    ),
    "not a number": ({"a": of(A), "b": of(B) * np.nan}, "b: 5 samples hold NaN or infinity"),
    "pickle": ({"a": of(A), "b": np.array([{}], object)}, "b: holds Python objects"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays(case: str, tmp_path: Path) -> None:
    arrays, message = BAD[case]
    with pytest.raises(KerilogError, match=message) as caught:
        load(tmp_path, {"a": A, "b": B}, ("y", "z"), **arrays)
    assert "\n" not in str(caught.value)


def test_several_inputs_need_a_file() -> None:
    with pytest.raises(KerilogError, match=r"no samples for the model inputs a, b: give --data FILE\.npz, w"):
        data.load(Request(), {"a": Intake(A), "b": Intake(B)}, {"y": (3,)})
