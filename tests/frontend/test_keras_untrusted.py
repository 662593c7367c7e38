# SPDX-License-Identifier: Apache-2.0
"""Files made to do harm, and broken files: no code runs, nothing outside is read, and errors are one line."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend import keras as reader
from kerilog.frontend import load
from kerilog.frontend.keras import read_graph, trial

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
LAYERS = [
    {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 3]}},
    {"class_name": "Dense", "config": {"name": "d", "units": 2}},
]
MODEL = {"class_name": "Sequential", "config": {"name": "net", "layers": LAYERS}}
KERNEL, BIAS = np.ones((3, 2), np.float32), np.zeros(2, np.float32)


def hdf5(kernel: object = KERNEL, name: str = "d") -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = name
        group["1"] = BIAS
        if callable(kernel):
            kernel(group)
        else:
            group["0"] = kernel
    return stream.getvalue()


def keras_file(path: Path, weights: bytes | None = None, config: bytes | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CONFIG, json.dumps(MODEL) if config is None else config)
        archive.writestr(WEIGHTS, hdf5() if weights is None else weights)
    return path


def legacy_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(MODEL)
        group = file.create_group("model_weights/d")
        group.attrs["weight_names"] = [b"d/kernel:0", b"d/bias:0"]
        group["d/kernel:0"], group["d/bias:0"] = KERNEL, BIAS
    return path


def refusal(path: Path) -> str:
    with pytest.raises(KerilogError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_bases_of_these_tests_are_taken(tmp_path: Path) -> None:
    for path in (keras_file(tmp_path / "m.keras"), legacy_file(tmp_path / "m.h5")):
        assert load(path)["d"].shape == (2,)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_lambda_is_refused_and_its_code_does_not_run(suffix: str, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    sentinel = tmp_path / "ran"
    source = f"lambda x: (open({str(sentinel)!r}, 'w'), x)[1]"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(eval(source), name="evil")])
    model.save(tmp_path / f"m{suffix}")
    sentinel.unlink()
    with pytest.raises(Unsupported, match="layer 'evil': 'Lambda' is not supported; supported: Conv2D, "):
        load(tmp_path / f"m{suffix}")
    assert not sentinel.exists()


def test_loading_imports_neither_tensorflow_nor_keras(tmp_path: Path) -> None:
    path = keras_file(tmp_path / "m.keras")
    code = "import sys, pathlib; from kerilog.frontend import load; load(pathlib.Path(sys.argv[1]));"
    code += "print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_no_such_file_a_directory_and_unknown_suffixes(tmp_path: Path) -> None:
    (tmp_path / "dir.keras").mkdir()
    assert "no such file" in refusal(tmp_path / "none.keras")
    assert "is a directory, expected a model file" in refusal(tmp_path / "dir.keras")
    for name in ("model.onnx", "model", "model.keras.zip"):
        assert "expected a model file that ends in .keras, .h5 or .tflite, got" in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("config", "weights", "message"),
    [
        (b"{", None, "config.json: not JSON"),
        (b"\xff\xfe\x00", None, "config.json: not JSON"),
        (b"[" * 100_000, None, "config.json: not JSON"),
        (b"3", None, "config.json: expected a JSON object, got int"),
        (None, b"not HDF5", "model.weights.h5: not a whole HDF5 file"),
        (None, hdf5()[:1000], "model.weights.h5: not a whole HDF5 file"),
        (None, b"", "model.weights.h5: not a whole HDF5 file"),
        (None, hdf5(name="other"), "expected the weights of 'd', got those of 'other'"),
        (b" " * (1 << 24) + b"{}", None, "config.json has 16777218 bytes, at most 16777216 are taken"),
    ],
)
def test_broken_members(config: bytes | None, weights: bytes | None, message: str, tmp_path: Path) -> None:
    assert message in refusal(keras_file(tmp_path / "m.keras", weights, config))


def test_not_a_zip_and_missing_members(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    for content in (b"", b"text", legacy_file(tmp_path / "m.h5").read_bytes()):
        path.write_bytes(content)
        assert "not a .keras file" in refusal(path)
    for name in (CONFIG, WEIGHTS):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, json.dumps(MODEL))
        assert "in the archive, found 0" in refusal(path)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        for _ in range(2):
            archive.writestr(CONFIG, json.dumps(MODEL))
    assert "expected one config.json in the archive, found 2" in refusal(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CONFIG, json.dumps(MODEL))
        archive.writestr(WEIGHTS, bytes(1 << 24))
    assert "(zip bomb)" in refusal(path)


def test_paths_in_the_zip_write_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = keras_file(tmp_path / "in" / "m.keras")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../escaped", b"x")
        archive.writestr(str(tmp_path / "absolute"), b"x")
    before = sorted(tmp_path.rglob("*"))
    load(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_weights_elsewhere_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = KERNEL
    raw = tmp_path / "raw.bin"
    raw.write_bytes(KERNEL.tobytes())

    def external_link(group: h5py.Group) -> None:
        group["0"] = h5py.ExternalLink(str(secret), "kernel")

    def soft_link(group: h5py.Group) -> None:
        group["0"] = h5py.SoftLink("/layers/dense/vars/1")

    def external_storage(group: h5py.Group) -> None:
        group.create_dataset("0", (3, 2), "f4", external=[(str(raw), 0, raw.stat().st_size)])

    def virtual(group: h5py.Group) -> None:
        layout = h5py.VirtualLayout((3, 2), "f4")
        layout[:] = h5py.VirtualSource(str(secret), "kernel", (3, 2))
        group.create_virtual_dataset("0", layout)

    for make, message in [
        (external_link, "behind a ExternalLink, refused"),
        (soft_link, "behind a SoftLink, refused"),
        (external_storage, "lie in another file, refused"),
        (virtual, "lie in another file, refused"),
    ]:
        text = refusal(keras_file(tmp_path / "m.keras", hdf5(make)))
        assert text.startswith("layer 'd' (Dense): ")
        assert message in text


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    def unwritten(group: h5py.Group) -> None:
        group.create_dataset("0", (3, 2), "f4", chunks=(3, 2))

    def huge(group: h5py.Group) -> None:
        group.create_dataset("0", (1 << 40, 1 << 20), "f4", chunks=(1024, 1024))

    def nested(group: h5py.Group) -> None:
        group.create_group("0")

    for make, message in [
        (unwritten, "were never written"),
        (huge, "expected weights of shape (3, 2), got (1099511627776, 1048576)"),
        (nested, "expected a weight array, got a group"),
    ]:
        assert message in refusal(keras_file(tmp_path / "m.keras", hdf5(make)))


def test_legacy_files_that_hold_no_model(tmp_path: Path) -> None:
    path = legacy_file(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        file["model_weights/d"].attrs["weight_names"] = [b"../../d/kernel:0", b"d/bias:0"]
    assert "no weights at '../../d/kernel:0'" in refusal(path)
    with h5py.File(path, "a") as file:
        del file["model_weights/d"]
    assert "layer 'd' (Dense): no weights at 'model_weights/d'" in refusal(path)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = np.zeros(3)
    assert "attribute model_config is not one text" in refusal(path)
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
    assert "holds no model_config (weights only?); save the whole model" in refusal(path)
    path.write_bytes(b"text")
    assert "not a whole HDF5 file" in refusal(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_every_truncation_and_random_damage_gives_one_line_or_a_graph(suffix: str, tmp_path: Path) -> None:
    good, bad = tmp_path / f"good{suffix}", tmp_path / f"bad{suffix}"
    whole = (keras_file(good) if suffix == ".keras" else legacy_file(good)).read_bytes()
    draw = random.Random(1)
    contents = [whole[: draw.randrange(len(whole))] for _ in range(60)]
    for _ in range(120):
        damaged = bytearray(whole)
        for _ in range(draw.choice((1, 3, 30))):
            damaged[draw.randrange(len(whole))] = draw.randrange(256)
        contents.append(bytes(damaged))
    for content in contents:
        bad.write_bytes(content)
        try:
            read_graph(bad)
        except KerilogError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("act", "message"), [(lambda _: time.sleep(60), "hangs on it"), (lambda _: os.abort(), "crashes on it")]
)
def test_a_library_that_hangs_or_crashes_does_not_take_us_along(
    act: Callable[[Path], None], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keras_file(tmp_path / "m.keras")
    monkeypatch.setattr(trial, "PROBE_SECONDS", 0.3)
    monkeypatch.setattr(reader, "read_graph", act)
    assert refusal(path) == f"{path}: damaged: the HDF5 library {message}"
