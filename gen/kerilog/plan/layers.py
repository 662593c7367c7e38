# SPDX-License-Identifier: Apache-2.0
"""What a layer of the integer graph asks of the hardware: its shape for folding, its window, its module's
parameters.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from kerilog.errors import UnreachedError, Unsupported
from kerilog.formats import IntArray
from kerilog.graph import Pair, windows_meet_image
from kerilog.plan import buffers, memories
from kerilog.plan.constants import constants_of
from kerilog.plan.control import matrix_vector, window_controls
from kerilog.plan.design import MatVec, Serializer, Tensor
from kerilog.plan.folding import Folding, Shape, divisors, ranked, whole
from kerilog.plan.intervals import dot_interval
from kerilog.plan.naming import layer_name
from kerilog.plan.requantizer import requantizer_of
from kerilog.plan.window import Vectors, Window
from kerilog.qgraph import QAveragePooling2D, QConv2D, QDense, QMaxPooling2D, QNode
from kerilog.timing.schedule import chain

Range = tuple[int, int]  # smallest and largest code


@dataclasses.dataclass(frozen=True)
class Folded:
    """A layer as it is folded: its shape and the parameters that follow."""

    shape: Shape
    matvec: MatVec
    serializer: Serializer


def title(node: QNode) -> str:
    """The layer's own name, as errors and comments give it."""
    return layer_name(node.name, node.op.kind)


def code_range(node: QNode) -> Range:
    """Smallest and largest code that the node's tensor can hold."""
    clamp: Range | None = getattr(node.op, "clamp", None)
    return clamp or (node.format.minimum, node.format.maximum)


def is_pointwise(op: QConv2D) -> bool:
    """Whether every window is one pixel, and every pixel a window."""
    flat = op.kernel.shape[:2] == (1, 1) and op.strides == (1, 1)
    return flat and op.groups == 1 and op.padding == ((0, 0), (0, 0))


def shape_of(node: QNode, windows: int = 1) -> Shape | None:
    """How folding sees the layer with ``windows`` side by side; None if it has no multipliers."""
    if isinstance(node.op, QConv2D):
        height, width, filters = node.shape
        inputs = int(np.prod(node.op.kernel.shape[:3]))
        shape = Shape(height * width, inputs, filters, vectors=node.op.groups, across=width)
        return shape.side_by_side(windows)
    if isinstance(node.op, QDense):
        return Shape(1, node.op.kernel.shape[0], node.op.kernel.shape[1], streams=True)
    return None


def window_of(node: QNode, tensor: Tensor, interval: int) -> tuple[Window, Vectors] | None:
    """The windows of the layer, and how they become vectors; None if it has none.

    As few windows side by side as reach ``interval``, then as few pixels a beat. Raises UnreachedError if
    whole rows to a beat are not enough.
    """
    op = node.op
    if isinstance(op, QConv2D) and not is_pointwise(op):
        kernel: Pair = (op.kernel.shape[0], op.kernel.shape[1])
        pad_code = tensor.format.zero_point
    elif isinstance(op, QMaxPooling2D):
        kernel, pad_code = op.pool_size, tensor.format.minimum
    elif isinstance(op, QAveragePooling2D):
        kernel, pad_code = op.pool_size, 0
    else:
        return None
    depth = op.kernel.shape[2] if isinstance(op, QConv2D) else 1
    window = _window(tensor, kernel, op.strides, op.padding, node, pad_code)
    for windows in divisors(window.out_width):
        wide = window.side_by_side(windows)
        vectors = Vectors(windows, *kernel, op.strides[1], wide.kernel_w, window.channels, depth)
        for pixels in divisors(window.width):
            wider = dataclasses.replace(wide, pixels=pixels)
            if max(wider.cycles, wider.height * wider.row_words) <= interval and _slides(wider) <= interval:
                return wider, vectors
    raise UnreachedError(title(node), interval, _slides(wider))


def _window(
    tensor: Tensor,
    kernel: Pair,
    strides: Pair,
    padding: tuple[Pair, Pair],
    node: QNode,
    pad_code: int,
) -> Window:
    """The windows of an image that comes one pixel a beat; the ring of rows is fitted later."""
    height, width, channels = tensor.shape
    for size, count, side, step, cells in zip(
        (height, width), node.shape, kernel, strides, padding, strict=False
    ):
        if not windows_meet_image(size, count, side, step, cells[0]):
            raise Unsupported(
                f"layer '{node.name}': hardware needs a pixel of the image in every window, "
                f"found a padding of {cells} around {size} with a kernel of {side}"
            )
    return Window(
        height=height,
        width=width,
        channels=channels,
        bits=tensor.bits,
        pixels=1,
        kernel_h=kernel[0],
        kernel_w=kernel[1],
        stride_h=strides[0],
        stride_w=strides[1],
        pad_top=padding[0][0],
        pad_left=padding[1][0],
        out_height=node.shape[0],
        out_width=node.shape[1],
        pad_code=pad_code,
        rows=buffers.ample_rows(kernel[0], padding[0][0]),
        block=int(width * channels * tensor.bits >= memories.BLOCK_BITS),
    )


def vectors_of(node: QNode, tensor: Tensor, interval: int) -> Vectors:
    """How the input of a layer without windows becomes vectors: a pixel is one, or all of a flat input."""
    shape = shape_of(node)
    assert shape
    windows, channels = shape.windows_for(interval), tensor.shape[-1]
    return Vectors(windows, 1, 1, 1, windows, channels, channels)


def few_lanes(tensor: Tensor, interval: int) -> int:
    """The fewest lanes, a share of a pixel or whole pixels, that carry a frame in ``interval`` cycles."""
    *_, width, channels = (1, *tensor.shape)
    lanes = [*divisors(channels), *(pixels * channels for pixels in divisors(width))]
    return next((count for count in lanes if tensor.elements <= count * interval), width * channels)


def fold_pixels(node: QNode, tensor: Tensor, interval: int) -> Folded:
    """The fewest adders that sum up the pixels of ``tensor`` in ``interval`` cycles, channel by channel.

    A beat holds the fewest pixels in which they all come in time. Raises UnreachedError.
    """
    height, width, channels = tensor.shape
    cells = height * width
    beats = next((cells // n for n in divisors(cells) if cells // n <= interval), 1)
    shape = Shape(beats, cells // beats, channels, vectors=channels)
    folding = ranked(shape, interval, tensor.lanes, title(node))[0]
    folded = _folded(shape, folding, tensor.bits)
    leaving = divisors(int(np.gcd(folding.pe, channels)))
    lanes = next(n for n in leaving if channels <= n * beats * folded.matvec.groups or n == leaving[-1])
    matvec = dataclasses.replace(folded.matvec, beats=beats)
    return _with_places(shape, matvec, dataclasses.replace(folded.serializer, lanes=lanes))


def fold(
    node: QNode, shape: Shape, window: Window | None, tensor: Tensor, interval: int, unrolled: bool = False
) -> Folded:
    """The folding with the fewest multipliers with which the layer by itself keeps up with ``interval``.

    If ``unrolled``, the one with a multiplier for each weight. Raises UnreachedError if none does.
    """
    shortest = None
    best = [whole(shape, interval)] if unrolled else ranked(shape, interval, tensor.lanes, title(node))
    for folding in best:
        folded = _folded(shape, folding, tensor.bits)
        reached = _alone(window, folded)
        if reached <= interval:
            return folded
        shortest = min(reached, shortest or reached)
    assert shortest
    raise UnreachedError(title(node), interval, shortest)


def _folded(shape: Shape, folding: Folding, bits: int) -> Folded:
    """The parameters that follow from the folding; sums and weights get their bits later."""
    streams = shape.streams
    matvec = MatVec(
        pe=folding.pe,
        simd=folding.simd,
        lanes=folding.simd if streams else shape.inputs,
        beats=-(-shape.inputs // folding.simd) if streams else 1,
        groups=-(-shape.units // folding.pe),
        credits=0,
        x_bits=bits,
        w_bits=0,
        acc_bits=0,
        vectors=shape.vectors,
        units=shape.units,
    )
    return _with_places(shape, matvec, Serializer(folding.pe, folding.lanes, shape.units, 0, 0))


def _with_places(shape: Shape, matvec: MatVec, serializer: Serializer) -> Folded:
    """With room for the results, and as many credits."""
    places = _places(matvec, serializer)
    credited = dataclasses.replace(matvec, credits=places)
    return Folded(shape, credited, dataclasses.replace(serializer, depth=places))


def _places(matvec: MatVec, serializer: Serializer) -> int:
    """Result words to hold so that the multipliers do not wait for earlier results to leave.

    A streamed vector finishes all its groups at once: room for every vector whose results are still leaving
    when the next ones are finished. Otherwise words finish one by one: room for those on their way.
    """
    slices = serializer.pe // serializer.lanes
    if matvec.beats > 1:
        leaving = matvec.latency + 2 + matvec.groups * slices
        return matvec.groups * -(-leaving // matvec.steps)
    return 1 + -(-(matvec.latency + 2 + slices) // max(matvec.folds, slices))


@functools.lru_cache(maxsize=4096)
def _slides(window: Window) -> int:
    """Cycles a frame of the windows by themselves, fed and emptied without a pause.

    With single pixels they lose no cycle but those that the shapes force; else the model tells.
    """
    if window.pixels == 1:
        return max(window.cycles, window.height * window.row_words)
    return _run_slides(window)


def _run_slides(window: Window) -> int:
    beats = window.height * window.row_words, window.out_height * window.out_width
    return chain(window_controls(window), *beats).measure().interval


@functools.lru_cache(maxsize=4096)
def _alone(window: Window | None, folded: Folded) -> int:
    """Cycles a frame of the layer by itself, fed and emptied without a pause.

    It is what the shapes force where results leave as fast as they come and, with windows, single pixels are
    kept in a ring and come as fast as products are made; else the model tells.
    """
    steps, serializer = folded.matvec.steps, folded.serializer
    if serializer.units > serializer.lanes * steps:
        return _run_alone(window, folded)
    if window is None:
        return folded.shape.turns * steps
    if window.pixels == 1 and (steps == 1 or (steps >= window.stride_w and not window.has_no_memory)):
        row = max(window.reads + window.unshared, window.out_width * steps)
        return max(window.height * window.row_words, window.out_height * row)
    return _run_alone(window, folded)


def _run_alone(window: Window | None, folded: Folded) -> int:
    turns, matvec, serializer = folded.shape.turns, folded.matvec, folded.serializer
    windows = window_controls(window.waiting_for(matvec.steps)) if window else []
    controls = [*windows, matrix_vector(matvec, serializer)]
    beats_in = window.height * window.row_words if window else turns * matvec.beats
    beats_out = turns * serializer.units // serializer.lanes
    return chain(controls, beats_in, beats_out).measure().interval


def parts(
    node: QNode,
    op: QConv2D | QDense,
    folded: Folded,
    vectors: Vectors,
    tensor: Tensor,
    codes: Range,
    stem: str,
    unrolled: bool,
) -> dict[str, Any]:
    """The fields that MatVecStage adds to Stage; ``stem`` begins the names of its memory files.

    Weights become constants where that is cheaper, and where the layer is ``unrolled`` on request.
    """
    matvec, serializer = folded.matvec, folded.serializer
    kernel: IntArray = op.kernel.reshape(-1, op.kernel.shape[-1])  # in the order of the stream
    codes = _with_padding(codes, op, tensor)
    reach = dot_interval(kernel, *codes)
    # the multipliers see raw codes: the input's zero point times the weights joins the bias
    bias = op.bias - tensor.format.zero_point * kernel.sum(axis=0)
    matvec = dataclasses.replace(matvec, w_bits=op.kernel_format.bits, acc_bits=reach.bits)
    of_all_windows = np.tile(kernel, (1, folded.shape.units // kernel.shape[1]))
    weights = memories.weights(f"{stem}_weights.mem", of_all_windows, matvec)
    if matvec.steps == 1 and vectors.groups == 1:
        found = constants_of(_wide_kernel(kernel, vectors), codes, matvec, title(node), unrolled)
        if found:
            places = _places(found, serializer)
            matvec, weights = dataclasses.replace(found, credits=places), memories.NONE
            serializer = dataclasses.replace(serializer, depth=places)
    serializer = dataclasses.replace(serializer, bits=matvec.acc_bits)
    requantizer, constants = requantizer_of(node, op, serializer, reach, bias, f"{stem}_constants.mem")
    return {
        "matvec": matvec,
        "weights": weights,
        "serializer": serializer,
        "requantizer": requantizer,
        "constants": constants,
        "accumulator": reach,
        "weight_format": op.kernel_format,
        "bias_format": op.bias_format,
        "macs": folded.shape.macs,
    }


def _with_padding(codes: Range, op: QConv2D | QDense, tensor: Tensor) -> Range:
    """The codes that the multipliers see: the tensor's, and that of padding where windows overhang."""
    if isinstance(op, QDense) or op.padding == ((0, 0), (0, 0)):
        return codes
    zero = tensor.format.zero_point
    return min(codes[0], zero), max(codes[1], zero)


def _wide_kernel(kernel: IntArray, vectors: Vectors) -> IntArray:
    """``kernel`` (inputs of one, filters) of windows side by side: (inputs of all, units).

    A window has weights for its own inputs alone.
    """
    height, width, filters = vectors.kernel_h, vectors.kernel_w, kernel.shape[1]
    wide = np.zeros((height, vectors.row, vectors.channels, vectors.windows, filters), kernel.dtype)
    for number in range(vectors.windows):
        left = number * vectors.stride_w
        wide[:, left : left + width, :, number] = kernel.reshape(height, width, vectors.channels, filters)
    return wide.reshape(-1, vectors.windows * filters)
