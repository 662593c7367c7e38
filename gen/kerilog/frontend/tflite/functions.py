# SPDX-License-Identifier: Apache-2.0
"""Operators of a TFLite file that are a function of one code, each as a table."""

from __future__ import annotations

import numpy as np

from kerilog.frontend.tflite.file import Operator
from kerilog.frontend.tflite.importer import Importer, format_of, scale_of
from kerilog.qgraph import QChannelLookup, QLookup
from kerilog.scales import relu_factor
from kerilog.tables import PRESCRIBED, affine_table, has_hard_swish, prelu_tables, repeating

_CODE_SPAN = 255  # largest |code - zero point|
_MOST_SLOPES = 1 << 16
_FUNCTIONS = {
    "ELU": "elu",
    "EXP": "exponential",
    "HARD_SWISH": "hard_silu",
    "LOGISTIC": "sigmoid",
    "TANH": "tanh",
}


def function(context: Importer, op: Operator) -> None:
    """ELU, EXP, HARD_SWISH, LOGISTIC and TANH."""
    _add(context, op, _FUNCTIONS[op.kind])


def gelu(context: Importer, op: Operator) -> None:
    """GELU, exact or with tanh."""
    _add(context, op, "gelu_tanh" if op.options["approximate"] else "gelu")


def leaky_relu(context: Importer, op: Operator) -> None:
    """LEAKY_RELU with a slope of 0 or more."""
    slope = float(op.options["alpha"])
    if not 0 <= slope < np.inf:
        context.fail(op, f"expected a slope of 0 or more, found {slope:g}")
    if op.inputs[0] not in context.islands:
        source, target = scale_of(context.activation(op)), scale_of(context.output(op))
        context.check_range(op, relu_factor(source * np.float32(max(slope, 1)), target), _CODE_SPAN)
    _add(context, op, "leaky_relu", slope)


def prelu(context: Importer, op: Operator) -> None:
    """PRELU with constant slopes, a table for each."""
    context.expect(op, range(2, 3))
    source, slopes = context.activation(op), context.required(op, 1)
    context.check_quantized(op, slopes)
    codes = context.constant(op, 1, "int8") - int(slopes.zeros[0])
    try:
        slope_codes = repeating(codes, source.shape)
    except ValueError:
        context.fail(op, f"expected slopes that broadcast to {source.shape}, found {slopes.shape}")
    scales = scale_of(source), scale_of(context.output(op))
    context.check_range(op, relu_factor(*scales), _CODE_SPAN)
    context.check_range(op, relu_factor(scales[0] * scale_of(slopes), scales[1]), _CODE_SPAN**2)
    if slope_codes.size > _MOST_SLOPES:
        context.unsupported(
            op, f"{slope_codes.size:,} slopes", f"up to {_MOST_SLOPES:,}, or one for each channel"
        )
    tables = prelu_tables(slope_codes, scale_of(slopes), format_of(source), format_of(context.output(op)))
    context.add(op, QChannelLookup(tables), (source,), source.shape[1:])


def _add(context: Importer, op: Operator, name: str, *parameters: float) -> None:
    context.expect(op, range(1, 2))
    if op.inputs[0] in context.islands:
        # The converter leaves some functions in float: with DEQUANTIZE and QUANTIZE they are one of codes.
        before, steps = context.islands[op.inputs[0]]
        context.islands[op.outputs[0]] = before, (*steps, (name, parameters))
        return
    source = context.activation(op)
    given, target = format_of(source), format_of(context.output(op))
    if name == "sigmoid" and target != PRESCRIBED[name]:
        context.fail(op, f"expected an output of scale 1/256 and zero point -128, found {target}")
    if name == "hard_silu" and not has_hard_swish(given, target):
        context.fail(op, f"expected an output scale above {given.scale!s} / 128, found {target}")
    table = affine_table(name, parameters, given, target, context.rounding)
    context.add(op, QLookup(table), (source,), source.shape[1:])
