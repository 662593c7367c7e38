# SPDX-License-Identifier: Apache-2.0
"""Operators of a TFLite file that leave out, repeat, reorder or choose elements of tensors."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.bilinear import resize
from kerilog.formats import IntArray
from kerilog.frontend.tflite.file import Operator, Tensor
from kerilog.frontend.tflite.importer import Importer, format_of
from kerilog.frontend.tflite.layers import reduced, reduced_shape
from kerilog.graph import Shape
from kerilog.qgraph import QConcatenate, QGlobalMaxPooling2D, QOp, QPermute, QReshape, QSlice, QUpSampling2D


def reduce_max(context: Importer, op: Operator) -> None:
    """REDUCE_MAX over height and width, or over the steps of a sequence."""
    image, shape = reduced(context, op)
    source = context.activation(op)
    context.same_format(op, source)
    format = format_of(source)
    made = QGlobalMaxPooling2D((format.minimum, format.maximum))
    context.add(op, made, (image,), reduced_shape(op, source, shape[2]))


def arg_max(context: Importer, op: Operator) -> None:
    """ARG_MAX of the last axis at the end of a network."""
    context.expect(op, range(2, 3))
    source = context.activation(op)
    axis = _axis(context, op, context.constant(op, 1, _kind(context, op, 1)), source)
    if axis != len(source.shape) - 1 or source.shape[axis] < 2:
        context.unsupported(op, f"axis {axis} of {source.shape}", "the last axis, of 2 elements and more")
    context.add_class(op, source)


def _kind(context: Importer, op: Operator, position: int) -> str:
    """The type of the constant at ``position``: int64 or int32."""
    return "int64" if context.required(op, position).type == "int64" else "int32"


def strided_slice(context: Importer, op: Operator) -> None:
    """STRIDED_SLICE of a tensor, forwards."""
    context.expect(op, range(4, 5))
    source = context.activation(op)
    context.same_format(op, source)
    if op.options["ellipsis"] or op.options["new_axis"]:
        context.unsupported(op, "an ellipsis or a new axis", "plain slices")
    bounds = [context.constant(op, position, "int32").reshape(-1) for position in (1, 2, 3)]
    if any(len(values) != len(source.shape) for values in bounds):
        context.unsupported(op, f"{len(bounds[0])} axes of {len(source.shape)}", "a slice of all axes")
    if np.any(bounds[2] < 1):
        context.unsupported(op, f"strides {bounds[2].tolist()}", "strides of 1 and more")
    shrunk = [axis for axis in range(len(source.shape)) if op.options["shrink"] >> axis & 1]
    spans = [_span(op, axis, size, *values) for axis, (size, *values) in enumerate(_axes(source, bounds))]
    if 0 in shrunk or spans[0] != (0, 1, 1):
        context.unsupported(op, "a slice of the batch", "slices behind it")
    made = QSlice(*(tuple(values) for values in zip(*spans[1:], strict=True)))
    _add_slice(context, op, source, made, shrunk)


def _axes(source: Tensor, bounds: list[IntArray]) -> list[tuple[int, int, int, int]]:
    """(size, begin, end, stride) of each axis."""
    starts, ends, strides = (values.tolist() for values in bounds)
    return list(zip(source.shape, starts, ends, strides, strict=True))


def _span(op: Operator, axis: int, size: int, begin: int, end: int, stride: int) -> tuple[int, int, int]:
    """(first, end, stride) of what is left of an axis of ``size``, all within it."""
    if op.options["shrink"] >> axis & 1:
        first = begin + size if begin < 0 else begin
        return first, first + 1, 1
    start = None if op.options["begin"] >> axis & 1 else begin
    stop = None if op.options["end"] >> axis & 1 else end
    return slice(start, stop, stride).indices(size)


def slice_(context: Importer, op: Operator) -> None:
    """SLICE: a begin and a size per axis, -1 for all that follows."""
    context.expect(op, range(3, 4))
    source = context.activation(op)
    context.same_format(op, source)
    begin, size = (context.constant(op, position, "int32").reshape(-1).tolist() for position in (1, 2))
    if len(begin) != len(source.shape) or len(size) != len(source.shape):
        context.fail(op, f"expected {len(source.shape)} begins and sizes, found {len(begin)} and {len(size)}")
    end = [
        whole if extent == -1 else first + extent
        for whole, first, extent in zip(source.shape, begin, size, strict=True)
    ]
    if (begin[0], end[0]) != (0, 1):
        context.unsupported(op, "a slice of the batch", "slices behind it")
    made = QSlice(tuple(begin[1:]), tuple(end[1:]), (1,) * (len(begin) - 1))
    _add_slice(context, op, source, made, [])


def _add_slice(
    context: Importer, op: Operator, source: Tensor, made: QSlice, shrunk: list[int], suffix: str = "slice"
) -> None:
    """The node of a slice, without the axes ``shrunk``, of size 1, which count the batch axis."""
    for axis, (first, last, size) in enumerate(zip(made.begin, made.end, source.shape[1:], strict=True), 1):
        if not 0 <= first < last <= size:
            context.fail(op, f"axis {axis}: expected a part of {size} elements, found {first}..{last - 1}")
    axes = zip(made.begin, made.end, made.strides, strict=True)
    shape = tuple(len(range(first, last, stride)) for first, last, stride in axes)
    left = tuple(size for axis, size in enumerate(shape, 1) if axis not in shrunk)
    if left == shape:
        context.add(op, made, (source,), shape)
    else:
        key = context.add_inner(op, suffix, made, (source,), shape)
        context.add(op, QReshape(), (key,), left)


def split(context: Importer, op: Operator) -> None:
    """SPLIT into as many equal parts as there are outputs."""
    axis = _axis(context, op, context.constant(op, 0, "int32"), _data(context, op, 1))
    size = _data(context, op, 1).shape[axis]
    if size % len(op.outputs):
        context.fail(op, f"axis {axis}: expected a multiple of {len(op.outputs)} elements, found {size}")
    _split(context, op, 1, axis, [size // len(op.outputs)] * len(op.outputs))


def split_v(context: Importer, op: Operator) -> None:
    """SPLIT_V into parts of given sizes, of which one may be -1."""
    source = _data(context, op, 0)
    axis = _axis(context, op, context.constant(op, 2, "int32"), source)
    sizes = context.constant(op, 1, "int32").reshape(-1).tolist()
    sizes = [source.shape[axis] - sum(sizes) - 1 if size == -1 else size for size in sizes]
    if len(sizes) != len(op.outputs) or min(sizes) < 1 or sum(sizes) != source.shape[axis]:
        context.fail(op, f"expected sizes that sum up to {source.shape[axis]}, found {sizes}")
    _split(context, op, 0, axis, sizes)


def unpack(context: Importer, op: Operator) -> None:
    """UNPACK: the parts of size 1 along an axis, without it."""
    source = _data(context, op, 0)
    axis = _axis(context, op, np.array(op.options["axis"]), source)
    if source.shape[axis] != len(op.outputs):
        context.fail(op, f"axis {axis}: expected {len(op.outputs)} elements, found {source.shape[axis]}")
    _split(context, op, 0, axis, [1] * len(op.outputs), axis)


def _split(context: Importer, op: Operator, position: int, axis: int, sizes: list[int], *shrunk: int) -> None:
    source = context.activation(op, position)
    first = 0
    for index, size in zip(op.outputs, sizes, strict=True):
        part = dataclasses.replace(op, outputs=(index,))
        context.same_format(part, source)
        begin, end = [0] * len(source.shape), list(source.shape)
        begin[axis], end[axis] = first, first + size
        made = QSlice(tuple(begin[1:]), tuple(end[1:]), (1,) * (len(begin) - 1))
        _add_slice(context, part, source, made, list(shrunk))
        first += size


def _data(context: Importer, op: Operator, position: int) -> Tensor:
    """The tensor that is split; ``op`` has some outputs, all there."""
    if not op.outputs or -1 in op.outputs:
        context.fail(op, f"expected outputs, found {list(op.outputs)}")
    return context.activation(op, position)


def _axis(context: Importer, op: Operator, axis: IntArray, source: Tensor) -> int:
    """The one number ``axis``, behind the batch and from 0."""
    rank, found = len(source.shape), axis.reshape(-1).tolist()
    if len(found) != 1 or not -rank <= found[0] < rank:
        context.fail(op, f"expected one axis of {rank}, found {found}")
    if found[0] % rank == 0:
        context.unsupported(op, "the batch axis", f"axes 1..{rank - 1}")
    return int(found[0] % rank)


def pack(context: Importer, op: Operator) -> None:
    """PACK of tensors along a new axis."""
    parts = [context.activation(op, position) for position in range(len(op.inputs))]
    context.same_format(op, *parts)
    shape = parts[0].shape
    if any(part.shape != shape for part in parts):
        context.fail(op, f"expected equal shapes, found {[part.shape for part in parts]}")
    rank = len(shape) + 1
    axis = int(op.options["axis"])
    if not -rank <= axis < rank or axis % rank == 0:
        context.unsupported(op, f"axis {axis}", f"1..{rank - 1}")
    axis %= rank
    wide = (*shape[1:axis], 1, *shape[axis:])
    keys = tuple(context.add_hidden(part, "layer", QReshape(), wide) for part in parts)
    context.add(op, QConcatenate(axis - rank), keys, (*shape[1:axis], len(parts), *shape[axis:]))


def transpose(context: Importer, op: Operator) -> None:
    """TRANSPOSE behind the batch; where only axes of size 1 move, the elements stay in order."""
    context.expect(op, range(2, 3))
    source = context.activation(op)
    context.same_format(op, source)
    dims = context.constant(op, 1, "int32").reshape(-1).tolist()
    if sorted(dims) != list(range(len(source.shape))):
        context.fail(op, f"expected {len(source.shape)} axes in some order, found {dims}")
    if dims[0] != 0:
        context.unsupported(op, f"axes {dims}", "axes behind the batch")
    moving = [axis for axis in dims if source.shape[axis] > 1]
    made: QOp = QPermute(tuple(axis - 1 for axis in dims[1:]))
    if moving == sorted(moving):
        made = QReshape()
    context.add(op, made, (source,), tuple(source.shape[axis] for axis in dims[1:]))


def tile(context: Importer, op: Operator) -> None:
    """TILE of an axis of size 1: what is behind it, several times. So Keras repeats rows and columns."""
    context.expect(op, range(2, 3))
    source = context.activation(op)
    context.same_format(op, source)
    times = context.constant(op, 1, "int32").reshape(-1).tolist()
    repeated = [axis for axis, count in enumerate(times) if count != 1]
    shape = source.shape
    if len(times) != len(shape) or min(times) < 1:
        context.fail(op, f"expected {len(shape)} numbers above 0, found {times}")
    if len(repeated) > 1 or 0 in repeated or any(shape[axis] > 1 for axis in repeated):
        context.unsupported(op, f"multiples {times} of {shape}", "an axis of size 1")
    result = tuple(size * count for size, count in zip(shape, times, strict=True))[1:]
    axis = repeated[0] if repeated else 1
    rows, behind = int(np.prod(shape[1:axis])), int(np.prod(shape[axis + 1 :]))
    image = context.add_hidden(source, "rows", QReshape(), (rows, 1, behind))
    made = QUpSampling2D((times[axis], 1))
    key = context.add_inner(op, "repeat", made, (image,), (rows * times[axis], 1, behind))
    context.add(op, QReshape(), (key,), result)


def resize_nearest(context: Importer, op: Operator) -> None:
    """RESIZE_NEAREST_NEIGHBOR to a multiple of the size, whose options mean every pixel as often."""
    context.expect(op, range(2, 3))
    source = context.activation(op, rank=4)
    context.same_format(op, source)
    size = context.constant(op, 1, "int32").reshape(-1).tolist()
    if len(size) != 2 or min(size) < 1:
        context.fail(op, f"expected 2 sizes above 0, found {size}")
    repeats = []
    for old, new in zip(source.shape[1:3], size, strict=True):
        if new % old or _nearest(op, old, new) != [place // (new // old) for place in range(new)]:
            context.unsupported(op, f"{old} to {new} pixels", "multiples that repeat every pixel as often")
        repeats.append(new // old)
    shape: Shape = (size[0], size[1], source.shape[3])
    made = QReshape() if repeats == [1, 1] else QUpSampling2D((repeats[0], repeats[1]))
    context.add(op, made, (source,), shape)


def resize_bilinear(context: Importer, op: Operator) -> None:
    """RESIZE_BILINEAR to any size."""
    context.expect(op, range(2, 3))
    source = context.activation(op, rank=4)
    context.same_format(op, source)
    size = context.constant(op, 1, "int32").reshape(-1).tolist()
    if len(size) != 2 or not 1 <= min(size) <= max(size) <= 1 << 15:
        context.fail(op, f"expected 2 sizes of 1..{1 << 15}, found {size}")
    corners, half = bool(op.options["corners"]), bool(op.options["half"])
    if corners and half:
        context.unsupported(op, "aligned corners and half pixels", "one of them")
    _, height, width, channels = source.shape
    made = resize((height, width), (size[0], size[1]), context.rounding, corners, half)
    context.add(op, made, (source,), (size[0], size[1], channels))


def _nearest(op: Operator, old: int, new: int) -> list[int]:
    """The pixel that each of ``new`` takes, in binary32 as the reference kernel works it out."""
    corners, half = bool(op.options["corners"]), bool(op.options["half"])
    less = np.float32(corners and new > 1)
    scale = (np.float32(old) - less) / (np.float32(new) - less)
    places = (np.arange(new, dtype=np.float32) + np.float32(0.5 if half else 0)) * scale
    found = np.floor(places + np.float32(0.5)) if corners else np.floor(places)
    return [int(place) for place in np.clip(found, 0, old - 1)]
