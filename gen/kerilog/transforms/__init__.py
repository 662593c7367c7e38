# SPDX-License-Identifier: Apache-2.0
"""Float graph to float graph: what hardware need not do is folded away. Each pass is one file and pure."""

from __future__ import annotations

from kerilog.graph import Graph
from kerilog.transforms.batch_norm_to_depthwise import batch_norm_to_depthwise
from kerilog.transforms.drop_dropout import drop_dropout
from kerilog.transforms.fold_batch_norm import fold_batch_norm
from kerilog.transforms.fold_batch_norm_forward import fold_batch_norm_forward
from kerilog.transforms.fold_padding import fold_padding
from kerilog.transforms.fuse_activation import fuse_activation

PASSES = (
    drop_dropout,
    fold_padding,
    fold_batch_norm,
    fold_batch_norm_forward,
    batch_norm_to_depthwise,
    fuse_activation,
)


def simplify(graph: Graph) -> Graph:
    """``graph`` after all passes: the same function, without Dropout and BatchNormalization.

    An output may get another name, that of the layer which now makes it; the order of the outputs stays.
    """
    for transform in PASSES:
        graph = transform(graph)
    return graph
