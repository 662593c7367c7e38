# SPDX-License-Identifier: Apache-2.0
"""Full-integer TFLite files as ``QGraph``s, bit for bit with TFLite's interpreter, without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from kerilog.errors import KerilogError, Unsupported
from kerilog.frontend.tflite import elements, functions, layers, moving, shapes
from kerilog.frontend.tflite.file import Operator, read_model
from kerilog.frontend.tflite.fold_padding import fold_padding
from kerilog.frontend.tflite.importer import Importer
from kerilog.frontend.tflite.join_reshapes import join_reshapes
from kerilog.frontend.tflite.refusals import Refusals
from kerilog.names import harmless, shown
from kerilog.qgraph import QGraph
from kerilog.scales import ROUNDINGS, Rounding

OPERATORS: dict[str, Callable[[Importer, Operator], None]] = {
    "ADD": elements.add,
    "ARG_MAX": moving.arg_max,
    "AVERAGE_POOL_2D": layers.pool,
    "BATCH_TO_SPACE_ND": shapes.batch_to_space,
    "CONCATENATION": shapes.concatenate,
    "CONV_2D": layers.conv2d,
    "DEPTHWISE_CONV_2D": layers.conv2d,
    "DEQUANTIZE": elements.dequantize,
    "ELU": functions.function,
    "EXP": functions.function,
    "EXPAND_DIMS": shapes.expand_dims,
    "FULLY_CONNECTED": layers.dense,
    "GELU": functions.gelu,
    "HARD_SWISH": functions.function,
    "LEAKY_RELU": functions.leaky_relu,
    "LOGISTIC": functions.function,
    "MAXIMUM": elements.extreme,
    "MAX_POOL_2D": layers.pool,
    "MEAN": layers.mean,
    "MINIMUM": elements.extreme,
    "MUL": elements.multiply,
    "PACK": shapes.pack,
    "PAD": shapes.pad,
    "PRELU": functions.prelu,
    "PADV2": shapes.pad,
    "QUANTIZE": elements.quantize,
    "REDUCE_MAX": moving.reduce_max,
    "RESIZE_BILINEAR": moving.resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": moving.resize_nearest,
    "RELU": elements.relu,
    "RELU6": elements.relu,
    "RELU_0_TO_1": elements.relu,
    "RELU_N1_TO_1": elements.relu,
    "RESHAPE": shapes.reshape,
    "SHAPE": shapes.shape,
    "SLICE": moving.slice_,
    "SOFTMAX": elements.softmax,
    "SPACE_TO_BATCH_ND": shapes.space_to_batch,
    "SPLIT": moving.split,
    "SPLIT_V": moving.split_v,
    "SQUEEZE": shapes.squeeze,
    "STRIDED_SLICE": shapes.strided_slice,
    "SUB": elements.add,
    "TANH": functions.function,
    "TILE": moving.tile,
    "TRANSPOSE": moving.transpose,
    "TRANSPOSE_CONV": layers.transpose_conv,
    "UNPACK": moving.unpack,
}


def load_tflite(path: Path, rounding: Rounding = "reference") -> QGraph:
    """The network in ``path``, named after the file; nodes carry short names of the file's layers.

    ``rounding`` "reference" gives the arithmetic of TFLite's reference kernels, "single" that of XNNPACK's
    with one integer rounding where XNNPACK rounds in binary32. Raises ``KerilogError`` for a file that cannot
    be used, and ``Unsupported`` for one with operators or options that Kerilog does not support: all of them.
    """
    return fold_padding(join_reshapes(load_tflite_with_tensors(path, rounding)[0]))


def load_tflite_with_tensors(path: Path, rounding: Rounding = "reference") -> tuple[QGraph, dict[int, str]]:
    """As ``load_tflite``, with the node name of each tensor index of the file that has a node.

    Every operator is a node here, PAD too.
    """
    if rounding not in ROUNDINGS:
        raise KerilogError(f"{path}: expected a rounding of {', '.join(ROUNDINGS)}, found {rounding!r}")
    model = read_model(path)
    context = Importer(model, rounding)
    try:
        _import(context)
    except Unsupported as error:
        raise Unsupported(f"{path}: {error}", error.reasons) from error
    except KerilogError as error:
        raise KerilogError(f"{path}: {error}") from error
    nodes, names = context.finished()
    outputs = tuple(names[index] for index in model.outputs)
    return QGraph(harmless(path.stem), "affine", nodes, outputs), names


def _import(context: Importer) -> None:
    refusals = Refusals(context)
    for index in context.model.inputs:
        refusals.attempt(None, partial(context.add_input, index))
    for op in context.model.operators:
        if op.kind in OPERATORS:
            refusals.attempt(op, partial(OPERATORS[op.kind], context, op))
        else:
            refusals.unknown(op)
    refusals.raise_all()
    for index in context.model.outputs:
        if index not in context.keys:
            raise KerilogError(
                f"output {shown(context.tensors[index].name)}: expected an operator that makes it"
            )
