# SPDX-License-Identifier: Apache-2.0
"""Whether arrays are samples of an input, or labels: their shapes, types and values."""

from __future__ import annotations

import numpy as np

from kerilog.data.arrays import RawArray
from kerilog.errors import KerilogError
from kerilog.graph import Array, Shape


def array_of(x: object, where: str) -> RawArray:
    """``x``, from Python, as an array. Raises KerilogError where it is none, or one of Python objects."""
    try:
        array = np.asarray(x)
    except (ValueError, TypeError):  # rows of several lengths
        raise KerilogError(f"{where}: expected an array of numbers, found {type(x).__name__}") from None
    if array.dtype == object:
        raise KerilogError(f"{where}: expected an array of numbers, found {type(x).__name__}")
    return array


def samples_of(raw: RawArray, where: str, shape: Shape) -> RawArray:
    """``raw`` as (count, *shape), of any real type; a missing channel axis is added.

    Raises KerilogError for another shape, for no samples and for what are no finite numbers.
    """
    _check_numbers(raw, where)
    values = raw
    if shape[-1:] == (1,) and values.shape[1:] == shape[:-1]:
        values = values[..., np.newaxis]
    if values.shape[1:] != shape or values.ndim == 0:
        came = "x".join(map(str, values.shape[1:])) or "single numbers"
        raise KerilogError(f"{where}: expected samples of {'x'.join(map(str, shape))}, got {came}")
    if len(values) == 0:
        raise KerilogError(f"{where}: holds no samples")
    return finite(values, where)


def finite(values: RawArray, where: str) -> RawArray:
    """``values`` (count, ...) of any real type. Raises KerilogError unless all of them are finite."""
    if values.dtype.kind != "f":
        return values
    bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
    if bad.size:
        raise KerilogError(f"{where}: {bad.size} samples hold NaN or infinity, the first is sample {bad[0]}")
    return values


def labels_of(raw: RawArray, where: str, count: int) -> Array:
    """float32 labels, one for each of ``count`` samples; class numbers lose a trailing axis of 1.

    Raises KerilogError for another number of them and for what are no finite numbers.
    """
    _check_numbers(raw, where)
    if raw.ndim == 0 or len(raw) != count:
        came = len(raw) if raw.ndim else 1
        raise KerilogError(f"{where}: expected {count} labels, one a sample, got {came}")
    labels: Array = raw.astype(np.float32)
    if not np.isfinite(labels).all():
        raise KerilogError(f"{where}: labels hold NaN or infinity")
    return labels.reshape(count) if labels.shape == (count, 1) else labels


def _check_numbers(raw: RawArray, where: str) -> None:
    if raw.dtype.kind not in "buif":
        raise KerilogError(f"{where}: expected real numbers, got dtype {raw.dtype}")
