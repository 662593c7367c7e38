# SPDX-License-Identifier: Apache-2.0
"""The integer graph in a file.

One NPZ, its structure as JSON, its arrays as arrays, int64 in the narrowest type that holds them all. Nothing
in it can run code.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from kerilog import formats, qgraph, regular
from kerilog.errors import KerilogError
from kerilog.qgraph import QGraph

FILE_NAME = "integer_model.npz"
MOST_BYTES = 1 << 32
"""Of all parts unpacked: more than any network has that hardware could hold."""
_STRUCTURE = "structure.json"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same bytes each time
_MODULES = (qgraph, formats)
# of a damaged archive, member or array; RuntimeError: of a member said to be encrypted, or of deep nesting
_UNREADABLE = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError, RuntimeError),
    *(ValueError, KeyError, TypeError, AttributeError),
    tokenize.TokenError,  # of the header of an array, which NumPy reads as Python's
)

Item = TypeVar("Item")


def save(item: object, path: Path | BinaryIO) -> None:
    """Write ``item`` to ``path`` or to an open file.

    It is a graph, or any dataclass of dataclasses, tuples, arrays and numbers.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    structure = json.dumps(_encode(item, arrays), indent=1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(_STRUCTURE, _DATE), structure, zipfile.ZIP_DEFLATED)
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            # the mantissas of trained weights are as good as random: deflating takes long and saves a tenth
            how = zipfile.ZIP_STORED if array.dtype.kind == "f" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _DATE), buffer.getbuffer(), how)


def digest(item: object) -> str:
    """SHA-256 of the bytes that ``save`` writes for ``item``, in hexadecimal."""
    buffer = io.BytesIO()
    save(item, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def load(path: Path) -> QGraph:
    """Read the integer graph. Raises KerilogError when the file is missing or is something else."""
    return load_item(path, QGraph, _MODULES, "integer model")


def load_item(path: Path, kind: type[Item], modules: Iterable[ModuleType], label: str) -> Item:
    """Read what ``save`` wrote, a ``kind``; its parts are dataclasses of ``modules`` and of no others.

    Raises KerilogError, with ``label`` in it, when the file is missing or is something else.
    """
    try:
        with regular.opened(path) as file, zipfile.ZipFile(file) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MOST_BYTES:
                raise ValueError(f"claims {size:,} bytes")
            structure = json.loads(archive.read(_STRUCTURE))
            item = _decode(structure, archive, _dataclasses(modules))
    except _UNREADABLE as error:
        raise KerilogError(f"{path}: is no {label}: {regular.reason(error)}") from None
    if not isinstance(item, kind):
        raise KerilogError(f"{path}: is no {label}")
    return item


def _dataclasses(modules: Iterable[ModuleType]) -> dict[str, type]:
    """The dataclasses that the modules define or import, by name."""
    return {
        name: kind
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    }


def _encode(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = _narrowed(value)
        return {"array": name} if arrays[name].dtype == value.dtype else {"array": name, "wide": True}
    if dataclasses.is_dataclass(value):
        fields = {f.name: _encode(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, "fields": fields}
    if isinstance(value, (tuple, list)):
        return [_encode(item, arrays) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _narrowed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``array``, int64 in the narrowest signed type that holds all of it."""
    if array.dtype != np.int64 or array.size == 0:
        return array
    ends = int(array.min()), int(array.max())
    kinds = (np.int8, np.int16, np.int32, np.int64)
    kind = next(k for k in kinds if np.iinfo(k).min <= ends[0] and ends[1] <= np.iinfo(k).max)
    return array.astype(kind, copy=False)


def _decode(value: Any, archive: zipfile.ZipFile, types: Mapping[str, type]) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item, archive, types) for item in value)
    if isinstance(value, dict) and "array" in value:
        with warnings.catch_warnings(action="ignore"):  # of headers in the words of Python 2
            array = np.load(io.BytesIO(archive.read(f"{value['array']}.npy")), allow_pickle=False)
        return array.astype(np.int64) if value.get("wide") else array
    if isinstance(value, dict):
        fields = {name: _decode(item, archive, types) for name, item in value["fields"].items()}
        return types[value["type"]](**fields)
    return value
