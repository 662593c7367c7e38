# SPDX-License-Identifier: Apache-2.0
"""The float graph in NumPy float32: what Keras computes, for calibration and for the float accuracy.

Convolutions are matrix products over gathered windows, a cache's worth of them at a time. Tensors are
(samples, *shape). ``run`` works on as many samples at a time as memory should hold; with ``run_all`` and
``each`` that is the caller's concern, for whom ``batch_size`` is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, overload

import numpy as np

from kerilog import functions
from kerilog.errors import KerilogError
from kerilog.formats import Format
from kerilog.graph import (
    Activation,
    Add,
    Array,
    Average,
    AveragePooling2D,
    BatchNormalization,
    BinaryPadding,
    Concatenate,
    Conv2D,
    Converter,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Graph,
    Input,
    Maximum,
    MaxPooling2D,
    Minimum,
    Multiply,
    Node,
    Op,
    Pair,
    Permute,
    PReLU,
    Reshape,
    ResizeBilinear,
    Shape,
    Slice,
    Subtract,
    UpSampling2D,
    ZeroPadding2D,
    padding_of,
)
from kerilog.parallel import results

Samples = Array | Mapping[str, Array]
"""Of the one input, (samples, *shape), or of each input by its name."""

BATCH = 256  # samples at the most
BATCH_ELEMENTS = 1 << 20  # of all tensors that are held at once: 4 MB as float32
_PART_ELEMENTS = 1 << 17  # of gathered windows, or of sums, that are worked on at once


def count(x: Samples) -> int:
    """How many samples there are. Raises KerilogError unless there are as many for each input."""
    if not isinstance(x, Mapping):
        return len(x)
    counts = {name: len(values) for name, values in x.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{number} for {name!r}" for name, number in counts.items())
        raise KerilogError(f"expected as many samples for each input, got {told}")
    return next(iter(counts.values()), 0)


@overload
def part(x: Array, start: int, stop: int) -> Array: ...
@overload
def part(x: Mapping[str, Array], start: int, stop: int) -> Mapping[str, Array]: ...
def part(x: Samples, start: int, stop: int) -> Samples:
    """The samples ``start`` to ``stop``, without the latter."""
    if isinstance(x, Mapping):
        return {name: values[start:stop] for name, values in x.items()}
    return x[start:stop]


def run(graph: Graph, x: Samples) -> tuple[Array, ...]:
    """The outputs of ``graph`` in their order, float32 (samples, *shape) each.

    ``x`` is (samples, *shape), or a mapping from input names to such for a model with several inputs. Raises
    KerilogError when it does not fit the inputs.
    """
    inputs = _inputs(graph, x)
    total, size = count(inputs), batch_size(graph)

    def work(start: int) -> list[Array]:
        batch = part(inputs, start, start + size)
        found = {name: values for name, values in each(graph, batch) if name in graph.outputs}
        return [found[name] for name in graph.outputs]

    parts = list(results(range(0, max(total, 1), size), work))
    return tuple(
        values[0] if len(parts) == 1 else np.concatenate(values) for values in zip(*parts, strict=True)
    )


def run_all(graph: Graph, x: Samples) -> dict[str, Array]:
    """Every tensor of ``graph`` by its node's name, inputs included, all held at once; see ``run``."""
    return dict(each(graph, x))


def each(graph: Graph, x: Samples) -> Iterator[tuple[str, Array]]:
    """Name and tensor of every node of ``graph`` in order, each let go after its last use; see ``run``."""
    last = {name: node.name for node in graph for name in node.inputs}
    tensors = _inputs(graph, x)
    for node in graph:
        if node.name not in tensors:
            tensors[node.name] = _apply(node, [tensors[name] for name in node.inputs])
        yield node.name, tensors[node.name]
        for name in {node.name, *node.inputs}:
            if last.get(name, node.name) == node.name:
                del tensors[name]


def batch_size(graph: Graph) -> int:
    """As many samples as ``each`` should be given; large images go through a few at a time."""
    return max(1, min(BATCH, BATCH_ELEMENTS // most_held(graph)))


def most_held(graph: Graph) -> int:
    """Elements of a sample's tensors that ``each`` holds at once, at the most."""
    last = {name: node.name for node in graph for name in node.inputs}
    held: dict[str, int] = {}
    most = 1
    for node in graph:
        held[node.name] = math.prod(node.shape)
        most = max(most, sum(held.values()))
        for name in {node.name, *node.inputs}:
            if last.get(name, node.name) == node.name:
                del held[name]
    return most


def _inputs(graph: Graph, x: Samples) -> dict[str, Array]:
    """The input tensors by name, float32."""
    inputs = graph.inputs
    if not isinstance(x, Mapping):
        if len(inputs) != 1:
            raise KerilogError(
                f"model {graph.name!r}: expected samples for {len(inputs)} inputs, got one array"
            )
        x = {inputs[0].name: x}
    tensors: dict[str, Array] = {}
    for node in inputs:
        if node.name not in x:
            raise KerilogError(f"model {graph.name!r}: expected samples for input {node.name!r}, got none")
        tensors[node.name] = np.asarray(x[node.name], np.float32)
        if tensors[node.name].shape[1:] != node.shape:
            came = tensors[node.name].shape[1:]
            raise KerilogError(f"input {node.name!r}: expected samples of shape {node.shape}, got {came}")
    return tensors


def _apply(node: Node, inputs: list[Array]) -> Array:
    result = FUNCTIONS[type(node.op)](node.op, inputs)
    if isinstance(node.op, Conv2D | DepthwiseConv2D | Dense) and node.op.normalization is not None:
        result = _batch_normalization(node.op.normalization, [result])
    if node.format is not None:
        result = converted(result, node.format)
    # Reshape alone does not know its shape from its operation.
    return result.reshape(len(result), *node.shape)


def converted(x: Array, format: Format) -> Array:
    """``x`` rounded to what ``format`` holds."""
    return format.dequantize(format.quantize(x)).astype(np.float32)


def windows_of(op: Conv2D | DepthwiseConv2D, x: Array) -> Array:
    """What ``op`` sees of ``x`` (samples, *shape): a view (samples, rows, columns, kh, kw, channels)."""
    kernel_size = (op.kernel.shape[0], op.kernel.shape[1])
    pads = padding_of(x.shape[1:], kernel_size, op.strides, op.padding, op.dilation_rate)
    padded = _padded(x, pads, _border(x, op.binary_padding))
    return _windows(padded, kernel_size, op.strides, op.dilation_rate)


def _conv2d(op: Conv2D, inputs: list[Array]) -> Array:
    windows = windows_of(op, inputs[0])
    width, filters = op.kernel.shape[2], op.kernel.shape[3] // op.groups
    cells = math.prod(op.kernel.shape[:3])
    result = np.empty((*windows.shape[:3], op.kernel.shape[3]), np.float32)
    for some in _parts(windows.shape, cells):
        for group in range(op.groups):
            seen = windows[some][..., group * width : (group + 1) * width]
            made = slice(group * filters, (group + 1) * filters)
            total = seen.reshape(-1, cells) @ op.kernel[..., made].reshape(cells, -1)
            total += op.bias[made]
            result[some][..., made] = activate(total, op.activation).reshape(*seen.shape[:3], filters)
    return result


def _parts(shape: Shape, elements: int) -> Iterator[tuple[slice, slice]]:
    """Samples and rows to work on at once: of ``shape`` (samples, rows, columns, ...), each place taking so
    many ``elements``.
    """
    samples, rows, columns = shape[:3]
    height = max(1, _PART_ELEMENTS // max(columns * elements, 1))
    count = max(1, height // max(rows, 1))
    for sample in range(0, samples, count):
        for row in range(0, rows, height):
            yield slice(sample, sample + count), slice(row, row + height)


def _depthwise_conv2d(op: DepthwiseConv2D, inputs: list[Array]) -> Array:
    kernel_size = (op.kernel.shape[0], op.kernel.shape[1])
    windows = windows_of(op, inputs[0])
    result = np.empty((*windows.shape[:3], op.bias.size), np.float32)
    for some in _parts(windows.shape, op.bias.size):
        seen = windows[some]
        total = np.zeros((*seen.shape[:3], *op.kernel.shape[2:]), np.float32)
        for row, column in np.ndindex(kernel_size):
            total += seen[:, :, :, row, column, :, np.newaxis] * op.kernel[row, column]
        made = total.reshape(*total.shape[:3], -1)
        made += op.bias
        result[some] = activate(made, op.activation)
    return result


def _dense(op: Dense, inputs: list[Array]) -> Array:
    return activate(inputs[0] @ op.kernel + op.bias, op.activation)


def _max_pooling2d(op: MaxPooling2D, inputs: list[Array]) -> Array:
    x = inputs[0]
    padded = _padded(x, padding_of(x.shape[1:], op.pool_size, op.strides, op.padding), -np.inf)
    windows = _windows(padded, op.pool_size, op.strides)
    result = windows[:, :, :, 0, 0].copy()
    for some in _parts(windows.shape, x.shape[-1]):
        best, seen = result[some], windows[some]
        for row, column in np.ndindex(op.pool_size):
            np.maximum(best, seen[:, :, :, row, column], out=best)
    return result


def _average_pooling2d(op: AveragePooling2D, inputs: list[Array]) -> Array:
    x = inputs[0]
    pads = padding_of(x.shape[1:], op.pool_size, op.strides, op.padding)
    inside = np.ones((1, *x.shape[1:3], 1), np.float32)
    return _sums(_padded(x, pads), op) / _sums(_padded(inside, pads), op)


def _sums(padded: Array, op: AveragePooling2D) -> Array:
    windows = _windows(padded, op.pool_size, op.strides)
    total = np.zeros(windows[:, :, :, 0, 0].shape, np.float32)
    for some in _parts(windows.shape, windows.shape[-1]):
        sums, seen = total[some], windows[some]
        for row, column in np.ndindex(op.pool_size):
            sums += seen[:, :, :, row, column]
    return total


def _global_average_pooling2d(op: GlobalAveragePooling2D, inputs: list[Array]) -> Array:
    result: Array = inputs[0].mean(axis=(1, 2), keepdims=op.keepdims)
    return result


def _global_max_pooling2d(op: GlobalMaxPooling2D, inputs: list[Array]) -> Array:
    result: Array = inputs[0].max(axis=(1, 2), keepdims=op.keepdims)
    return result


def _batch_normalization(op: BatchNormalization, inputs: list[Array]) -> Array:
    return inputs[0] * op.scale + op.offset


def _activation(op: Activation, inputs: list[Array]) -> Array:
    return activate(inputs[0], op.function, op.parameters)


def _prelu(op: PReLU, inputs: list[Array]) -> Array:
    return np.where(inputs[0] < 0, op.alpha * inputs[0], inputs[0])


def _add(op: Add, inputs: list[Array]) -> Array:
    return activate(inputs[0] + inputs[1], op.activation)


def _subtract(op: Subtract, inputs: list[Array]) -> Array:
    return activate(inputs[0] - inputs[1], op.activation)


def _multiply(op: Multiply, inputs: list[Array]) -> Array:
    return activate(inputs[0] * inputs[1], op.activation)


def _average(op: Average, inputs: list[Array]) -> Array:
    return activate((inputs[0] + inputs[1]) / np.float32(op.terms), op.activation)


def _maximum(op: Maximum, inputs: list[Array]) -> Array:
    return activate(np.maximum(inputs[0], inputs[1]), op.activation)


def _minimum(op: Minimum, inputs: list[Array]) -> Array:
    return activate(np.minimum(inputs[0], inputs[1]), op.activation)


def _concatenate(op: Concatenate, inputs: list[Array]) -> Array:
    return np.concatenate(inputs, axis=-1)


def _zero_padding2d(op: ZeroPadding2D, inputs: list[Array]) -> Array:
    x = inputs[0]
    if op.steps == (1, 1):
        return _padded(x, op.padding)
    (down, across), (count, height, width, channels) = op.steps, x.shape
    wide = np.zeros((count, (height - 1) * down + 1, (width - 1) * across + 1, channels), np.float32)
    wide[:, ::down, ::across] = x
    return _padded(wide, op.padding)


def _slice(op: Slice, inputs: list[Array]) -> Array:
    return inputs[0][(slice(None), *map(slice, op.begin, op.end))]


def _up_sampling2d(op: UpSampling2D, inputs: list[Array]) -> Array:
    return inputs[0].repeat(op.size[0], axis=1).repeat(op.size[1], axis=2)


def _resize_bilinear(op: ResizeBilinear, inputs: list[Array]) -> Array:
    x = inputs[0]
    for axis, times in enumerate(op.size, 1):
        old = x.shape[axis]
        places = np.clip((np.arange(old * times) + 0.5) / times - 0.5, 0, old - 1)
        first = places.astype(np.int64)
        share = (places - first).astype(np.float32).reshape(*(-1 if one == axis else 1 for one in range(4)))
        second = np.minimum(first + 1, old - 1)
        x = x.take(first, axis) * (1 - share) + x.take(second, axis) * share
    return x


def _permute(op: Permute, inputs: list[Array]) -> Array:
    return inputs[0].transpose(0, *(axis + 1 for axis in op.dims))


def _converter(op: Converter, inputs: list[Array]) -> Array:
    return converted(inputs[0], op.format)


def _unchanged(op: Op, inputs: list[Array]) -> Array:
    return inputs[0]


def activate(x: Array, function: str, parameters: tuple[float, ...] = ()) -> Array:
    """Activation ``function`` of ``x``; softmax over the last axis."""
    if function == "linear":
        return x
    if function == "softmax":
        powers: Array = np.exp(x - x.max(axis=-1, keepdims=True))
        total: Array = powers.sum(axis=-1, keepdims=True)
        return powers / total
    return functions.apply(function, parameters, x)


def _padded(x: Array, pads: tuple[Pair, Pair], value: float = 0.0) -> Array:
    if pads == ((0, 0), (0, 0)):
        return x
    return np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=np.float32(value))


def _border(x: Array, padding: BinaryPadding) -> float:
    """What stands around ``x``, whose elements all have one magnitude unless it is padded with 0."""
    if padding == "none" or not x.size:
        return 0.0
    return float(np.abs(x.flat[0])) * (1 if padding == "+1" else -1)


def _windows(x: Array, size: Pair, strides: Pair, dilation: Pair = (1, 1)) -> Array:
    """The windows of (samples, height, width, channels): a view (samples, rows, columns, *size, channels)."""
    span = ((size[0] - 1) * dilation[0] + 1, (size[1] - 1) * dilation[1] + 1)
    view = np.lib.stride_tricks.sliding_window_view(x, span, axis=(1, 2))
    picked = view[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
    return np.moveaxis(picked, 3, -1)


FUNCTIONS: dict[type[Op], Callable[[Any, list[Array]], Array]] = {
    Input: _unchanged,
    Conv2D: _conv2d,
    DepthwiseConv2D: _depthwise_conv2d,
    Dense: _dense,
    MaxPooling2D: _max_pooling2d,
    AveragePooling2D: _average_pooling2d,
    GlobalAveragePooling2D: _global_average_pooling2d,
    GlobalMaxPooling2D: _global_max_pooling2d,
    BatchNormalization: _batch_normalization,
    Activation: _activation,
    PReLU: _prelu,
    Add: _add,
    Subtract: _subtract,
    Multiply: _multiply,
    Average: _average,
    Maximum: _maximum,
    Minimum: _minimum,
    Concatenate: _concatenate,
    ZeroPadding2D: _zero_padding2d,
    Slice: _slice,
    ResizeBilinear: _resize_bilinear,
    UpSampling2D: _up_sampling2d,
    Permute: _permute,
    Reshape: _unchanged,
    Dropout: _unchanged,
    Converter: _converter,
}
