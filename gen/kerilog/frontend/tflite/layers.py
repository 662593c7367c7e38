# SPDX-License-Identifier: Apache-2.0
"""Convolution, dense and pooling operators of a TFLite file, each as nodes of a ``QGraph``."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.formats import Affine, IntArray
from kerilog.frontend.tflite.file import Operator, Tensor
from kerilog.frontend.tflite.importer import Importer, Space, format_of, scale_of
from kerilog.graph import Pair, Shape, padding_of, transposed
from kerilog.names import shown
from kerilog.qgraph import (
    Padding,
    QAveragePooling2D,
    QConv2D,
    QDense,
    QGlobalAveragePooling2D,
    QMaxPooling2D,
    QReshape,
    QZeroPadding2D,
    Rescale,
)
from kerilog.scales import Rounding, Scales, matrix_factor, mean_factor

_PADDINGS = {0: "same", 1: "valid"}
_LARGEST_EXTENT = 1 << 15
_OUTPUT_CHANNELS = 3  # axis of the filters in a depthwise kernel


def conv2d(context: Importer, op: Operator) -> None:
    """CONV_2D and DEPTHWISE_CONV_2D, also between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND (a dilated one)."""
    context.expect(op, range(2, 4))
    space = context.spaces.get(op.inputs[0])
    source = space.source if space else context.activation(op, rank=4)
    depthwise = op.kind == "DEPTHWISE_CONV_2D"
    kernel, scales = _weights(context, op, 4, axis=_OUTPUT_CHANNELS if depthwise else 0)
    groups = source.shape[3] if depthwise else source.shape[3] // kernel.shape[3]
    kernel = kernel.transpose(1, 2, 0, 3) if depthwise else kernel.transpose(1, 2, 3, 0)
    _check_depth(context, op, source, kernel, groups)
    strides, padding, dilation = _geometry(context, op, source, kernel.shape[:2], space)
    bias, factor = _bias_and_factor(context, op, source, kernel, scales)
    made = QConv2D(
        kernel,
        bias,
        *_weight_formats(source, scales),
        factor,
        _fused(context, op),
        strides,
        padding,
        dilation,
        groups,
    )
    if space:
        context.spaces[op.outputs[0]] = dataclasses.replace(space, conv=made)
    else:
        context.add(op, made, (source,), conv_shape(source.shape[1:], made))


def transpose_conv(context: Importer, op: Operator) -> None:
    """TRANSPOSE_CONV: the pixels spread, then a convolution with the flipped kernel.

    The sums are those of the products that TFLite adds up pixel by pixel.
    """
    context.expect(op, range(3, 5))
    source = context.activation(op, 2, rank=4)
    kernel, scales = _weights(context, op, 4, axis=0)
    kernel = np.ascontiguousarray(kernel[:, ::-1, ::-1].transpose(1, 2, 3, 0))
    _check_depth(context, op, source, kernel, 1)
    strides = _positive(context, op, "stride_h", "stride_w")
    if op.options["padding"] not in _PADDINGS:
        context.fail(op, f"padding: expected 0 (SAME) or 1 (VALID), found {op.options['padding']}")
    kind = _PADDINGS[op.options["padding"]]
    axes = zip(source.shape[1:3], kernel.shape, strides, strict=False)
    (rows, height), (columns, width) = (transposed(*axis, kind) for axis in axes)
    # XNNPACK leaves this operator to the kernels that round as the reference ones do
    bias, factor = _bias_and_factor(context, op, source, kernel, scales, place=3, rounding="reference")
    clamp = context.clamp(op, op.options["activation"])
    made = QConv2D(kernel, bias, *_weight_formats(source, scales), factor, clamp)
    wide = (
        (source.shape[1] - 1) * strides[0] + 1 + sum(rows),
        (source.shape[2] - 1) * strides[1] + 1 + sum(columns),
    )
    spread = QZeroPadding2D((rows, columns), strides)
    key = context.add_hidden(source, "spread", spread, (*wide, source.shape[3]))
    context.add(op, made, (key,), (height, width, kernel.shape[3]))


def _check_depth(context: Importer, op: Operator, source: Tensor, kernel: IntArray, groups: int) -> None:
    depth, filters = kernel.shape[2:]
    if groups < 1 or depth * groups != source.shape[3] or filters % groups:
        expected = f"channels that divide those of the input, {source.shape[3]}"
        context.fail(op, f"weights {kernel.shape}: expected {expected}, found {depth} and {filters} filters")


def _geometry(
    context: Importer, op: Operator, source: Tensor, kernel: Pair, space: Space | None
) -> tuple[Pair, Padding, Pair]:
    """Strides, padding and dilation."""
    strides = _positive(context, op, "stride_h", "stride_w")
    dilation = _positive(context, op, "dilation_h", "dilation_w")
    padding = _padding(context, op, source, kernel, strides, dilation)
    if space is None:
        return strides, padding, dilation
    if strides != (1, 1) or dilation != (1, 1) or _PADDINGS[op.options["padding"]] != "valid":
        context.unsupported(op, "strides, dilation or padding behind SPACE_TO_BATCH_ND", "none of them")
    return strides, space.padding, space.block


def conv_shape(shape: Shape, op: QConv2D) -> Shape:
    """Output shape of ``op`` for an image of ``shape``."""
    size = _window_shape(shape, op.kernel.shape[:2], op.strides, op.padding, op.dilation_rate)
    return (*size, op.kernel.shape[3])


def dense(context: Importer, op: Operator) -> None:
    """FULLY_CONNECTED."""
    context.expect(op, range(2, 4))
    source = context.activation(op)
    weights, scales = _weights(context, op, 2, axis=0)
    kernel = np.ascontiguousarray(weights.T)
    if op.options["weights_format"] != 0:
        context.unsupported(op, f"weights format {op.options['weights_format']}", "the default one, 0")
    lead = source.shape[1:-1] if op.options["keep_dims"] else ()
    inputs = int(np.prod(source.shape[1:])) if not lead else source.shape[-1]
    if inputs != kernel.shape[0]:
        context.fail(op, f"weights {weights.shape}: expected {inputs} inputs, found {kernel.shape[0]}")
    bias, factor = _bias_and_factor(context, op, source, kernel, scales)
    made = QDense(kernel, bias, *_weight_formats(source, scales), factor, _fused(context, op))
    flat: Tensor | str = source
    if not lead and len(source.shape) != 2:
        flat = context.add_hidden(source, "flat", QReshape(), (inputs,))
    context.add(op, made, (flat,), (*lead, kernel.shape[1]))


def _weights(context: Importer, op: Operator, rank: int, axis: int) -> tuple[IntArray, Scales]:
    """The int8 weights as stored, and one scale a filter (or one for all)."""
    tensor = context.required(op, 1)
    label = f"weights {shown(tensor.name)}"
    weights = context.constant(op, 1, "int8")
    if weights.ndim != rank or 0 in weights.shape:
        context.fail(op, f"{label}: expected {rank} axes, none empty, found shape {weights.shape}")
    if tensor.scales is None:
        context.fail(op, f"{label}: expected scales, found none")
    if np.any(tensor.zeros != 0):
        context.fail(op, f"{label}: expected zero points of 0, found {tensor.zeros[tensor.zeros != 0][0]}")
    if len(tensor.scales) == 1:
        return weights, tensor.scales
    if tensor.axis != axis:
        context.fail(op, f"{label}: expected scales along axis {axis}, found axis {tensor.axis}")
    if len(tensor.scales) != weights.shape[axis]:
        context.fail(op, f"{label}: expected {weights.shape[axis]} scales, found {len(tensor.scales)}")
    return weights, tensor.scales


def _bias_and_factor(
    context: Importer,
    op: Operator,
    source: Tensor,
    kernel: IntArray,
    scales: Scales,
    place: int = 2,
    rounding: Rounding | None = None,
) -> tuple[IntArray, Rescale]:
    """The bias (filters,), input ``place`` or zeros, and the accumulator's factor, both checked for overflow.

    ``rounding`` where it is not that of all operators.
    """
    filters = kernel.shape[-1]
    bias = np.zeros(filters, np.int64)
    stored = context.stored(op, place)
    if stored is not None:
        bias = context.constant(op, place, "int32")
        if bias.shape != (filters,) or np.any(stored.zeros != 0):
            label = f"bias {shown(stored.name)}"
            context.fail(op, f"{label}: expected shape ({filters},) and zero point 0, found {bias.shape}")
    target = scale_of(context.output(op))
    factor = matrix_factor(scale_of(source), scales, target, op.kind, rounding or context.rounding)
    zero = int(source.zeros[0])
    sums = np.abs(kernel).reshape(-1, filters).sum(axis=0) * max(128 + zero, 127 - zero) + np.abs(bias)
    context.check_range(op, factor, int(sums.max()))
    return bias, factor


def _weight_formats(source: Tensor, scales: Scales) -> tuple[Affine, Affine]:
    """Formats of the kernel and of the bias."""
    weights, sums = scales.tolist(), (scale_of(source) * scales).tolist()
    if len(weights) == 1:
        return Affine(8, weights[0]), Affine(32, sums[0])
    return Affine(8, tuple(weights)), Affine(32, tuple(sums))


def pool(context: Importer, op: Operator) -> None:
    """MAX_POOL_2D and AVERAGE_POOL_2D."""
    context.expect(op, range(1, 2))
    source = context.activation(op, rank=4)
    context.same_format(op, source)
    size = _positive(context, op, "height", "width")
    strides = _positive(context, op, "stride_h", "stride_w")
    padding = _padding(context, op, source, size, strides, (1, 1))
    kind = QMaxPooling2D if op.kind == "MAX_POOL_2D" else QAveragePooling2D
    made = kind(size, strides, _fused(context, op), padding)
    context.add(
        op, made, (source,), (*_window_shape(source.shape[1:], size, strides, padding), source.shape[3])
    )


def mean(context: Importer, op: Operator) -> None:
    """MEAN over height and width, or over the steps of a sequence."""
    image, shape = reduced(context, op)
    source, target = context.activation(op), context.output(op)
    cells = shape[0] * shape[1]
    if context.rounding == "single" and format_of(source) == format_of(target):
        size = shape[0], shape[1]
        _add_pooled(context, op, QAveragePooling2D(size, (1, 1), (-128, 127)), image, shape[2])
        return
    factor = mean_factor(scale_of(source), scale_of(target), cells, context.rounding)
    context.check_range(op, factor, 255 * cells)
    made = QGlobalAveragePooling2D(factor, (format_of(target).minimum, format_of(target).maximum))
    context.add(op, made, (image,), reduced_shape(op, source, shape[2]))


def reduced(context: Importer, op: Operator) -> tuple[Tensor | str, Shape]:
    """The image that an operator reduces to one pixel, with its shape."""
    context.expect(op, range(2, 3))
    image, shape = context.image(op)
    rank = len(context.required(op, 0).shape)
    axes = sorted(int(axis) % rank for axis in context.constant(op, 1, "int32").reshape(-1))
    if axes != list(range(1, rank - 1)):
        taken = "height and width, [1, 2]" if rank == 4 else "the steps, [1]"
        context.unsupported(op, f"axes {axes}", taken)
    return image, shape


def reduced_shape(op: Operator, source: Tensor, channels: int) -> Shape:
    """The shape of what ``reduced`` leaves."""
    return (*(1,) * (len(source.shape) - 2), channels) if op.options["keep_dims"] else (channels,)


def _add_pooled(
    context: Importer, op: Operator, made: QAveragePooling2D, image: Tensor | str, channels: int
) -> None:
    """A MEAN without a change of format, which the default interpreter takes as it takes AVERAGE_POOL_2D."""
    shape = reduced_shape(op, context.activation(op), channels)
    if len(shape) == 3:
        context.add(op, made, (image,), shape)
    else:
        pooled = context.add_inner(op, "pool", made, (image,), (1, 1, channels))
        context.add(op, QReshape(), (pooled,), shape)


def _fused(context: Importer, op: Operator) -> Pair:
    return context.clamp(op, op.options["activation"])


def _positive(context: Importer, op: Operator, height: str, width: str) -> Pair:
    """Two options that must lie in 1..2**15."""
    pair = (int(op.options[height]), int(op.options[width]))
    if not all(1 <= extent <= _LARGEST_EXTENT for extent in pair):
        context.fail(op, f"{height}, {width}: expected 1..{_LARGEST_EXTENT}, found {pair}")
    return pair


def _padding(
    context: Importer, op: Operator, source: Tensor, kernel: Pair, strides: Pair, dilation: Pair
) -> Padding:
    if op.options["padding"] not in _PADDINGS:
        context.fail(op, f"padding: expected 0 (SAME) or 1 (VALID), found {op.options['padding']}")
    return padding_of(source.shape[1:], kernel, strides, _PADDINGS[op.options["padding"]], dilation)


def _window_shape(
    shape: Shape, kernel: Pair, strides: Pair, padding: Padding, dilation: Pair = (1, 1)
) -> Pair:
    """(height, width) of what windows over an image give; 0 or less where they do not fit."""
    height, width = (
        (shape[axis] + sum(padding[axis]) - (kernel[axis] - 1) * dilation[axis] - 1) // strides[axis] + 1
        for axis in (0, 1)
    )
    return height, width
