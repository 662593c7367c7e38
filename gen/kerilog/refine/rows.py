# SPDX-License-Identifier: Apache-2.0
"""A layer with weights as matrix products: what it sees at single places, and its kernel, group by group."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from kerilog.floating import windows_of
from kerilog.graph import Array, Dense, DepthwiseConv2D
from kerilog.quantize.matrix import MatrixOp

Grouped = npt.NDArray[np.float32]
"""(groups, rows, weights) of what is seen, (groups, weights, channels) of kernels, (groups, rows, channels)
of sums."""

MOST_ROWS = 1 << 14
MOST_ELEMENTS = 1 << 24  # of what is seen at all rows, and of the sums there


@dataclasses.dataclass(frozen=True, eq=False)
class Places:
    """Which of the places of a layer's output, over all samples, are looked at: indices, ascending."""

    chosen: npt.NDArray[np.int64]

    @classmethod
    def of(cls, op: MatrixOp, x: Array, generator: np.random.Generator) -> Places:
        """As many places of the output of ``op`` on ``x`` (samples, *shape) as memory should hold."""
        seen, outer = _seen(op, x), _outer(op, x)
        total = math.prod(seen.shape[:outer])
        each = max(math.prod(seen.shape[outer:]), op.bias.size)
        count = min(total, MOST_ROWS, max(1, MOST_ELEMENTS // each))
        if count == total:
            return cls(np.arange(total))
        return cls(np.sort(generator.choice(total, count, replace=False)))


def rows(op: MatrixOp, x: Array, places: Places) -> Grouped:
    """What ``op`` sees of ``x`` (samples, *shape) at ``places``."""
    seen = _seen(op, x)
    outer = seen.shape[: _outer(op, x)]
    found = seen[np.unravel_index(places.chosen, outer)]
    if isinstance(op, Dense):
        return np.ascontiguousarray(found[np.newaxis], np.float32)
    count, height, width, channels = found.shape
    groups = channels if isinstance(op, DepthwiseConv2D) else op.groups
    split = found.reshape(count, height * width, groups, channels // groups)
    return np.ascontiguousarray(split.transpose(2, 0, 1, 3), np.float32).reshape(groups, count, -1)


def grouped(op: MatrixOp, kernel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``kernel`` (*, channels), as ``flat_kernel`` gives it, or numbers of its shape, group by group."""
    groups = _groups(op)
    flat = kernel.reshape(-1, groups, kernel.shape[-1] // groups)
    return np.ascontiguousarray(flat.transpose(1, 0, 2))


def ungrouped(op: MatrixOp, parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The reverse of ``grouped``, in the shape of ``op.kernel``."""
    return parts.transpose(1, 0, 2).reshape(op.kernel.shape)


def _groups(op: MatrixOp) -> int:
    if isinstance(op, Dense):
        return 1
    return op.kernel.shape[2] if isinstance(op, DepthwiseConv2D) else op.groups


def _seen(op: MatrixOp, x: Array) -> Array:
    """A view (samples, ..., *what one place sees)."""
    return x if isinstance(op, Dense) else windows_of(op, x)


def _outer(op: MatrixOp, x: Array) -> int:
    """The axes of ``_seen`` that count places."""
    return x.ndim - 1 if isinstance(op, Dense) else 3
