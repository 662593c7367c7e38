# SPDX-License-Identifier: Apache-2.0
"""The network that a user hands over: a Keras model in memory, a file, or the bytes of a TFLite file."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerilog import frontend
from kerilog.errors import KerilogError, Unsupported
from kerilog.graph import Graph
from kerilog.manifest import Model
from kerilog.names import harmless, printable
from kerilog.qgraph import QGraph
from kerilog.scales import Rounding

_BYTES = (bytes, bytearray, memoryview)
_KERAS = ("keras", "tf_keras", "tensorflow")  # packages that models come from
_WANTED = "a Keras model, the path of a .keras, .h5 or .tflite file, or the bytes of a TFLite file"


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """What was handed over, read.

    ``network`` is a float graph, or an integer one where the formats came with it (TFLite). ``name`` is what
    a design of it is called unless told otherwise. ``file`` is what the manifest says of the model's file,
    None where there is none.
    """

    network: Graph | QGraph
    name: str
    file: Model | None = None


def read(model: object, rounding: Rounding = "reference") -> Source:
    """Read ``model`` without running anything that it holds.

    Raises KerilogError, Unsupported for a layer that is not supported. No message names a temporary file.
    """
    if isinstance(model, (str, os.PathLike)):
        return _from_file(Path(model), rounding)
    if isinstance(model, _BYTES):
        return _from_bytes(bytes(model), rounding)
    if isinstance(model, Graph):
        return Source(model, model.name)
    if _is_keras(model):
        return _from_keras(model)
    raise KerilogError(f"model: expected {_WANTED}, found {type(model).__name__}")


def _from_file(path: Path, rounding: Rounding) -> Source:
    network = frontend.load(path, rounding)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KerilogError(f"{path}: cannot be read: {error.strerror or error}") from None
    return Source(network, path.stem, _file(path.name, content))


def _file(name: str, content: bytes) -> Model:
    return Model(file=name, sha256=hashlib.sha256(content).hexdigest())


def _from_bytes(content: bytes, rounding: Rounding) -> Source:
    from kerilog.frontend.tflite import load_tflite

    with _Scratch("model.tflite", "TFLite bytes") as path:
        path.write_bytes(content)
        return Source(load_tflite(path, rounding), path.stem, _file(path.name, content))


# ---- models of Keras ----


def _origins(model: object) -> Iterator[str]:
    """The packages of Keras that the classes of ``model`` come from."""
    for kind in type(model).__mro__:
        package = kind.__module__.partition(".")[0]
        if kind.__name__ == "Model" and package in _KERAS:
            yield package


def _is_keras(model: object) -> bool:
    return next(_origins(model), None) is not None


def _from_keras(model: Any) -> Source:
    """By a file of Keras' own, which our reader reads; nothing of the model is run."""
    from kerilog.frontend.keras import read_graph

    name = harmless(str(getattr(model, "name", "") or "model"))
    if getattr(model, "built", True) is False:
        raise KerilogError(f"model '{name}': has no input shape yet: begin it with an Input, or call it once")
    suffix = ".h5" if _is_old(next(_origins(model))) else ".keras"
    with _Scratch(f"model{suffix}", f"model '{name}'") as path:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about HDF5, say: the file is ours alone
                model.save(path)
        except Exception as error:  # of any layer's get_config, too, which a user wrote
            reason = printable(str(error)) or type(error).__name__
            raise KerilogError(f"{path}: Keras cannot save it: {reason}") from error
        # no trial in a child process: the file is as sound as the Keras that wrote it
        graph = read_graph(path)
    return Source(graph, graph.name)


def _is_old(package: str) -> bool:
    """Whether models of ``package`` are those of Keras 2, whose HDF5 files are the better known."""
    if package == "tf_keras":
        return True
    version = str(getattr(sys.modules.get("keras"), "__version__", "3"))
    return version.startswith("2.")


class _Scratch:
    """The path of a private file, ``with`` a folder of its own, that no error names.

    It is called ``title`` there instead.
    """

    def __init__(self, name: str, title: str) -> None:
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="kerilog_")
        except OSError as error:
            raise KerilogError(f"{title}: no temporary folder: {error.strerror or error}") from None
        self._path, self._title = Path(self._folder.name) / name, title

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._folder.cleanup()
        if isinstance(error, Unsupported):
            reasons = tuple((layer, self._renamed(text)) for layer, text in error.reasons)
            raise Unsupported(self._renamed(str(error)), reasons) from None
        if isinstance(error, KerilogError):
            raise KerilogError(self._renamed(str(error))) from None
        if isinstance(error, OSError):
            raise KerilogError(f"{self._title}: no temporary file: {error.strerror or error}") from None

    def _renamed(self, text: str) -> str:
        return text.replace(str(self._path), self._title)
