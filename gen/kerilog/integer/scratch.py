# SPDX-License-Identifier: Apache-2.0
"""Memory for the numbers within a step, used again by the next step.

Large arrays come fresh from the system and go back to it each time, and to touch their pages first costs more
than the arithmetic on them: a convolution of the MNIST network takes a fifth of the time in memory that it
has touched before.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

_LARGEST = 1 << 24  # bytes that are kept at most for a purpose


class _Kept(threading.local):
    """What the thread has, by purpose."""

    def __init__(self) -> None:
        self.memory: dict[str, npt.NDArray[np.uint8]] = {}


_kept = _Kept()


def scratch(purpose: str, shape: tuple[int, ...], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array of any content, good until this thread asks again for the same purpose."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    if size > _LARGEST:
        return np.empty(shape, kind)
    memory = _kept.memory.get(purpose)
    if memory is None or len(memory) < size:
        memory = _kept.memory[purpose] = np.empty(size, np.uint8)
    return np.ndarray(shape, kind, memory)
