# SPDX-License-Identifier: Apache-2.0
"""Which number formats every layer has."""

from __future__ import annotations

import dataclasses

from kerilog.formats import Format
from kerilog.graph import Shape
from kerilog.qgraph import QConv2D, QDense, QGraph


@dataclasses.dataclass(frozen=True)
class LayerFormats:
    """The number formats of a layer: of its ``output`` and, where it has them, its weights and its bias.

    ``shape`` is that of the output, without the batch axis.
    """

    layer: str
    kind: str
    shape: Shape
    output: Format
    weights: Format | None = None
    bias: Format | None = None


def layer_formats(graph: QGraph) -> list[LayerFormats]:
    """Of every layer, in the order of the network."""
    found = []
    for node in graph:
        op = node.op
        own = (op.kernel_format, op.bias_format) if isinstance(op, (QConv2D, QDense)) else ()
        found.append(LayerFormats(node.name, op.kind, node.shape, node.format, *own))
    return found
