# SPDX-License-Identifier: Apache-2.0
"""The weights in an HDF5 file, under the two layouts that Keras writes, read with suspicion.

HDF5 can point to other files (external links, external storage, virtual data sets) and can claim sizes that
it does not hold. Only plain data sets behind hard links, of the shape that the architecture wants, are read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

import h5py
import numpy as np

from kerilog.errors import KerilogError
from kerilog.frontend.keras.options import Key
from kerilog.graph import Array, Shape
from kerilog.names import printable, shown

# Deflate, shuffle, checksum and LZF. Any other filter may be a plug-in, which is code.
FILTERS = (1, 2, 3, 32000)
# What h5py raises on broken files, as found by damaging them at random.
HDF5_ERRORS = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    MemoryError,
    SystemError,
)
MAX_TEXT_BYTES = 1 << 24
MAX_NAMES = 1 << 14  # of a nested model all together
# TensorFlow 2.13 to 2.15 wrote the second one.
ROOTS = ("layers", "_layer_checkpoint_dependencies")


@dataclasses.dataclass(frozen=True)
class Stored:
    """A layer or a nested model as the file has it, ``key`` its path, ``kind`` its Keras class.

    Those with one number ``shared`` are one object, described in several places.
    """

    key: Key
    kind: str
    shared: int | None = None


class Weights(Protocol):
    """Where the variables of each layer are found."""

    def register(self, layers: Iterable[Stored]) -> None:
        """Tell all layers of the model in the file's order, each nested model before its own."""

    def read(self, layer: Key, shapes: tuple[Shape, ...], unread: int = 0) -> list[Array]:
        """The variables of ``layer``, in Keras' order, float32, one for each of ``shapes``.

        Up to ``unread`` more may follow, which are left alone. Raises KerilogError, without a layer's name,
        when they are missing, differ in shape or are not finite.
        """


class ZipWeights:
    """``layers/<class in snake case>[_<count>]/vars/<index>``, as in ``.keras`` files.

    Keras finds the weights of a layer by its class and its rank among the layers of that class in its model,
    not by its name; a file may hold the name too, and then the two must agree. A nested model's layers are in
    its own group. An object in several models is stored where it is met first.
    """

    def __init__(self, file: h5py.File, where: str) -> None:
        self._file = file
        self._where = where
        self._groups: dict[Key, Key] = {}

    def register(self, layers: Iterable[Stored]) -> None:
        seen: Counter[tuple[Key, str]] = Counter()
        first: dict[tuple[int, str, str], Key] = {}
        unnumbered: dict[tuple[str, str], list[Key]] = {}
        for layer in layers:
            model, snake = layer.key[:-1], _snake_case(layer.kind)
            count = seen[model, snake]
            seen[model, snake] += 1
            group = (*self._groups.get(model, ()), f"{snake}_{count}" if count else snake)
            what = layer.kind, layer.key[-1]
            if layer.shared is None:
                unnumbered.setdefault(what, []).append(group)
            else:
                # Keras 3 numbers an object from the second place on, where it finds that there is one.
                before = unnumbered.get(what, ())
                group = first.setdefault((layer.shared, *what), before[0] if len(before) == 1 else group)
            self._groups[layer.key] = group

    def read(self, layer: Key, shapes: tuple[Shape, ...], unread: int = 0) -> list[Array]:
        with hdf5_errors(self._where):
            group = self._group(layer)
            self._check_name(group, layer[-1])
            _check_count(len(group), len(shapes), unread)
            return [_array(_walk(group, str(index)), shape) for index, shape in enumerate(shapes)]

    def _group(self, layer: Key) -> h5py.Group:
        """The variables of ``layer``."""
        at = self._file
        top = next((root for root in ROOTS if root in at), ROOTS[0])
        path = "".join(f"{top}/{part}/" for part in self._groups[layer]) + "vars"
        for part in self._groups[layer]:
            root = next((root for root in ROOTS if root in at), ROOTS[0])
            at = _walk(at, f"{root}/{part}", path)
            if not isinstance(at, h5py.Group):
                raise KerilogError(f"expected a group, got {at}")
        group = _walk(at, "vars", path)
        if not isinstance(group, h5py.Group):
            raise KerilogError(f"expected a group, got {group}")
        return group

    def _check_name(self, group: h5py.Group, name: str) -> None:
        if "name" not in group.attrs:
            return
        stored = read_text(group, "name", self._where)
        if stored != name:
            raise KerilogError(f"expected the weights of {shown(name)}, got those of {shown(stored)}")


class LegacyWeights:
    """``model_weights/<layer>`` with the paths of its data sets in ``weight_names``, as in ``.h5`` files.

    A nested model's group has the weights of all its layers, told apart by the layers' names in their paths.
    """

    def __init__(self, file: h5py.File, where: str) -> None:
        self._file = file
        self._where = where

    def register(self, layers: Iterable[Stored]) -> None:
        """Nothing to do: these files go by the layer's name."""

    def read(self, layer: Key, shapes: tuple[Shape, ...], unread: int = 0) -> list[Array]:
        with hdf5_errors(self._where):
            group = _walk(self._file, f"model_weights/{layer[0]}")
            names = _names(group)
            if len(layer) > 1:
                names = _names_of(layer, names)
            _check_count(len(names), len(shapes), unread)
            return [_array(_walk(group, name), shape) for name, shape in zip(names, shapes, strict=False)]


def _names_of(layer: Key, names: list[str]) -> list[str]:
    """Those of ``names``, ``encoder/conv2d/kernel:0``, that are the variables of a nested ``layer``.

    The folder ends in the layer's name; of several that do, it is the one with most of the path around it.
    """
    folders = {name.rpartition("/")[0] for name in names}
    for start in range(len(layer)):
        end = "/".join(layer[start:])
        found = sorted(folder for folder in folders if f"/{folder}".endswith(f"/{end}"))
        if end in found:
            found = [end]
        if len(found) > 1:
            raise KerilogError(
                f"expected names that tell its weights from others', got {shown(found[0])} and "
                f"{shown(found[1])}; save the model as .keras"
            )
        if found:
            return [name for name in names if name.rpartition("/")[0] == found[0]]
    return []


def _check_count(found: int, expected: int, unread: int) -> None:
    if not expected <= found <= expected + unread:
        raise KerilogError(f"expected {expected} weight arrays, got {found}")


@contextlib.contextmanager
def hdf5_errors(where: str) -> Iterator[None]:
    """Turn whatever h5py raises on a broken file into a KerilogError that names ``where``."""
    try:
        yield
    except KerilogError:
        raise
    except HDF5_ERRORS as error:
        raise KerilogError(f"{where} is damaged: {printable(str(error)) or type(error).__name__}") from None


def read_text(holder: h5py.File | h5py.Group, attribute: str, where: str) -> str:
    """A text attribute of at most MAX_TEXT_BYTES."""
    with hdf5_errors(where):
        found = holder.attrs.get_id(attribute)
        if found.shape != () or found.dtype.itemsize > MAX_TEXT_BYTES:
            raise KerilogError(f"{where}: attribute {attribute} is not one text")
        value = holder.attrs[attribute]
        text = value.decode() if isinstance(value, bytes) else value
        if not isinstance(text, str) or len(text) > MAX_TEXT_BYTES:
            raise KerilogError(f"{where}: attribute {attribute} is not one text")
        return text


def _snake_case(kind: str) -> str:
    """As keras.src.utils.naming.to_snake_case."""
    plain = re.sub(r"\W+", "", kind)
    split = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", plain)
    return re.sub("([a-z])([A-Z])", r"\1_\2", split).lower()


def _walk(start: h5py.Group, path: str, shown_as: str = "") -> h5py.Group | h5py.Dataset:
    """The object at ``path``, by hard links only; errors call it ``shown_as``."""
    at, label = start, shown(shown_as or path)
    for part in path.split("/"):
        if part in ("", ".", "..") or not isinstance(at, h5py.Group) or part not in at:
            raise KerilogError(f"no weights at {label}")
        link = at.get(part, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise KerilogError(f"weights at {label} are behind a {type(link).__name__}, refused")
        at = at[part]
    return at


def _names(group: h5py.Group) -> list[str]:
    """The attribute ``weight_names``."""
    found = group.attrs.get_id("weight_names")
    if math.prod(found.shape) > MAX_NAMES:
        raise KerilogError(f"expected at most {MAX_NAMES} weight names, got shape {found.shape}")
    values = np.atleast_1d(group.attrs["weight_names"]).tolist()
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _array(dataset: h5py.Group | h5py.Dataset, shape: Shape) -> Array:
    """The values of ``dataset`` as float32; they must be floats, of ``shape`` and finite."""
    if not isinstance(dataset, h5py.Dataset):
        raise KerilogError("expected a weight array, got a group")
    if dataset.is_virtual or dataset.external:
        raise KerilogError(f"weights at {shown(dataset.name)} lie in another file, refused")
    if dataset.dtype.kind != "f":
        raise KerilogError(f"expected weights of a float type, got {dataset.dtype}")
    if dataset.shape != shape:
        raise KerilogError(f"expected weights of shape {shape}, got {dataset.shape}")
    properties = dataset.id.get_create_plist()
    filters = {properties.get_filter(index)[0] for index in range(properties.get_nfilters())}
    if not filters.issubset(FILTERS):
        raise KerilogError(f"weights at {shown(dataset.name)} are packed with an unknown filter, refused")
    if dataset.id.get_storage_size() == 0 and math.prod(shape) > 0:
        raise KerilogError(f"weights at {shown(dataset.name)} were never written")
    with np.errstate(over="ignore"):
        values: Array = dataset[()].astype(np.float32)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise KerilogError(f"expected finite weights, got {bad} NaN or infinite of {values.size}")
    return values
