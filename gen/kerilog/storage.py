# SPDX-License-Identifier: Apache-2.0
"""The integer graph in a file.

One NPZ, its structure as JSON, its arrays as arrays. Nothing in it can run code.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog import formats, qgraph
from kerilog.errors import KerilogError
from kerilog.qgraph import QGraph

FILE_NAME = "integer_model.npz"
_STRUCTURE = "structure.json"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same bytes each time
_TYPES = {
    name: kind
    for module in (qgraph, formats)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
}


def save(graph: QGraph, path: Path) -> None:
    """Write ``graph`` to ``path``."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    structure = json.dumps(_encode(graph, arrays), indent=1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(_STRUCTURE, _DATE), structure, zipfile.ZIP_DEFLATED)
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _DATE), buffer.getvalue(), zipfile.ZIP_DEFLATED)


def load(path: Path) -> QGraph:
    """Read what ``save`` wrote. Raises KerilogError when the file is missing or is something else."""
    try:
        with zipfile.ZipFile(path) as archive:
            structure = json.loads(archive.read(_STRUCTURE))
            graph = _decode(structure, archive)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise KerilogError(f"{path}: is no integer model: {error}") from None
    if not isinstance(graph, QGraph):
        raise KerilogError(f"{path}: is no integer model")
    return graph


def _encode(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if dataclasses.is_dataclass(value):
        fields = {f.name: _encode(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, "fields": fields}
    if isinstance(value, (tuple, list)):
        return [_encode(item, arrays) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _decode(value: Any, archive: zipfile.ZipFile) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item, archive) for item in value)
    if isinstance(value, dict) and "array" in value:
        return np.load(io.BytesIO(archive.read(f"{value['array']}.npy")), allow_pickle=False)
    if isinstance(value, dict):
        return _TYPES[value["type"]](
            **{name: _decode(item, archive) for name, item in value["fields"].items()}
        )
    return value
