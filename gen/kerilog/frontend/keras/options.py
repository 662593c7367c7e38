# SPDX-License-Identifier: Apache-2.0
"""One layer as a file describes it: typed, checked access to its options.

Everything in a file is untrusted: each option is checked for its type and its range when it is read, and an
option that nothing reads must be one that is known not to change what the layer computes.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Collection
from typing import Any, Literal, NoReturn, TypeVar, cast

from kerilog.errors import KerilogError, Unsupported
from kerilog.graph import Pair, Shape

MAX_INTEGER = 1 << 24
# 256 MB of float32: far above what fits any device that Kerilog is for.
MAX_ELEMENTS = 1 << 26
ACTIVATIONS = ("linear", "relu", "relu6", "softmax", "sigmoid")
DTYPES = ("float16", "float32", "float64", "bfloat16", "mixed_float16", "mixed_bfloat16")
FUNCTION_MODULES = ("builtins", "keras.activations", "keras.src.activations.activations")

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
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,127}")

ActivationName = Literal["linear", "relu", "relu6", "softmax", "sigmoid"]
Padding = Literal["valid", "same"]
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer's name, its Keras class and its options."""

    name: str
    kind: str
    options: dict[str, Any]

    def __str__(self) -> str:
        return f"layer {self.name!r} ({self.kind})"

    def wrong(self, what: str, expected: str, came: object) -> NoReturn:
        """Raise the KerilogError for an option or a tensor that cannot be."""
        raise KerilogError(f"{self}: {what}: expected {expected}, got {shown(came)}")

    def unsupported(self, what: str, came: object, taken: str) -> NoReturn:
        """Raise the Unsupported error for an option that Keras would take."""
        raise Unsupported(f"{self}: {what} {shown(came)} is not supported, only {taken}")

    def get(self, key: str, default: T) -> Any | T:
        """The option as it stands in the file; ``default`` when it is absent or null."""
        value = self.options.get(key)
        return default if value is None else value

    def check_options(self, handled: Collection[str]) -> None:
        """Raise Unsupported if a set option is neither ``handled`` nor without effect at inference."""
        for key, value in self.options.items():
            known = key in handled or key in _IGNORED or key.endswith(_IGNORED_SUFFIXES)
            if not known and value is not None and value is not False:
                raise Unsupported(f"{self}: option {shown(key)} = {shown(value)} is not supported")
        self._check_dtype()

    def _check_dtype(self) -> None:
        dtype = self.get("dtype", "float32")
        if isinstance(dtype, dict):
            settings = dtype.get("config")
            dtype = settings.get("name") if isinstance(settings, dict) else None
        if dtype not in DTYPES:
            self.unsupported("dtype", dtype, "float types")

    def integer(self, key: str, default: int | None = None) -> int:
        """A positive integer."""
        value = self.get(key, default)
        if not _is_positive(value):
            self.wrong(key, f"an integer in 1..{MAX_INTEGER}", value)
        return cast(int, value)

    def flag(self, key: str, default: bool) -> bool:
        """A truth value."""
        value = self.get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "true or false", value)
        return value

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
        return cast(Padding, value)

    def check_channels_last(self) -> None:
        """Raise Unsupported for data_format channels_first."""
        value = self.get("data_format", "channels_last")
        if value != "channels_last":
            self.unsupported("data_format", value, "'channels_last'")

    def check_last_axis(self, rank: int) -> None:
        """Raise Unsupported unless ``axis`` is the last of ``rank`` axes; the file counts the batch axis."""
        axis = self.get("axis", -1)
        if isinstance(axis, list) and len(axis) == 1:
            axis = axis[0]
        if type(axis) is not int or axis not in (-1, rank):
            self.unsupported("axis", axis, "the last one")

    def activation(self) -> ActivationName:
        """The name of the option ``activation``; raises Unsupported for anything but the known functions."""
        value = self.get("activation", "linear")
        if isinstance(value, dict):
            if value.get("class_name") != "function" or value.get("module") not in FUNCTION_MODULES:
                self._refuse_activation(value.get("registered_name") or value.get("class_name"))
            value = value.get("config")
        if value not in ACTIVATIONS:
            self._refuse_activation(value)
        return cast(ActivationName, value)

    def _refuse_activation(self, came: object) -> NoReturn:
        self.unsupported("activation", came, ", ".join(ACTIVATIONS))

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


def shown(value: object) -> str:
    """``value`` from a file on one line, shortened."""
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


def checked_name(name: object, what: str) -> str:
    """``name`` if it is a text that is safe in paths and comments; raises KerilogError otherwise."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name:
        raise KerilogError(
            f"{what} {shown(name)}: expected a name of at most 128 characters out of [A-Za-z0-9_./-], "
            "starting with a letter or _, without '..'"
        )
    return name
