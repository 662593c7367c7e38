# SPDX-License-Identifier: Apache-2.0
"""Learned rounding, AdaRound: each weight up or down, as its layer's results ask and not as it lies nearer.

Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization", ICML 2020. With w a weight, s
its step and V a number for each weight, the relaxed weight is s * (floor(w / s) + h(V)),

    h(V) = clip(sigmoid(V) * (ZETA - GAMMA) + GAMMA, 0, 1)                                     (equation 23)

and V minimizes the squared error of the layer's activated results on what the integer layers before it give,
plus ``_WEIGHT * sum(1 - abs(2 * h(V) - 1)**beta)``, with a beta that falls until every h is 0 or 1 (equations
24 and 25). The errors are relative to those of rounding to nearest, so that one weight serves all layers.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from kerilog import floating
from kerilog.formats import Affine, round_half_away
from kerilog.quantize.matrix import MatrixOp
from kerilog.refine.layers import Layer, Tell
from kerilog.refine.rows import Grouped, ungrouped

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

ZETA, GAMMA = np.float32(1.1), np.float32(-0.1)
ITERATIONS = 1000
BATCH = 256  # rows at a time
_RATE = 0.02  # of Adam
_MOMENTUM, _MEMORY, _TINY = 0.9, 0.999, 1e-8  # Adam's, as in its paper
_WEIGHT = 0.1  # of the term that makes h whole
_WARM = 0.2  # part of the iterations without that term
_BETAS = 20.0, 2.0  # at its beginning and at the end


@dataclasses.dataclass(frozen=True, eq=False)
class Choice:
    """``low`` (groups, weights, channels): the lower of the two codes of each weight; ``free``: where the
    upper one exists. ``share`` is what ``low`` lacks of the weight, 0..1; where it is not free the code is
    ``low``.
    """

    low: Reals
    free: npt.NDArray[np.bool_]
    share: Reals


def choice_of(layer: Layer) -> Choice:
    """Which codes the weights of ``layer`` may have: the two beside each, both within the format's range."""
    form = layer.integer.kernel_format
    least = -form.maximum if isinstance(form, Affine) else form.minimum  # affine weights are symmetric
    exact = layer.kernel / layer.steps
    low = np.floor(exact)
    free = (low >= least) & (low < form.maximum) & (exact != low)
    outside = np.clip(round_half_away(exact), least, form.maximum)
    return Choice(np.where(free, low, outside), free, exact - low)


def learn_rounding(layer: Layer, generator: np.random.Generator, tell: Tell) -> MatrixOp:
    """The layer with a kernel of codes, as near to the float network's results as was found.

    A channel whose error on the rows is no smaller than with the nearest codes keeps these.
    """
    choice = choice_of(layer)
    nearest = np.where(choice.free, choice.low + (choice.share >= 0.5), choice.low)
    up = _learned(layer, choice, generator, tell) if np.any(choice.free) else nearest > choice.low
    learned = choice.low + (up & choice.free)
    better = errors(layer, learned) < errors(layer, nearest)
    codes = np.where(better[:, np.newaxis], learned, nearest)
    return with_codes(layer, codes)


def with_codes(layer: Layer, codes: Reals) -> MatrixOp:
    """The float layer with the kernel that ``codes`` (groups, weights, channels) are, and its format."""
    kernel = ungrouped(layer.op, codes * layer.steps)
    return dataclasses.replace(
        layer.op, kernel=kernel.astype(np.float32), kernel_format=layer.integer.kernel_format
    )


def errors(layer: Layer, codes: Reals) -> Reals:
    """The mean squared error (groups, channels) of the activated results with ``codes``, over all rows."""
    made = layer.sums(codes * layer.steps) + layer.bias.astype(np.float32)
    function = layer.op.activation
    difference = floating.activate(made, function) - floating.activate(layer.wanted, function)
    means: Reals = np.mean(difference.astype(np.float64) ** 2, axis=1)
    return means


def _learned(
    layer: Layer, choice: Choice, generator: np.random.Generator, tell: Tell
) -> npt.NDArray[np.bool_]:
    """Which weights go up."""
    steps, bias = layer.steps.astype(np.float32), layer.bias.astype(np.float32)
    low, free = choice.low.astype(np.float32), choice.free.astype(np.float32)
    wanted = floating.activate(layer.wanted, layer.op.activation)
    nearest = np.where(choice.free, choice.low + (choice.share >= 0.5), choice.low)
    unit = errors(layer, nearest).mean() or 1.0
    hidden = _Adam(_inverse(np.clip(choice.share, 0, 1).astype(np.float32)))
    order = generator.permutation(wanted.shape[1])
    for iteration in range(ITERATIONS):
        tell(iteration / ITERATIONS)
        some = _batch(order, iteration)
        h, slope = _soft(hidden.values)
        seen = layer.seen[:, some]
        made = seen @ (steps * (low + h * free)) + bias
        gradient = _error_gradient(made, wanted[:, some], layer.op.activation) * np.float32(2 / unit)
        pull = (seen.transpose(0, 2, 1) @ gradient) * (steps / np.float32(made.shape[1]))
        progress = iteration / ITERATIONS
        if progress >= _WARM:
            pull += _whole_gradient(h, (progress - _WARM) / (1 - _WARM))
        hidden.step(pull * slope * free)
    return _soft(hidden.values)[0] >= 0.5


def _batch(order: npt.NDArray[np.int64], iteration: int) -> npt.NDArray[np.int64]:
    """The rows of one iteration: all of them in turn, in the ``order`` that chance gave."""
    start = iteration * BATCH % max(len(order), 1)
    return np.resize(np.roll(order, -start), min(BATCH, len(order)))


def _error_gradient(made: Grouped, wanted: Grouped, function: str) -> Grouped:
    """Half the slope of the squared error of the activated ``made`` with respect to it."""
    difference = floating.activate(made, function) - wanted
    if function == "linear":
        return difference
    inside = (made > 0) & (made < 6) if function == "relu6" else made > 0
    return difference * inside


def _whole_gradient(h: Singles, done: float) -> Singles:
    """The slope of the term that makes ``h`` whole, when the part ``done`` of its iterations is over."""
    first, last = _BETAS
    beta = last + (first - last) * 0.5 * (1 + np.cos(done * np.pi))
    centred = 2 * h - 1
    slope: Singles = (
        np.sign(centred) * np.abs(centred) ** np.float32(beta - 1) * np.float32(-2 * beta * _WEIGHT)
    )
    return slope


def _soft(hidden: Singles) -> tuple[Singles, Singles]:
    """h of the numbers ``hidden``, and its slope."""
    sigmoid = 1 / (1 + np.exp(-hidden))
    wide = sigmoid * (ZETA - GAMMA) + GAMMA
    slope = np.where((wide > 0) & (wide < 1), sigmoid * (1 - sigmoid) * (ZETA - GAMMA), np.float32(0))
    return np.clip(wide, 0, 1), slope


def _inverse(h: Singles) -> Singles:
    """The numbers that ``_soft`` gives ``h`` of."""
    sigmoid = (h - GAMMA) / (ZETA - GAMMA)
    found: Singles = -np.log(1 / sigmoid - 1)
    return found


class _Adam:
    """Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1."""

    def __init__(self, values: Singles) -> None:
        self.values = values
        self._mean, self._square = np.zeros_like(values), np.zeros_like(values)
        self._count = 0

    def step(self, gradient: Singles) -> None:
        """Move the values against ``gradient``."""
        self._count += 1
        self._mean += (1 - _MOMENTUM) * (gradient - self._mean)
        self._square += (1 - _MEMORY) * (gradient * gradient - self._square)
        rate = _RATE * np.sqrt(1 - _MEMORY**self._count) / (1 - _MOMENTUM**self._count)
        self.values -= np.float32(rate) * self._mean / (np.sqrt(self._square) + np.float32(_TINY))
