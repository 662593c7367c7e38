# SPDX-License-Identifier: Apache-2.0
"""Float graph to float graph: what hardware need not do is folded away. Each pass is one file and pure."""

from __future__ import annotations

from kerilog.graph import Graph
from kerilog.transforms.absorb_converters import absorb_converters
from kerilog.transforms.batch_norm_to_depthwise import batch_norm_to_depthwise
from kerilog.transforms.converters_after_relu import converters_after_relu
from kerilog.transforms.drop_dropout import drop_dropout
from kerilog.transforms.fold_batch_norm import fold_batch_norm
from kerilog.transforms.fold_batch_norm_forward import fold_batch_norm_forward
from kerilog.transforms.fold_batch_norm_into_sign import fold_batch_norm_into_sign
from kerilog.transforms.fold_padding import fold_padding
from kerilog.transforms.fuse_activation import fuse_activation
from kerilog.transforms.sink_reshapes import sink_reshapes

FOLDS = (fold_padding, fold_batch_norm, fold_batch_norm_into_sign, fold_batch_norm_forward)
PASSES = (
    drop_dropout,
    converters_after_relu,
    sink_reshapes,
    *FOLDS,
    batch_norm_to_depthwise,
    fuse_activation,
    absorb_converters,
)


def simplify(graph: Graph) -> Graph:
    """``graph`` after all passes: the same function, without Dropout and BatchNormalization.

    An output may get another name, that of the layer which now makes it; the order of the outputs stays.
    """
    graph = sink_reshapes(converters_after_relu(drop_dropout(graph)))
    size = len(graph.nodes) + 1
    # One fold may bring together what another one folds.
    while len(graph.nodes) < size:
        size = len(graph.nodes)
        for fold in FOLDS:
            graph = fold(graph)
    graph = absorb_converters(fuse_activation(sink_reshapes(batch_norm_to_depthwise(graph))))
    # A converter may have stood between a padding and its convolution.
    return fold_padding(graph)
