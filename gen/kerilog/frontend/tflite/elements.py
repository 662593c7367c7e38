# SPDX-License-Identifier: Apache-2.0
"""Elementwise operators of a TFLite file, each as a node of a ``QGraph``."""

from __future__ import annotations

import numpy as np

from kerilog.frontend.tflite.file import Operator, Tensor
from kerilog.frontend.tflite.importer import Importer, clamp_of, format_of, scale_of
from kerilog.frontend.tflite.softmax import fixed_exponentials, float_exponentials
from kerilog.graph import Shape
from kerilog.qgraph import (
    QAdd,
    QBroadcast,
    QFloatSoftmax,
    QInput,
    QLookup,
    QMaximum,
    QMinimum,
    QMultiply,
    QRequantize,
    QSoftmax,
    QSubtract,
)
from kerilog.scales import (
    product_factor,
    relu_factor,
    requantize_factor,
    sum_factors,
)
from kerilog.tables import float_island_table

_CODE_SPAN = 255  # largest |code - zero point|
_LARGEST_RATIO = 1 << 19  # of scales in a sum: above it the reference kernel's output factor exceeds 1


def add(context: Importer, op: Operator) -> None:
    """ADD and SUB."""
    left, right, shape = _operands(context, op)
    scales = (scale_of(left), scale_of(right), scale_of(context.output(op)))
    if max(scales[:2]) / scales[2] >= _LARGEST_RATIO:
        context.fail(
            op, f"expected an output scale above {max(scales[:2]) / _LARGEST_RATIO:g}, found {scales[2]:g}"
        )
    first, second, total, headroom = sum_factors(*scales, context.rounding)
    kind = QAdd if op.kind == "ADD" else QSubtract
    made = kind(first, second, total, context.clamp(op, op.options["activation"]), headroom)
    context.add(op, made, _spread(context, (left, right), shape), shape)


def multiply(context: Importer, op: Operator) -> None:
    """MUL."""
    left, right, shape = _operands(context, op)
    factor = product_factor(scale_of(left), scale_of(right), scale_of(context.output(op)), context.rounding)
    context.check_range(op, factor, _CODE_SPAN * _CODE_SPAN)
    made = QMultiply(factor, context.clamp(op, op.options["activation"]))
    context.add(op, made, _spread(context, (left, right), shape), shape)


def extreme(context: Importer, op: Operator) -> None:
    """MAXIMUM and MINIMUM, which compare codes and so need one format for all."""
    left, right, shape = _operands(context, op)
    context.same_format(op, left, right)
    kind = QMaximum if op.kind == "MAXIMUM" else QMinimum
    made = kind(clamp_of(context.output(op), "linear"))
    context.add(op, made, _spread(context, (left, right), shape), shape)


def _operands(context: Importer, op: Operator) -> tuple[Tensor, Tensor, Shape]:
    """Both operands and the shape they broadcast to. At least one is computed."""
    context.expect(op, range(2, 3))
    left, right = context.operand(op, 0), context.operand(op, 1)
    computed = [tensor for tensor in (left, right) if tensor.data is None]
    if not computed or len({len(tensor.shape) for tensor in computed}) != 1:
        context.unsupported(
            op,
            f"operands of shapes {left.shape} and {right.shape}",
            "tensors of as many axes, or one and a constant",
        )
    shapes = [context.operand_shape(op, tensor) for tensor in (left, right)]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        context.fail(op, f"expected shapes that broadcast, found {left.shape} and {right.shape}")
    return left, right, shape


def _spread(
    context: Importer, operands: tuple[Tensor, Tensor], shape: Shape
) -> tuple[Tensor | str, Tensor | str]:
    """``operands``, computed ones broadcast to ``shape`` by a node that the file has no tensor for."""
    left, right = (
        tensor
        if tensor.data is not None or tensor.shape[1:] == shape
        else context.add_hidden(tensor, "broadcast", QBroadcast(), shape)
        for tensor in operands
    )
    return left, right


def relu(context: Importer, op: Operator) -> None:
    """RELU, RELU6, RELU_0_TO_1 and RELU_N1_TO_1 on their own."""
    context.expect(op, range(1, 2))
    source, target = context.activation(op), context.output(op)
    factor = relu_factor(scale_of(source), scale_of(target))
    context.check_range(op, factor, _CODE_SPAN)
    context.add(op, QRequantize(factor, clamp_of(target, op.kind.lower())), (source,), source.shape[1:])


def quantize(context: Importer, op: Operator) -> None:
    """QUANTIZE of a float graph input, which then is the input itself, of float functions, or of codes.

    A uint8 input, or output, of the graph is another format at its end.
    """
    context.expect(op, range(1, 2))
    source, target = context.required(op, 0), context.output(op)
    if source.index in context.float_inputs:
        context.float_inputs.remove(source.index)
        context.add(op, QInput(), (), source.shape[1:])
        return
    if context.islands.get(source.index, (source, ()))[1]:
        source, steps = context.islands[source.index]
        table = float_island_table(steps, format_of(source), format_of(target), context.rounding)
        context.add(op, QLookup(table), (source,), source.shape[1:])
        return
    source = context.activation(op)
    factor = requantize_factor(scale_of(source), scale_of(target), context.rounding)
    context.check_range(op, factor, _CODE_SPAN)
    context.add(op, QRequantize(factor, clamp_of(target, "linear")), (source,), source.shape[1:])


def dequantize(context: Importer, op: Operator) -> None:
    """DEQUANTIZE at a graph output, where the codes before it are the output, or ahead of float functions."""
    context.expect(op, range(1, 2))
    source = context.activation(op)
    context.islands[op.outputs[0]] = source, ()
    if op.outputs[0] in context.model.outputs:
        context.keys[op.outputs[0]] = context.keys[source.index]


def softmax(context: Importer, op: Operator) -> None:
    """SOFTMAX over the last axis."""
    context.expect(op, range(1, 2))
    source, target = context.activation(op), context.output(op)
    _probability_format(context, op)
    beta = float(op.options["beta"])
    if not 0 < beta * float(scale_of(source)) < _CODE_SPAN:
        context.fail(op, f"expected beta times scale in 0..{_CODE_SPAN}, found {beta * scale_of(source):g}")
    if context.rounding == "single":
        made: QSoftmax | QFloatSoftmax = QFloatSoftmax(
            float_exponentials(scale_of(source), beta), float(scale_of(target))
        )
    else:
        made = QSoftmax(fixed_exponentials(scale_of(source), beta))
    context.add(op, made, (source,), source.shape[1:])


def _probability_format(context: Importer, op: Operator) -> None:
    """Check that the output counts in 1/256 from -128, the only format this kernel has."""
    target = format_of(context.output(op))
    if (target.scale, target.zero) != (1 / 256, -128):
        context.fail(op, f"expected an output of scale 1/256 and zero point -128, found {target}")
