# SPDX-License-Identifier: Apache-2.0
"""Integer networks made by hand, without training or TensorFlow; and random ones, drawn from a seed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerilog.errors import KerilogError
from kerilog.formats import Affine, Binary, Fixed, Format, IntArray, Sign, Ternary
from kerilog.graph import Pair
from kerilog.hardware.design import Design
from kerilog.plan import plan
from kerilog.qgraph import (
    Clamp,
    DoubleMultiplier,
    Multiplier,
    Padding,
    QConv2D,
    QDense,
    QGraph,
    QInput,
    QMaxPooling2D,
    QNode,
    QReshape,
    Rescale,
    Shift,
    Threshold,
)

WHOLE = 1.0 - 2.0**-40  # mantissas stay below 1 after rounding to 31 bits


def multiplier_of(factors: Sequence[float], rounding: str = "double") -> Multiplier:
    """TFLite's integer form of real ``factors``."""
    mantissa, exponent = np.frexp(np.asarray(factors, np.float64))
    number = np.minimum(np.rint(mantissa * 2.0**31), 2.0**31 - 1).astype(np.int64)
    return Multiplier(number, exponent.astype(np.int64), rounding)  # type: ignore[arg-type]


def double_multiplier_of(factors: Sequence[float]) -> DoubleMultiplier:
    """The binary64 form of real ``factors``."""
    mantissa, exponent = np.frexp(np.asarray(factors, np.float64))
    return DoubleMultiplier((mantissa * 2.0**53).astype(np.int64), exponent.astype(np.int64) - 53)


def same_padding(size: int, kernel: int, stride: int) -> Pair:
    """Cells before and after, as Keras' ``padding="same"`` adds them."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def spanned(kernel: Pair, dilation: Pair) -> Pair:
    """Rows and columns from the first cell of a window to the last."""
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


class Chain:
    """Grows a network layer by layer, with random weights and factors that use the range of the codes."""

    def __init__(
        self,
        name: str,
        scheme: str,
        shape: tuple[int, ...],
        seed: int = 0,
        bits: int = 8,
        weight_bits: int | str = 8,
        rounding: str = "double",
        input_name: str = "input",
        weight_scale: str = "none",
        input_bits: int | None = None,
    ) -> None:
        self.name, self.scheme, self.rounding, self.weight_scale = name, scheme, rounding, weight_scale
        self.rng = np.random.default_rng(seed)
        self.bits, self.weight_bits = bits, weight_bits
        self.nodes = [QNode(input_name, QInput(), (), shape, self._format(input_bits))]

    @property
    def here(self) -> QNode:
        return self.nodes[-1]

    @property
    def graph(self) -> QGraph:
        return QGraph(self.name, self.scheme, tuple(self.nodes), (self.here.name,))  # type: ignore[arg-type]

    def conv(
        self,
        filters: int,
        kernel: Pair = (3, 3),
        strides: Pair = (1, 1),
        padding: str | Padding = "valid",
        name: str | None = None,
        relu: bool = True,
        dilation: Pair = (1, 1),
    ) -> Chain:
        height, width, channels = self.here.shape
        span = spanned(kernel, dilation)
        cells = self._padding(padding, span, strides)
        rows = (height + sum(cells[0]) - span[0]) // strides[0] + 1
        columns = (width + sum(cells[1]) - span[1]) // strides[1] + 1
        weights = self._weights((*kernel, channels, filters))
        out = self._format()
        factors = self._factors(weights, relu, out, False)
        border = int(self.rng.integers(-1, 1)) if isinstance(self.here.format, Sign) else None
        op = QConv2D(
            weights, *factors, strides=strides, padding=cells, dilation_rate=dilation, pad_code=border
        )
        return self._append(name or f"conv2d_{len(self.nodes)}", op, (rows, columns, filters), out)

    def dense(self, units: int, name: str | None = None, relu: bool = True) -> Chain:
        weights = self._weights((self.here.shape[0], units))
        out = self._format()
        op = QDense(weights, *self._factors(weights, relu, out, True))
        return self._append(name or f"dense_{len(self.nodes)}", op, (units,), out)

    def pool(
        self,
        size: Pair = (2, 2),
        strides: Pair | None = None,
        padding: str = "valid",
        name: str | None = None,
    ) -> Chain:
        steps = strides or size
        height, width, channels = self.here.shape
        cells = self._padding(padding, size, steps)
        rows = (height + sum(cells[0]) - size[0]) // steps[0] + 1
        columns = (width + sum(cells[1]) - size[1]) // steps[1] + 1
        format = self.here.format
        op = QMaxPooling2D(size, steps, (format.minimum, format.maximum), cells)
        return self._append(name or f"max_pooling2d_{len(self.nodes)}", op, (rows, columns, channels), format)

    def flatten(self, name: str | None = None) -> Chain:
        shape = (math.prod(self.here.shape),)
        return self._append(name or f"flatten_{len(self.nodes)}", QReshape(), shape, self.here.format)

    def codes(self, frames: int, seed: int = 1) -> IntArray:
        """Random input codes; the first frames hold nothing but the smallest and the largest code."""
        return draw_codes(self.graph, frames, seed)

    def _append(self, name: str, op: Any, shape: tuple[int, ...], format: Format) -> Chain:
        self.nodes.append(QNode(name, op, (self.here.name,), shape, format))
        return self

    def _padding(self, padding: str | Padding, kernel: Pair, strides: Pair) -> Padding:
        if not isinstance(padding, str):
            return padding
        if padding == "valid":
            return (0, 0), (0, 0)
        height, width, _ = self.here.shape
        return same_padding(height, kernel[0], strides[0]), same_padding(width, kernel[1], strides[1])

    def _format(self, bits: int | None = None) -> Format:
        bits = bits or self.bits
        if bits == 1:
            return Sign()
        if self.scheme == "fixed":
            return Fixed(bits, int(self.rng.integers(0, bits)))
        return Affine(8, float(self.rng.uniform(0.01, 0.1)), int(self.rng.integers(-128, 128)))

    def _weights(self, shape: tuple[int, ...]) -> IntArray:
        if self.weight_bits in (1, "ternary"):
            return self.rng.choice((-1, 1) if self.weight_bits == 1 else (-1, 0, 1), shape)
        limit = (1 << (int(self.weight_bits) - 1)) - 1 if self.scheme == "fixed" else 127
        return self.rng.integers(-limit, limit + 1, shape)

    def _factors(self, weights: IntArray, relu: bool, out: Format, is_dense: bool) -> tuple[Any, ...]:
        """Bias, formats, rescaling and clamp with which results fill the output's range."""
        units = weights.shape[-1]
        flat = weights.reshape(-1, units).astype(np.float64)
        source = self.here.format
        spread = np.maximum(np.sqrt((flat**2).sum(axis=0)) * (1 << source.bits) / 3.5, 1.0)
        wanted = (1 << out.bits) / 5
        clamp: Clamp = (out.zero_point if relu else out.minimum, out.maximum)
        if isinstance(out, Sign):
            return self._thresholds(spread, source)
        if self.scheme == "fixed":
            return self._fixed_factors(spread, wanted, out, clamp)
        bias = np.rint(self.rng.normal(0, 0.5, units) * spread).astype(np.int64)
        kernel_format = Affine(8, tuple(self.rng.uniform(0.001, 0.01, units).tolist()))
        rescale: Rescale
        if is_dense and self.rounding == "double":
            rescale = double_multiplier_of((wanted / spread) * self.rng.uniform(0.7, 1.4, units))
        else:
            rescale = multiplier_of((wanted / spread) * self.rng.uniform(0.7, 1.4, units), self.rounding)
        return bias, kernel_format, Affine(32, 0.001), rescale, clamp

    def _thresholds(self, spread: np.ndarray, source: Format) -> tuple[Any, ...]:
        """Both directions, and thresholds that many sums reach, some of them exactly."""
        bias = np.rint(self.rng.normal(0, 0.2, spread.size) * spread).astype(np.int64)
        direction = self.rng.choice((-1, 1), spread.size)
        kinds: dict[Any, Format] = {1: Binary(), "ternary": Ternary()}
        weights = kinds.get(self.weight_bits) or Fixed(int(self.weight_bits), 6)
        return bias, weights, Affine(8, 1.0), Threshold(direction), (-1, 0)

    def _fixed_factors(self, spread: np.ndarray, wanted: float, out: Format, clamp: Clamp) -> tuple[Any, ...]:
        shift = round(math.log2(float(spread.mean()) / wanted))
        places = max(round(math.log2(float(spread.mean()) / 100)), 0)
        bias = self.rng.integers(-128, 128, spread.size) << places
        if self.weight_bits not in (1, "ternary"):
            return bias, Fixed(int(self.weight_bits), 6), Fixed(8, 5), Shift(np.array([shift])), clamp
        kind = Binary if self.weight_bits == 1 else Ternary
        if self.weight_scale == "none":
            return bias, kind(scale=0.25), Fixed(8, 5), Shift(np.array([shift])), clamp
        scales = self.rng.integers(100, 256, spread.size) / 256
        factor = double_multiplier_of(np.ldexp(scales, -shift))
        return bias, kind(scale=tuple(scales.tolist())), Fixed(8, 5), factor, clamp


def draw_codes(graph: QGraph, frames: int, seed: int = 1) -> IntArray:
    """Random input codes (frames, *shape); the last frames hold the two ends of the range alone."""
    source = graph.inputs[0]
    rng = np.random.default_rng(seed)
    low, high = source.format.minimum, source.format.maximum
    codes = rng.integers(low, high + 1, (frames, *source.shape))
    codes[frames // 2] = rng.choice([low, high], source.shape)
    codes[-1] = high
    return codes


@dataclasses.dataclass(frozen=True)
class Case:
    """A random network and the frame interval that it is planned for."""

    seed: int
    graph: QGraph
    design: Design

    def __str__(self) -> str:
        layers = ", ".join(
            f"{stage.name} {stage.input.lanes}->{stage.output.lanes}" for stage in self.design.stages
        )
        return f"seed {self.seed}, {self.graph.scheme}, {self.design.input.shape}: {layers}"


def draw_case(seed: int) -> Case:
    """A small random network, with a goal at which it can be planned."""
    rng = np.random.default_rng([seed, 1])
    graph = draw_graph(seed)
    macs = max(16, sum(_macs(node) for node in graph))
    interval = int(np.exp(rng.uniform(0.0, math.log(1.2 * macs))))
    while True:
        try:
            return Case(seed, graph, plan(graph, interval, f"random_{seed}"))
        except KerilogError as error:
            if "reache" not in str(error):
                raise
            interval = int(interval * 1.3) + 1


def _macs(node: QNode) -> int:
    if isinstance(node.op, QConv2D):
        return int(math.prod(node.shape[:2]) * node.op.kernel.size)
    return int(node.op.kernel.size) if isinstance(node.op, QDense) else 0


def draw_graph(seed: int) -> QGraph:
    """Up to five layers: convolutions and pools, then dense layers."""
    rng = np.random.default_rng(seed)
    scheme = str(rng.choice(["affine", "fixed"]))
    flat = rng.random() < 0.2
    shape = (int(rng.integers(2, 40)),) if flat else _image(rng)
    chain = Chain(
        f"random_{seed}",
        scheme,
        shape,
        seed,
        bits=int(rng.choice([8, 8, 4, 5, 12])),
        weight_bits=int(rng.choice([8, 8, 3, 10])),
        rounding=str(rng.choice(["double", "single"])),
    )
    for _ in range(0 if flat else int(rng.integers(1, 4))):
        _add_image_layer(chain, rng)
    dense_layers = int(rng.integers(1 if flat else 0, 3))
    if not flat and (dense_layers or rng.random() < 0.5):
        chain.flatten()
    for _ in range(dense_layers):
        chain.dense(int(rng.integers(1, 14)), relu=bool(rng.random() < 0.6))
    return chain.graph


def _image(rng: np.random.Generator) -> tuple[int, int, int]:
    return int(rng.integers(1, 11)), int(rng.integers(1, 11)), int(rng.integers(1, 4))


def _add_image_layer(chain: Chain, rng: np.random.Generator) -> None:
    height, width, _ = chain.here.shape
    pools = rng.random() < 0.35
    longest = 3 if pools else 5
    padding: Any = str(rng.choice(["valid", "same"]))
    if padding == "valid":
        kernel = int(rng.integers(1, min(longest, height) + 1)), int(rng.integers(1, min(longest, width) + 1))
    else:
        kernel = int(rng.integers(1, longest + 1)), int(rng.integers(1, longest + 1))
    strides = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    if pools:
        chain.pool(kernel, strides, padding)
        return
    if padding == "same" and rng.random() < 0.3:  # as a zero padding before the layer makes it
        padding = tuple((int(rng.integers(0, side)), int(rng.integers(0, side))) for side in kernel)
        sides = zip((height, width), padding, kernel, strict=True)
        fits = [size + sum(cells) >= side for size, cells, side in sides]
        padding = padding if all(fits) else "same"
    chain.conv(int(rng.integers(1, 5)), kernel, strides, padding, relu=bool(rng.random() < 0.7))
