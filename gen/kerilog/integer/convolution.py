# SPDX-License-Identifier: Apache-2.0
"""Convolutions in integers, as matrix products over gathered windows.

The functions are made and used as those of ``kerilog.integer.ops``.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.graph import Pair
from kerilog.integer.engine import NUMPY, Engine
from kerilog.integer.finish import Codes, Numbers, Unary
from kerilog.integer.matmul import ExactMatrix, MakeMatrix, Matrix, exact_type
from kerilog.integer.scratch import scratch
from kerilog.integer.windows import pad, windows
from kerilog.parallel import for_each, processors
from kerilog.qgraph import QConv2D

_LARGEST_TILE = 1 << 16  # weights of a tiled kernel, so that they stay in the cache
_LARGEST_BAND = 1 << 19  # numbers that are gathered at once, where one frame has more
_WORTH_SHARING = 1 << 22  # products of a frame that are worth waking another processor for
_BANDS = 2  # for each of several processors at least, so that one that is late holds up the others less
_FEWEST_WINDOWS, _FEWEST_FILTERS = 64, 64  # for a processor's share of a convolution
# The cost of gathering a run of neighbours, of each of its elements, and of a product without BLAS, in
# multiply-adds of BLAS.
_COST_RUN, _COST_ELEMENT, _COST_TAP = 300, 30, 30


def conv2d(
    op: QConv2D,
    source: Format,
    target: Format,
    shape: Pair | None = None,
    pool: Pair = (1, 1),
    engine: Engine = NUMPY,
) -> Unary:
    """Convolution in any of its forms, then the maximum over each block of ``pool`` cells.

    ``shape`` is the output's (height, width) before pooling: what is known of it is used to be fast. A rim of
    zero-point codes contributes nothing, so padding is exact.

    The maximum is taken of the products. Bias, rescale and clamp are the same for all cells of a channel and
    never fall as the product rises, so the largest product gives the largest code; a ``Threshold`` from above
    is not pooled here.
    """
    if op.groups > 1:
        if pool != (1, 1):
            raise ValueError("a grouped convolution is not pooled here")
        grouped = _depthwise if op.kernel.shape[2] == 1 else _grouped
        return grouped(op, source, target, shape, engine)
    split = 1 if shape is None or pool != (1, 1) else _shares(op, shape)
    tile = pool if shape is None else best_tile(op, shape, pool)
    if split > 1:
        tile = 1, 1
    made = [(some, _matrix(some, source, pool, tile, engine.matrix)) for some in _filters_apart(op, split)]
    if len({type(matrix) for _, matrix in made}) > 1:  # all take the same codes
        made = [(some, _matrix(some, source, pool, tile, ExactMatrix)) for some, _ in made]
    prepare = made[0][1].prepare
    spans = _span(op.kernel.shape, tile, op.strides)
    steps = op.strides[0] * tile[0], op.strides[1] * tile[1]
    columns = math.prod(tile) * op.kernel.shape[3]
    parts = [_part(some, matrix, target, (shape, pool, tile), columns, engine) for some, matrix in made]

    def apply(x: Codes) -> Codes:
        view = windows(prepare(pad(x, op.padding, op.border(source))), spans, steps, op.dilation_rate)
        return _in_bands([functools.partial(_on_rows, part, view) for part in parts], view, columns)

    return apply


def _matrix(op: QConv2D, source: Format, pool: Pair, tile: Pair, make_matrix: MakeMatrix) -> Matrix:
    """The weights of a tile, with the cells of one pool window far apart: by phase first."""
    kernel = tiled(op.kernel, tile, op.strides) if tile != (1, 1) else op.kernel
    # (inputs, tile rows, tile columns, filters)
    kernel = kernel.reshape(-1, tile[0] // pool[0], pool[0], tile[1] // pool[1], pool[1], op.kernel.shape[3])
    kernel = kernel.transpose(0, 2, 4, 1, 3, 5).reshape(len(kernel), -1)
    return make_matrix(kernel, np.tile(op.bias, math.prod(tile)), source)


def _part(
    op: QConv2D,
    matrix: Matrix,
    target: Format,
    places: tuple[Pair | None, Pair, Pair],
    columns: int,
    engine: Engine,
) -> Unary:
    """Codes of the windows (frames, rows, columns, ...) of an image, as for ``conv2d``: ``places`` are its
    shape, the pool and the tile, and ``columns`` those of the products of all parts.
    """
    shape, pool, tile = places
    # A pool leaves out the last rows and columns that do not fill a window.
    positions = 1 if shape is None else (shape[0] // pool[0]) * (shape[1] // pool[1])
    filters = op.kernel.shape[3]
    rows, across, phases = tile[0] // pool[0], tile[1] // pool[1], math.prod(pool)
    inputs = math.prod(_span(op.kernel.shape, tile, op.strides)) * op.kernel.shape[2]
    if shape is not None and _in_parts(positions // (rows * across) * inputs, columns):
        positions //= shape[0] // tile[0]  # those of one row of tiles
    end = engine.finish(op.rescale, target, op.clamp, matrix.bias[:filters], matrix.number, positions)

    def some(view: Numbers) -> Codes:
        frames, high, wide = view.shape[:3]
        gathered = _gather(view, matrix.factor)
        total = matrix.product(gathered).reshape(len(gathered), phases, -1)
        codes = end(_largest(total).reshape(-1, filters)).reshape(frames, high, wide, rows, across, filters)
        return codes.swapaxes(2, 3).reshape(frames, high * rows, wide * across, filters)

    return some


def _shares(op: QConv2D, shape: Pair) -> int:
    """In how many parts the filters are worked on: where there are many weights for few windows, BLAS takes
    longer to lay out the weights than it would gain by sharing the windows.
    """
    positions, filters = math.prod(shape), int(op.kernel.shape[3])
    if positions >= _FEWEST_WINDOWS * processors() or positions * op.kernel.size < _WORTH_SHARING:
        return 1
    return max(1, min(processors(), filters // _FEWEST_FILTERS))


def _filters_apart(op: QConv2D, count: int) -> list[QConv2D]:
    """``op`` as ``count`` convolutions, each with some of the filters."""
    if count == 1:
        return [op]
    filters: int = op.kernel.shape[3]
    found = []
    for some in np.array_split(np.arange(filters), count):
        own: dict[str, Any] = {
            field.name: values[some]
            for field in dataclasses.fields(op.rescale)
            if isinstance(values := getattr(op.rescale, field.name), np.ndarray) and len(values) == filters
        }
        rescale = dataclasses.replace(op.rescale, **own)
        found.append(
            dataclasses.replace(op, kernel=op.kernel[..., some], bias=op.bias[some], rescale=rescale)
        )
    return found


def _in_parts(gathered: int, columns: int) -> bool:
    """Whether a frame of so many ``gathered`` numbers, each multiplied ``columns`` times, is worked on in
    bands of rows of windows.
    """
    return gathered > _LARGEST_BAND or gathered * columns > _WORTH_SHARING


def _in_bands(parts: list[Callable[[slice], Codes]], view: Numbers, columns: int) -> Codes:
    """The codes side by side that all ``parts`` give of rows of the windows ``view`` (frames, rows, ...), of
    which each number is multiplied ``columns`` times; a few rows at a time, on every processor, if a frame is
    large.
    """
    frames, rows = view.shape[:2]
    most = rows
    if _in_parts(view.size // max(frames, 1), columns):
        bands = _BANDS * processors() if processors() > 1 else 1
        most = max(1, min(_LARGEST_BAND * rows // view.size, -(-rows * len(parts) // bands)))
    starts = range(0, rows, most) or range(1)
    found: list[list[Any]] = [[None] * len(starts) for _ in parts]

    def work(piece: int) -> None:
        part, place = divmod(piece, len(starts))
        found[part][place] = parts[part](slice(starts[place], starts[place] + most))

    for_each(range(len(parts) * len(starts)), work)
    made = [one[0] if len(one) == 1 else np.concatenate(one, axis=1) for one in found]
    return made[0] if len(made) == 1 else np.concatenate(made, axis=3)


def _on_rows(part: Unary, view: Numbers, rows: slice) -> Codes:
    """What ``part`` makes of some rows of windows."""
    return part(view[:, rows])


def _gather(view: Numbers, number: type[Any]) -> Numbers:
    """The windows of ``view`` as rows, in scratch memory where they do not lie so already."""
    gathered = view
    if view.dtype != number or not view.flags.c_contiguous:
        gathered = scratch("windows", view.shape, number)
        np.copyto(gathered, view)
    return gathered.reshape(math.prod(view.shape[:3]), -1)


def _largest(x: Numbers) -> Numbers:
    """The maximum along axis 1 of three, in scratch memory; ``np.max`` is slow along a short axis."""
    if x.shape[1] == 1:
        return x[:, 0]
    best = scratch("largest", (len(x), x.shape[2]), x.dtype)
    np.maximum(x[:, 0], x[:, 1], out=best)
    for index in range(2, x.shape[1]):
        np.maximum(best, x[:, index], out=best)
    return best


def tiled(kernel: IntArray, tile: Pair, strides: Pair) -> IntArray:
    """The weights of ``tile`` (rows, columns) neighbouring outputs over all the inputs that they see.

    (kh, kw, depth, filters) becomes (height, width, depth, rows, columns, filters): a convolution with
    ``tile`` times the strides and the filters. Most weights are zeros, which change no sum and no bound; few
    and long rows are what both gathering and BLAS like.
    """
    height, width, depth, filters = kernel.shape
    wide = np.zeros((*_span(kernel.shape, tile, strides), depth, *tile, filters), np.int64)
    for row, column in np.ndindex(tile):
        top, left = row * strides[0], column * strides[1]
        wide[top : top + height, left : left + width, :, row, column] = kernel
    return wide


def best_tile(op: QConv2D, shape: Pair, pool: Pair = (1, 1)) -> Pair:
    """The cheapest tile for an output of ``shape`` (height, width), in whole windows of ``pool``.

    The smaller the tile, the more often an input is gathered; the larger, the more zeros are multiplied.
    """
    height, width, depth, filters = map(int, op.kernel.shape)
    if op.dilation_rate != (1, 1):
        return pool

    def weights(tile: Pair) -> int:
        rows, columns = _span((height, width), tile, op.strides)
        return rows * columns * depth * filters * tile[0] * tile[1]

    def cost(tile: Pair) -> float:
        rows, columns = _span((height, width), tile, op.strides)
        gathering = rows * (_COST_RUN + columns * depth * _COST_ELEMENT)
        return (gathering + weights(tile)) / (tile[0] * tile[1])

    rows, columns = ([n * p for n in _divisors(s // p)] for s, p in zip(shape, pool, strict=True))
    small = [tile for tile in itertools.product(rows, columns) if weights(tile) <= _LARGEST_TILE]
    return min(small, key=cost, default=pool)


def _span(kernel: tuple[int, ...], tile: Pair, strides: Pair) -> Pair:
    """Inputs that a tile sees, down and across."""
    return (tile[0] - 1) * strides[0] + kernel[0], (tile[1] - 1) * strides[1] + kernel[1]


def _divisors(n: int) -> list[int]:
    return [d for d in range(1, n + 1) if n % d == 0]


def _grouped(op: QConv2D, source: Format, target: Format, shape: Pair | None, engine: Engine) -> Unary:
    """Filter f sees the channels of group ``f // (filters / groups)`` only; ``shape`` as for ``conv2d``."""
    height, width, depth, filters = op.kernel.shape
    each = filters // op.groups
    kernels = np.split(op.kernel.reshape(-1, filters), op.groups, axis=1)
    matrices = [ExactMatrix(k, b, source) for k, b in zip(kernels, np.split(op.bias, op.groups), strict=True)]
    number = exact_type(max(matrix.bound for matrix in matrices))
    bias = np.concatenate([matrix.bias.astype(number) for matrix in matrices])
    end = engine.finish(op.rescale, target, op.clamp, bias, number, _positions(op, shape, each))

    def some(view: Numbers) -> Codes:
        total = scratch("groups", (*view.shape[:3], filters), number)
        for group, matrix in enumerate(matrices):
            part = _gather(view[..., group * depth : (group + 1) * depth], matrix.factor)
            product = matrix.product(part).reshape(*view.shape[:3], each)
            total[..., group * each : (group + 1) * each] = product
        return end(total)

    def apply(x: Codes) -> Codes:
        padded = pad(x, op.padding, op.border(source))
        view = windows(padded, (height, width), op.strides, op.dilation_rate)
        return _in_bands([functools.partial(_on_rows, some, view)], view, each)

    return apply


def _depthwise(op: QConv2D, source: Format, target: Format, shape: Pair | None, engine: Engine) -> Unary:
    """As ``_grouped`` for groups of one channel."""
    height, width, _, filters = op.kernel.shape
    each = filters // op.groups
    kernel = op.kernel.reshape(height, width, op.groups, each)
    taps = engine.taps(kernel, op.bias, source, op.strides, op.dilation_rate)
    positions = _positions(op, shape, each * _COST_TAP)
    end = engine.finish(op.rescale, target, op.clamp, taps.bias, taps.number, positions)

    def apply(x: Codes) -> Codes:
        padded = taps.prepare(pad(x, op.padding, op.border(source)))
        view = windows(padded, (height, width), op.strides, op.dilation_rate)
        return _in_bands([lambda rows: end(taps.sums(padded, rows))], view, each * _COST_TAP)

    return apply


def _positions(op: QConv2D, shape: Pair | None, columns: int) -> int:
    """Places that a band of a grouped convolution has for certain, as ``Finish`` takes them."""
    if shape is None:
        return 1
    gathered = math.prod(shape) * math.prod(op.kernel.shape[:3]) * op.groups
    return shape[1] if _in_parts(gathered, columns) else math.prod(shape)
