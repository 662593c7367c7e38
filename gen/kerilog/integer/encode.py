# SPDX-License-Identifier: Apache-2.0
"""``Format.quantize`` for many frames: the same codes, a few frames at a time, in their own type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.formats import Format, Sign
from kerilog.integer.finish import Codes, storage
from kerilog.integer.scratch import scratch
from kerilog.parallel import for_each

_CHUNK_ELEMENTS = 1 << 16


def encode(target: Format, real: npt.NDArray[np.floating[Any]]) -> Codes:
    """Nearest codes of finite ``real`` (frames, ...), ties away from zero, saturated.

    ``trunc(x + copysign(1/2, x))`` is ``sign(x) * floor(|x| + 1/2)``, as rounding is symmetric about zero.
    """
    if isinstance(target, Sign):
        return target.quantize(real).astype(storage(target))
    size = max(_CHUNK_ELEMENTS // max(real[:1].size, 1), 1)
    codes: Codes = np.empty(real.shape, storage(target))

    def work(start: int) -> None:
        part = real[start : start + size]
        y = scratch("real", part.shape, np.float64)
        np.copyto(y, part)
        y /= target.scales
        y += np.copysign(0.5, y) if part.min() < 0 else 0.5  # images have no sign, and this is a fifth of all
        np.trunc(y, out=y)
        y += target.zero_point
        codes[start : start + size] = np.clip(y, target.minimum, target.maximum, out=y)

    for_each(range(0, len(real), size), work)
    return codes
