# SPDX-License-Identifier: Apache-2.0
"""One layer as a file describes it: typed, checked access to its options.

Everything in a file is untrusted: each option is checked for its type and its range when it is read, and an
option that nothing reads must be one that is known not to change what the layer computes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from typing import Any, Literal, NoReturn, TypeVar, cast

from kerilog.errors import KerilogError
from kerilog.graph import Pair, Shape
from kerilog.names import LONGEST, harmless, printable, shown

MAX_INTEGER = 1 << 24
# 256 MB of float32: far above what fits any device that Kerilog is for.
MAX_ELEMENTS = 1 << 26
DTYPES = ("float16", "float32", "float64", "bfloat16", "mixed_float16", "mixed_bfloat16")

# Of use in training only.
_IGNORED = frozenset({"name", "trainable", "dtype", "momentum", "rate", "seed", "noise_shape", "stddev"})
_IGNORED |= {
    "synchronized",
    "fused",
    "renorm_momentum",
    "batch_input_shape",
    "batch_shape",
    "sparse",
    "optional",
}
_IGNORED_SUFFIXES = ("_initializer", "_regularizer", "_constraint")

Padding = Literal["valid", "same"]
Key = tuple[str, ...]
"""A layer's names in the file: of the nested models around it, from the outside in, then its own."""
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer's name in the graph, its Keras class, its options, and its ``key``: its place in the file.

    ``refused`` collects what is not supported about it, and whether its output has the same shape anyway.
    """

    name: str
    kind: str
    options: dict[str, Any]
    key: Key
    refused: dict[str, bool] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"layer '{self.name}' ({self.shown_kind})"

    @property
    def shown_kind(self) -> str:
        """The Keras class, printable."""
        return printable(self.kind)

    @property
    def shape_is_known(self) -> bool:
        """Whether nothing was refused that the shape of its output may depend on."""
        return all(self.refused.values())

    def wrong(self, what: str, expected: str, came: object) -> NoReturn:
        """Raise the KerilogError for an option or a tensor that cannot be."""
        raise KerilogError(f"{self}: {what}: expected {expected}, got {shown(came)}")

    def unsupported(self, what: str, came: object, taken: str, same_shape: bool = False) -> None:
        """Note an option that Keras would take; whatever is made of the layer will not be used."""
        self.refuse(f"{self.shown_kind} with {what} {shown(came)} is not supported, only {taken}", same_shape)

    def refuse(self, text: str, same_shape: bool = False) -> None:
        """Note what is not supported, once."""
        self.refused.setdefault(text, same_shape)

    def get(self, key: str, default: T) -> Any | T:
        """The option as it stands in the file; ``default`` when it is absent or null."""
        value = self.options.get(key)
        return default if value is None else value

    def check_options(self, handled: Collection[str]) -> None:
        """Refuse every option that is set and neither ``handled`` nor without effect at inference."""
        for key, value in self.options.items():
            known = key in handled or key in _IGNORED or key.endswith(_IGNORED_SUFFIXES)
            if not known and value is not None and value is not False:
                self.refuse(f"{self.shown_kind} with option {shown(key)} = {shown(value)} is not supported")
        self._check_dtype()

    def _check_dtype(self) -> None:
        dtype = self.get("dtype", "float32")
        if isinstance(dtype, dict):
            settings = dtype.get("config")
            dtype = settings.get("name") if isinstance(settings, dict) else None
        if dtype not in DTYPES:
            self.unsupported("dtype", dtype, "float types", same_shape=True)

    def integer(self, key: str, default: int | None = None) -> int:
        """A positive integer."""
        value = self.get(key, default)
        if not _is_positive(value):
            self.wrong(key, f"an integer in 1..{MAX_INTEGER}", value)
        return cast(int, value)

    def flag(self, key: str, default: bool) -> bool:
        """A truth value, which Python's users also write as 0 or 1."""
        value = self.get(key, default)
        if not isinstance(value, int | float) or value not in (0, 1):
            self.wrong(key, "true or false", value)
        return bool(value)

    def number(self, key: str, default: float) -> float:
        """A finite number."""
        value = self.get(key, default)
        if not is_number(value):
            self.wrong(key, "a finite number", value)
        return float(value)

    def pair(self, key: str, default: Pair | None = None) -> Pair:
        """Two positive integers (rows, columns), or one that stands for both."""
        value = self.get(key, default)
        items = (value, value) if _is_positive(value) else value
        if not isinstance(items, list | tuple) or len(items) != 2 or not all(map(_is_positive, items)):
            self.wrong(key, f"one or two integers in 1..{MAX_INTEGER}", value)
        return items[0], items[1]

    def padding(self) -> Padding:
        """The border mode of convolutions and pools."""
        value = self.get("padding", "valid")
        if value not in ("valid", "same"):
            self.unsupported("padding", value, "'valid' and 'same'")
            return "valid"
        return cast(Padding, value)

    def check_channels_last(self) -> None:
        """Refuse data_format channels_first."""
        value = self.get("data_format", "channels_last")
        if value != "channels_last":
            self.unsupported("data_format", value, "'channels_last'")

    def check_last_axis(self, rank: int) -> None:
        """Refuse an ``axis`` that is not the last of ``rank`` axes; the file counts the batch axis."""
        axis = self.get("axis", -1)
        if isinstance(axis, list) and len(axis) == 1:
            axis = axis[0]
        if type(axis) is not int or axis not in (-1, rank):
            self.unsupported("axis", axis, "the last one", same_shape=self.kind != "Concatenate")

    def check_shape(self, shape: Shape, what: str) -> None:
        """Raise KerilogError unless every axis of ``shape`` is positive and the whole believable."""
        if not all(size > 0 for size in shape):
            raise KerilogError(f"{self}: {what} would have the shape {shape}, with nothing in it")
        if math.prod(shape) > MAX_ELEMENTS:
            raise KerilogError(f"{self}: {what} of shape {shape} has more than {MAX_ELEMENTS} elements")


def is_number(value: object) -> bool:
    """Whether ``value`` is a finite int or float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= 1e30


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_INTEGER


def readable(key: Key) -> str:
    """``encoder/conv2d``, harmless; of a path too long for a name the outermost models are left out."""
    parts = [part for part in map(harmless, key) if part]
    while len(parts) > 1 and len("/".join(parts)) > LONGEST:
        parts = parts[1:]
    return harmless("/".join(parts)) if parts else ""


def checked_name(name: object, what: str) -> str:
    """``name`` if it is a text, and no path that leads elsewhere; raises KerilogError otherwise."""
    if not isinstance(name, str) or not name.strip() or ".." in name.split("/"):
        raise KerilogError(f"{what} {shown(name)}: expected a name, and no path with '..' in it")
    return name
