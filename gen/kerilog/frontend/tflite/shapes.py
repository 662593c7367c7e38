# SPDX-License-Identifier: Apache-2.0
"""Operators of a TFLite file that only move elements, and the shape arithmetic of a free batch."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.frontend.tflite import moving
from kerilog.frontend.tflite.file import Operator, Tensor
from kerilog.frontend.tflite.importer import Importer, ShapeValues, Space
from kerilog.frontend.tflite.layers import conv_shape
from kerilog.graph import Pair
from kerilog.names import shown
from kerilog.qgraph import Padding, QConcatenate, QReshape, QZeroPadding2D


def reshape(context: Importer, op: Operator) -> None:
    """RESHAPE that leaves the batch alone, its shape a constant or computed from the batch."""
    context.expect(op, range(1, 3))
    if _is_on_the_way(context, op):
        return
    source, target = context.activation(op), context.output(op)
    context.same_format(op, source)
    result = _open_size(target, int(np.prod(source.shape)))
    if np.prod(source.shape) != np.prod(result):
        context.fail(op, f"expected {source.shape} in another order, found {target.shape}")
    if context.stored(op, 1) is not None:
        values = _values(context, op, 1)
        agrees = len(values) == len(result) and all(
            value in (extent, -1) or (value is None and axis == 0)
            for axis, (value, extent) in enumerate(zip(values, result, strict=True))
        )
        if not agrees:
            context.fail(op, f"expected the shape {result}, found {list(values)}")
    context.add(op, QReshape(), (source,), result[1:])


def expand_dims(context: Importer, op: Operator) -> None:
    """EXPAND_DIMS behind the batch axis."""
    context.expect(op, range(2, 3))
    if _is_on_the_way(context, op):
        return
    source = context.activation(op)
    context.same_format(op, source)
    rank = len(source.shape) + 1
    axis = int(context.constant(op, 1, "int32").reshape(-1)[0])
    if not -rank <= axis < rank or axis % rank == 0:
        context.unsupported(op, f"axis {axis}", f"1..{rank - 1}")
    shape = (*source.shape[: axis % rank], 1, *source.shape[axis % rank :])
    context.add(op, QReshape(), (source,), shape[1:])


def squeeze(context: Importer, op: Operator) -> None:
    """SQUEEZE of axes of size 1 behind the batch axis."""
    context.expect(op, range(1, 2))
    if _is_on_the_way(context, op):
        return
    source = context.activation(op)
    context.same_format(op, source)
    rank = len(source.shape)
    axes = {axis % rank for axis in op.options["axes"] or () if -rank <= axis < rank}
    axes = axes or {axis for axis, size in enumerate(source.shape) if axis and size == 1}
    if 0 in axes or any(source.shape[axis] != 1 for axis in axes):
        context.unsupported(op, f"axes {sorted(axes)} of {source.shape}", "axes of size 1 but the batch")
    context.add(
        op,
        QReshape(),
        (source,),
        tuple(s for axis, s in enumerate(source.shape) if axis and axis not in axes),
    )


def _is_on_the_way(context: Importer, op: Operator) -> bool:
    """Whether ``op`` works on a shape, or between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: then it is noted.

    There it makes an image of a sequence, or a sequence of an image.
    """
    index = op.inputs[0]
    if index in context.spaces:
        context.spaces[op.outputs[0]] = context.spaces[index]
    elif index in context.shape_values:
        context.shape_values[op.outputs[0]] = context.shape_values[index]
    else:
        return False
    return True


def _open_size(target: Tensor, count: int) -> tuple[int, ...]:
    """The shape of ``target``, of ``count`` elements, with the one size that its signature may leave open."""
    free = [axis for axis, size in enumerate(target.signature) if axis > 0 and size == -1]
    if len(free) != 1 or len(target.signature) != len(target.shape):
        return target.shape
    known = int(np.prod([size for axis, size in enumerate(target.shape) if axis != free[0]]))
    return tuple(count // known if axis == free[0] else size for axis, size in enumerate(target.shape))


def shape(context: Importer, op: Operator) -> None:
    """SHAPE: the source's, with the batch unknown."""
    context.expect(op, range(1, 2))
    context.shape_values[op.outputs[0]] = (None, *context.required(op, 0).shape[1:])


def strided_slice(context: Importer, op: Operator) -> None:
    """STRIDED_SLICE of a shape: one entry or a run of entries; or of a tensor."""
    context.expect(op, range(4, 5))
    if is_data(context, op):
        moving.strided_slice(context, op)
        return
    values = _values(context, op, 0)
    begin, end, step = (context.constant(op, position, "int32").reshape(-1) for position in (1, 2, 3))
    if not len(begin) == len(end) == len(step) == 1 or step[0] == 0:
        context.unsupported(op, "a slice along several axes", "one number or a run of numbers")
    if op.options["ellipsis"] or op.options["new_axis"]:
        context.unsupported(op, "an ellipsis or a new axis", "plain slices")
    start = None if op.options["begin"] & 1 else int(begin[0])
    stop = None if op.options["end"] & 1 else int(end[0])
    picked = values[start : stop : int(step[0])]
    context.shape_values[op.outputs[0]] = picked


def pack(context: Importer, op: Operator) -> None:
    """PACK of numbers into a shape; or of tensors."""
    context.expect(op, range(1, 1 << 10))
    if is_data(context, op):
        moving.pack(context, op)
        return
    entries = [_values(context, op, position) for position in range(len(op.inputs))]
    if any(len(entry) != 1 for entry in entries):
        context.unsupported(op, "several numbers in one place", "single numbers")
    context.shape_values[op.outputs[0]] = tuple(entry[0] for entry in entries)


def is_data(context: Importer, op: Operator) -> bool:
    """Whether ``op`` works on a tensor of codes, and not on a shape."""
    return context.required(op, 0).type not in ("int32", "int64") and op.inputs[0] not in context.shape_values


def _values(context: Importer, op: Operator, position: int) -> ShapeValues:
    """The entries of a shape tensor, computed or constant."""
    tensor = context.required(op, position)
    if tensor.index in context.shape_values:
        return context.shape_values[tensor.index]
    if tensor.data is None:
        if context.is_doubtful(op):
            context.fail(op, f"{shown(tensor.name)}: expected a shape, found none")
        context.unsupported(op, f"shape {shown(tensor.name)} out of data", "shapes out of the batch")
    return tuple(int(value) for value in context.constant(op, position, "int32").reshape(-1))


def concatenate(context: Importer, op: Operator) -> None:
    """CONCATENATION of tensors of one format; or of shapes."""
    context.expect(op, range(1, 1 << 10))
    if not is_data(context, op):
        parts_of_shape = [_values(context, op, position) for position in range(len(op.inputs))]
        context.shape_values[op.outputs[0]] = tuple(value for part in parts_of_shape for value in part)
        return
    parts = [context.activation(op, position) for position in range(len(op.inputs))]
    context.same_format(op, *parts)
    if context.clamp(op, op.options["activation"]) != (-128, 127):
        context.unsupported(op, "an activation", "none")
    rank = len(parts[0].shape)
    axis = int(op.options["axis"])
    if not -rank <= axis < rank or axis % rank == 0:
        context.unsupported(op, f"axis {axis}", f"1..{rank - 1}")
    axis = axis % rank
    others = {(*part.shape[:axis], *part.shape[axis + 1 :]) for part in parts}
    if len(others) != 1 or any(len(part.shape) != rank for part in parts):
        context.fail(op, f"expected shapes equal but for axis {axis}, found {[part.shape for part in parts]}")
    total = list(parts[0].shape)
    total[axis] = sum(part.shape[axis] for part in parts)
    made = QConcatenate(axis - rank)
    context.add(op, made, tuple(parts), tuple(total[1:]))


def pad(context: Importer, op: Operator) -> None:
    """PAD and PADV2 of height and width, or of the steps of a sequence."""
    context.expect(op, range(2, 4))
    image, shape = context.image(op)
    context.same_format(op, context.activation(op))
    kind = context.required(op, 1).type
    amounts = context.constant(op, 1, "int64" if kind == "int64" else "int32")
    rank = len(context.activation(op).shape)
    if amounts.shape != (rank, 2) or np.any(amounts < 0) or np.any(amounts > 1 << 15):
        context.fail(op, f"expected {rank} pairs of cells of 0..{1 << 15}, found {amounts.tolist()}")
    if np.any(amounts[[0, -1]]):
        taken = "height and width" if rank == 4 else "the steps"
        context.unsupported(op, f"padding {amounts.tolist()}", taken)
    padding = _pairs([[0, 0], *amounts[1:-1].tolist()][-2:])
    height, width = (shape[axis] + sum(padding[axis]) for axis in (0, 1))
    made = QZeroPadding2D(padding, code=_pad_code(context, op))
    context.add_on_image(op, "pad", made, image, (height, width, shape[2]))


def _pad_code(context: Importer, op: Operator) -> int | None:
    """What PADV2 pads with; None for zero."""
    if context.stored(op, 2) is None:
        return None
    value = context.required(op, 2)
    context.check_quantized(op, value)
    context.same_format(op, value)
    codes = context.constant(op, 2, "int8").reshape(-1)
    if len(codes) != 1:
        context.fail(op, f"expected one number to pad with, found {len(codes)}")
    return None if codes[0] == value.zeros[0] else int(codes[0])


def space_to_batch(context: Importer, op: Operator) -> None:
    """SPACE_TO_BATCH_ND: the first third of a dilated convolution."""
    context.expect(op, range(3, 4))
    source = context.activation(op)
    if len(source.shape) == 3:
        source = dataclasses.replace(source, shape=(1, *source.shape))
    if len(source.shape) != 4:
        context.fail(op, f"expected 3 or 4 axes, found shape {source.shape}")
    block = _block(context, op)
    context.spaces[op.outputs[0]] = Space(source, block, _amounts(context, op))


def batch_to_space(context: Importer, op: Operator) -> None:
    """BATCH_TO_SPACE_ND: the last third of a dilated convolution, whose cropping takes padding away."""
    context.expect(op, range(3, 4))
    space = context.spaces.get(op.inputs[0])
    if space is None or space.conv is None:
        if context.is_doubtful(op):
            context.fail(op, "expected it behind SPACE_TO_BATCH_ND and a convolution")
        context.unsupported(op, "no SPACE_TO_BATCH_ND and convolution before it", "dilated convolutions")
    context.same_format(op, context.tensors[op.inputs[0]])
    if _block(context, op) != space.block:
        context.fail(op, f"expected blocks {space.block}, found {_block(context, op)}")
    crops = _amounts(context, op)
    (top, bottom), (left, right) = (
        (before[0] - crop[0], before[1] - crop[1]) for before, crop in zip(space.padding, crops, strict=True)
    )
    if min(top, bottom, left, right) < 0:
        context.unsupported(op, f"crops {crops}", f"up to the padding {space.padding}")
    made = dataclasses.replace(space.conv, padding=((top, bottom), (left, right)))
    source, shape = space.source, conv_shape(space.source.shape[1:], made)
    image: Tensor | str = source
    if context.tensors[source.index].shape != source.shape:
        image = context.add_hidden(source, "image", QReshape(), source.shape[1:])
    context.add_on_image(op, "convolution", made, image, shape)


def _block(context: Importer, op: Operator) -> Pair:
    block = context.constant(op, 1, "int32").reshape(-1).tolist()
    block = [1, *block] if len(block) == 1 else block
    if len(block) != 2 or min(block) < 1 or max(block) > 1 << 15:
        context.fail(op, f"expected a block of 2 numbers above 0, found {block}")
    return block[0], block[1]


def _amounts(context: Importer, op: Operator) -> Padding:
    """Paddings or crops (2, 2)."""
    amounts = context.constant(op, 2, "int32")
    if amounts.shape == (1, 2):
        amounts = np.concatenate([np.zeros((1, 2), np.int64), amounts])
    if amounts.shape != (2, 2) or np.any(amounts < 0) or np.any(amounts > 1 << 15):
        context.fail(op, f"expected 2 pairs of cells of 0..{1 << 15}, found {amounts.tolist()}")
    return _pairs(amounts.tolist())


def _pairs(amounts: list[list[int]]) -> Padding:
    (top, bottom), (left, right) = amounts
    return (top, bottom), (left, right)
