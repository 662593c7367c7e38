# SPDX-License-Identifier: Apache-2.0
"""Between which pixels a bilinear resize interpolates, and with which weights, as TFLite's kernels do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.graph import Pair
from kerilog.qgraph import QResizeBilinear
from kerilog.scales import Rounding

_REFERENCE_BITS, _XNNPACK_BITS = 10, 11
_HALF = np.float32(0.5)


def resize(
    old: Pair, new: Pair, rounding: Rounding, corners: bool = False, half: bool = True
) -> QResizeBilinear:
    """From ``old`` (rows, columns) to ``new``, ``rounding`` being the flavour of TFLite.

    ``corners``: the corner pixels keep their places; ``half``: it is the centres of pixels that are mapped.
    Raises KerilogError for sizes with which the kernel would read beyond the image.
    """
    make = _reference if rounding == "reference" else _xnnpack
    rows, columns = (make(*sizes, corners, half) for sizes in zip(old, new, strict=True))
    bits = _REFERENCE_BITS if rounding == "reference" else _XNNPACK_BITS
    return QResizeBilinear(rows, columns, bits, "away" if rounding == "reference" else "up")


def _reference(old: int, new: int, corners: bool, half: bool) -> IntArray:
    """(3, ``new``): the pixel before, the one behind, the weight of that; the step has 10 bits, rounded."""
    one = 1 << _REFERENCE_BITS
    less = int(corners and new > 1)
    step = (one * (old - less) + (new - less) // 2) // (new - less)
    places = np.arange(new, dtype=np.int64) * step
    if half:
        places += step // 2 - one // 2
    first = np.maximum(places, 0) // one
    second = np.minimum((np.maximum(places, 1 - one) + one - 1) // one, old - 1)
    if first.max() >= old:
        raise KerilogError(f"a resize of {old} to {new} pixels reads beyond the image")
    return _weighed(first, second, places - one * first)


def _xnnpack(old: int, new: int, corners: bool, half: bool) -> IntArray:
    """As ``_reference``, with places in binary32 and weights of 11 bits."""
    less = int(corners and new > 1)
    step = np.float32(old - less) / np.float32(new - less)
    places: npt.NDArray[np.float32] = np.arange(new, dtype=np.float32) * step
    if half:
        places = np.clip(places + (_HALF * step - _HALF), np.float32(0), np.float32(old - 1))
    first = np.minimum(places.astype(np.int64), old - 1)
    weights = (places - first.astype(np.float32)) * np.float32(1 << _XNNPACK_BITS)
    return _weighed(first, np.minimum(first + 1, old - 1), np.rint(weights).astype(np.int64))


def _weighed(first: IntArray, second: IntArray, weights: IntArray) -> IntArray:
    """The three together; between a pixel and itself there is nothing to weigh."""
    return np.stack([first, second, np.where(first == second, 0, weights)])
