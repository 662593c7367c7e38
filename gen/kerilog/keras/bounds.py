# SPDX-License-Identifier: Apache-2.0
"""How large the sums of a network can get, against what float32 adds exactly.

binary32 holds every integer of magnitude up to 2**24. A product of two codes, every partial sum in whatever
order, and the sum with the bias are integers times one power of two; where none can reach 2**24, Keras'
float32 arithmetic is exact. Where a channel has a scale, the same holds of the sum times its odd part.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kerilog.formats import Format, IntArray
from kerilog.integer.matmul import accumulator_bound
from kerilog.qgraph import (
    DoubleMultiplier,
    QConv2D,
    QDense,
    QGlobalAveragePooling2D,
    QGraph,
    QMultiply,
    QNode,
)

EXACT = 1 << 24

Floats = npt.NDArray[np.float64]


def accumulator_bounds(graph: QGraph) -> dict[str, int]:
    """For each layer with sums or products, the largest magnitude they can have, in steps."""
    bounds = {node.name: _bound(node, [graph[name] for name in node.inputs]) for node in graph}
    return {name: bound for name, bound in bounds.items() if bound}


def _bound(node: QNode, sources: list[QNode]) -> int:
    match node.op:
        case QConv2D() | QDense() as op:
            kernel = op.kernel.reshape(-1, op.kernel.shape[-1])
            factors = _odd(op.kernel_format.scales) if isinstance(op.rescale, DoubleMultiplier) else 1
            return accumulator_bound(kernel * factors, op.bias * factors, _largest(sources[0].format))
        case QGlobalAveragePooling2D():
            return _largest(sources[0].format) * int(np.prod(sources[0].shape[:2]))
        case QMultiply():
            return _largest(sources[0].format) * _largest(sources[1].format)
    return 0


def _odd(scales: Floats) -> IntArray:
    """The odd integers of which ``scales`` (channels,) are power-of-two multiples: what sums are multiplied
    by.
    """
    whole = np.ldexp(np.frexp(scales)[0], 53).astype(np.int64)
    return whole // (whole & -whole)


def _largest(format: Format) -> int:
    """Largest magnitude of a code less its zero point."""
    return max(format.maximum - format.zero_point, format.zero_point - format.minimum)
