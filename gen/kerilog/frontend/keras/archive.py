# SPDX-License-Identifier: Apache-2.0
"""The containers of Keras models: a zip with JSON and HDF5 (``.keras``), or one HDF5 file (``.h5``).

Nothing is extracted, unpickled or imported: the configuration is read as JSON and the weights as arrays.
Every size is checked before anything of that size is read.
"""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from kerilog.errors import KerilogError
from kerilog.frontend.keras.functions import in_words_of_keras_3
from kerilog.frontend.keras.weights import (
    HDF5_ERRORS,
    LegacyWeights,
    Weights,
    ZipWeights,
    hdf5_errors,
    read_text,
)
from kerilog.names import printable

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
METADATA = "metadata.json"
MAX_CONFIG_BYTES = 1 << 24
MAX_FILE_BYTES = 1 << 30
# Deflate reaches 1032:1 on zeros; weights never come near, and Keras itself stores them uncompressed.
MAX_RATIO = 200
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, struct.error)


@contextlib.contextmanager
def open_model(path: Path) -> Iterator[tuple[dict[str, Any], Weights]]:
    """(the model's configuration, its weights), readable inside the ``with`` only.

    Raises KerilogError when the file is no such container, or when it tries to mislead.
    """
    opened = _open_zip(path) if path.suffix.lower() == ".keras" else _open_hdf5(path)
    with opened as (config, weights):
        yield config, weights


@contextlib.contextmanager
def _open_zip(path: Path) -> Iterator[tuple[dict[str, Any], Weights]]:
    if not zipfile.is_zipfile(path):
        raise KerilogError(f"{path}: not a .keras file (it is no whole zip archive)")
    try:
        with zipfile.ZipFile(path) as archive:
            config = _read_member(archive, CONFIG, MAX_CONFIG_BYTES, path)
            weights = _read_member(archive, WEIGHTS, MAX_FILE_BYTES, path)
            stated = METADATA in archive.namelist()
            metadata = _read_member(archive, METADATA, MAX_CONFIG_BYTES, path) if stated else b"{}"
    except UNREADABLE as error:
        raise KerilogError(f"{path}: broken zip archive: {one_line(error)}") from None
    where = f"{path}: {WEIGHTS}"
    with _hdf5(io.BytesIO(weights), where) as file:
        version = _parse(metadata, f"{path}: {METADATA}").get("keras_version")
        yield in_words_of_keras_3(_parse(config, f"{path}: {CONFIG}"), str(version)), ZipWeights(file, where)


def _read_member(archive: zipfile.ZipFile, name: str, limit: int, path: Path) -> bytes:
    """The content of member ``name``: there must be exactly one, of a believable size."""
    members = [info for info in archive.infolist() if info.filename == name]
    if len(members) != 1:
        raise KerilogError(f"{path}: expected one {name} in the archive, found {len(members)}")
    info = members[0]
    if info.file_size > limit:
        raise KerilogError(f"{path}: {name} has {info.file_size} bytes, at most {limit} are taken")
    if info.file_size > MAX_RATIO * info.compress_size + 4096:
        raise KerilogError(
            f"{path}: {name} unpacks from {info.compress_size} to {info.file_size} bytes (zip bomb)"
        )
    # Reading stops at the size that the directory states, so that a false one cannot do harm.
    return archive.read(info)


@contextlib.contextmanager
def _open_hdf5(path: Path) -> Iterator[tuple[dict[str, Any], Weights]]:
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise KerilogError(f"{path}: has {size} bytes, at most {MAX_FILE_BYTES} are taken")
    with _hdf5(path, str(path)) as file:
        with hdf5_errors(str(path)):
            has_config, has_version = (key in file.attrs for key in ("model_config", "keras_version"))
        if not has_config:
            raise KerilogError(f"{path}: holds no model_config (weights only?); save the whole model")
        config = _parse(read_text(file, "model_config", str(path)), f"{path}: model_config")
        version = read_text(file, "keras_version", str(path)) if has_version else ""
        yield in_words_of_keras_3(config, version), LegacyWeights(file, str(path))


@contextlib.contextmanager
def _hdf5(source: Path | io.BytesIO, where: str) -> Iterator[h5py.File]:
    try:
        file = h5py.File(source, "r")
    except HDF5_ERRORS as error:
        raise KerilogError(f"{where}: not a whole HDF5 file: {one_line(error)}") from None
    try:
        yield file
    finally:
        file.close()


def _parse(text: bytes | str, where: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KerilogError(f"{where}: not JSON: {one_line(error)}") from None
    if not isinstance(parsed, dict):
        raise KerilogError(f"{where}: expected a JSON object, got {type(parsed).__name__}")
    return parsed


def one_line(error: BaseException) -> str:
    """The message of ``error``, printable, at most 200 characters."""
    return printable(str(error)) or type(error).__name__
