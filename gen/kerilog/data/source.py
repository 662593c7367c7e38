# SPDX-License-Identifier: Apache-2.0
"""Which data the user means, and how it is read."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from kerilog.data import mnist
from kerilog.data.arrays import opened, read_npy
from kerilog.data.folder import read_folder
from kerilog.data.found import Found, notes, split
from kerilog.data.intake import Intake
from kerilog.data.named import NamedData, named, wanted
from kerilog.data.table import read_table
from kerilog.errors import KerilogError
from kerilog.graph import Array, Shape

KINDS = "FILE.npz, a FOLDER of images, X.npy, FILE.csv or mnist"
_TABLES = frozenset({".csv", ".tsv"})
Source = Path | Literal["mnist"]


@dataclasses.dataclass(frozen=True)
class Request:
    """What the user says of the data.

    ``source``: a file, a folder, or the word "mnist". ``labels``: a .npy file beside one of samples.
    ``label``: the column of a table that holds the labels, by default the last. ``scale``: a factor on the
    samples.
    """

    source: Source | None = None
    labels: Path | None = None
    label: str | None = None
    scale: float | None = None

    def unused(self) -> tuple[str, ...]:
        """Warnings about what has no effect on this source."""
        suffix = self.source.suffix.lower() if isinstance(self.source, Path) else ""
        found = []
        if self.source is not None and self.labels is not None and suffix != ".npy":
            found.append(f"--labels {self.labels.name} has no effect: it belongs to --data X.npy")
        if self.source is not None and self.label is not None and suffix not in _TABLES:
            found.append(f"--label {self.label} has no effect: it names a column of --data FILE.csv")
        if self.source is None:
            given = {"--labels": self.labels, "--label": self.label, "--input-scale": self.scale}
            found += [
                f"{name} has no effect without --data" for name, value in given.items() if value is not None
            ]
        return tuple(found)


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


def load(request: Request, inputs: Mapping[str, Intake], outputs: Mapping[str, Shape]) -> NamedData:
    """The samples of ``inputs`` and the labels of ``outputs``, each by the names of the layers.

    Raises KerilogError when the data cannot be used, or when there is none.
    """
    found = _found(request, inputs, outputs)
    data = named(found, inputs, outputs, request.scale)
    return dataclasses.replace(data, warnings=(*request.unused(), *data.warnings))


def load_dataset(source: Source, shape: Shape, input_scale: float | None = None) -> Dataset:
    """The data for one input of ``shape`` (no batch axis) that does not scale itself, as ``load``."""
    data = load(Request(source, scale=input_scale), {"x": Intake(shape)}, {"y": ()})
    return Dataset(
        data.x_train["x"], data.y_train.get("y"), data.x_test["x"], data.y_test.get("y"), data.source
    )


def _found(request: Request, inputs: Mapping[str, Intake], outputs: Mapping[str, Shape]) -> Found:
    path = request.source
    if path is None:
        raise KerilogError(f"no samples for {_asked(inputs)}: give --data {_kinds(inputs)}")
    if path == mnist.WORD:
        return mnist.read_mnist()
    assert isinstance(path, Path)
    suffix = path.suffix.lower()
    if path.is_dir():
        return read_folder(path, _only(path, inputs).shape)
    if suffix in _TABLES:
        return read_table(path, _only(path, inputs).shape, request.label)
    if not path.is_file():
        raise KerilogError(f"{path}: no such file; --data is {KINDS}")
    if suffix == ".npy":
        return _arrays(path, request.labels)
    if suffix == ".npz" or zipfile.is_zipfile(path):
        return _archive(path, inputs, outputs)
    raise KerilogError(f"{path}: what kind of data it is cannot be told from its name; --data is {KINDS}")


def _archive(path: Path, inputs: Mapping[str, Intake], outputs: Mapping[str, Shape]) -> Found:
    """The arrays of an NPZ file that may be of use; what else it holds is not looked at."""
    names = wanted(inputs, outputs)
    with opened(path, "an NPZ file") as file:
        arrays = {name: file[name] for name in sorted(file) if name in names}
    both = "x" in arrays and "x_train" not in arrays
    return Found(arrays, path.name, "calibration and test use the same samples" if both else "")


def _arrays(path: Path, labels: Path | None) -> Found:
    """Samples in one .npy file, their labels in another."""
    x = read_npy(path)
    y = None if labels is None else read_npy(labels)
    if x.ndim and y is not None and y.shape[:1] != x.shape[:1]:
        came = len(y) if y.ndim else 1
        raise KerilogError(f"{labels}: expected {len(x)} labels, one a sample of {path.name}, got {came}")
    arrays, how = split(np.atleast_1d(x), y)
    return Found(arrays, path.name, notes("" if y is not None else "no labels", how))


def _only(path: Path, inputs: Mapping[str, Intake]) -> Intake:
    """The one input. Raises KerilogError if there are several."""
    if len(inputs) != 1:
        raise KerilogError(
            f"{path}: the model has the inputs {', '.join(inputs)}: give an NPZ file with an array for each"
        )
    return next(iter(inputs.values()))


def _asked(inputs: Mapping[str, Intake]) -> str:
    if len(inputs) == 1:
        return f"a model input of {'x'.join(map(str, next(iter(inputs.values())).shape))}"
    return f"the model inputs {', '.join(inputs)}"


def _kinds(inputs: Mapping[str, Intake]) -> str:
    """What --data may be for a model with ``inputs``."""
    if len(inputs) > 1:
        return "FILE.npz, with an array for each"
    shape = next(iter(inputs.values())).shape
    return KINDS if shape == mnist.SHAPE else KINDS.replace("X.npy, FILE.csv or mnist", "X.npy or FILE.csv")
