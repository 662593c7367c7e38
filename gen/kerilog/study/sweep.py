# SPDX-License-Identifier: Apache-2.0
"""The sweep: every number format that the study tries, and the accuracy with it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import numpy.typing as npt
import threadpoolctl

from kerilog import build, floating, storage
from kerilog.calibrate import observe
from kerilog.graph import Array, Conv2D, Dense, DepthwiseConv2D, Graph
from kerilog.integer.model import run as run_integer
from kerilog.kept import Kept, digest
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.quantize import Calibration, LayerSettings, Settings, quantize
from kerilog.quantize.ranges import DEFAULT_PERCENTILE, best_fixed, fixed_format
from kerilog.quantize.settings import DEFAULT_RANGE
from kerilog.scales import Rounding
from kerilog.study import approximate, intervals
from kerilog.workers import HERE, Spread, workers

WIDTHS = tuple(range(2, 17))
USUAL = 8  # bits of what is held still while the other is swept
MANTISSAS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 16)
LOST_MANTISSAS = (4, 7, 10, 23)
FIRST_KEPT = ", 8-bit first layer"

Labels = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Accuracy 0..1 and bytes of all weights and biases (with their scales, where they are not shifts).

    Of ``samples`` test samples, ``lost`` are classified correctly by the float network alone, ``gained`` by
    this one alone.
    """

    family: str
    weight_bits: int
    activation_bits: int
    accuracy: float
    parameter_bytes: int
    samples: int = 0
    lost: int = 0
    gained: int = 0

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the accuracy, 0..1."""
        return intervals.wilson(round(self.accuracy * self.samples), self.samples)

    @property
    def loss_interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the accuracy lost against the float network, -1..1."""
        return intervals.paired(self.lost, self.gained, self.samples)


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """What every trial starts from: a calibrated float network, test samples (count, *shape) and labels."""

    calibration: Calibration
    x_train: Array
    x: Array
    labels: Labels

    @functools.cached_property
    def right(self) -> Marks:
        """Which samples (count,) the float network classifies correctly."""
        graph = self.calibration.graph
        return _right(self, lambda x: floating.run(graph, x)[0])


Trial = Callable[[Network], Outcome]


def trials() -> Iterator[Trial]:
    """All formats of the study, in the order in which they are shown."""
    yield full_precision
    both = [(bits, bits) for bits in WIDTHS]
    yield from (functools.partial(fixed, "fixed", *pair) for pair in both)
    yield from (functools.partial(fixed, "fixed, per channel", *pair) for pair in both)
    yield from (functools.partial(fixed, f"fixed, {USUAL}-bit activations", b, USUAL) for b in WIDTHS)
    yield from (functools.partial(fixed, f"fixed, {USUAL}-bit weights", USUAL, b) for b in WIDTHS)
    yield from (functools.partial(affine, rounding) for rounding in ("reference", "single"))
    yield from (functools.partial(mantissa, "float", bits) for bits in MANTISSAS)
    yield from (functools.partial(mantissa, "float, leading one lost", bits) for bits in LOST_MANTISSAS)
    for kept in ("", FIRST_KEPT):
        yield from (functools.partial(few_valued, family + kept) for family in ("ternary", "binary"))


def sweep(network: Network, progress: Progress = silent, spread: Spread = HERE) -> tuple[Outcome, ...]:
    """The outcome of every trial, in order, worked out where ``spread`` says unless an earlier study did."""
    todo = list(trials())
    _ = network.right  # once, before the trials want it all together
    content = storage.digest(network.calibration.graph), network.x_train, network.x, network.labels
    kept: Kept[Outcome] = Kept(f"study {digest(*content)}", Outcome)
    outcomes = []
    with closing(kept), workers(network, spread, len(todo)) as run:
        before = [kept.get(_name(trial)) for trial in todo]
        new = [trial for trial, found in zip(todo, before, strict=True) if found is None]
        found = run(_tried, new)
        for number, (trial, known) in enumerate(zip(todo, before, strict=True)):
            progress(f"{number} of {len(todo)} formats", number / len(todo))
            outcomes.append(next(found) if known is None else known[0])
            if known is None:
                kept.put(_name(trial), outcomes[-1])
    return tuple(outcomes)


def _name(trial: Trial) -> tuple[object, ...]:
    """What says all of a trial: its function, and what that is called with."""
    one = trial if isinstance(trial, functools.partial) else functools.partial(trial)
    return one.func.__name__, *one.args


def _tried(network: Network, trial: Trial) -> Outcome:
    with threadpoolctl.threadpool_limits(1):  # how BLAS shares out a product changes the last bits of floats
        return trial(network)


def full_precision(network: Network) -> Outcome:
    """The float network itself."""
    graph = network.calibration.graph
    return _outcome("float32", 32, 32, network.right, _bytes(graph, 32, 32), network)


def _outcome(
    family: str, weight_bits: int, activation_bits: int, right: Marks, size: int, network: Network
) -> Outcome:
    """The outcome of a network that is ``right`` on those samples and has ``size`` bytes."""
    return Outcome(
        family,
        weight_bits,
        activation_bits,
        int(np.count_nonzero(right)) / len(right),
        size,
        len(right),
        int(np.count_nonzero(network.right & ~right)),
        int(np.count_nonzero(right & ~network.right)),
    )


def fixed(family: str, weight_bits: int, activation_bits: int, network: Network) -> Outcome:
    """Fixed point, the binary points chosen anew for these widths. Biases have 8 bits, or 16."""
    settings = Settings(
        LayerSettings(
            weight_bits=weight_bits,
            activation_bits=activation_bits,
            bias_bits=USUAL if max(weight_bits, activation_bits) <= USUAL else 2 * USUAL,
            per_channel=family.endswith("per channel") or None,
        )
    )
    graph = quantize(network.calibration, "fixed", settings=settings)
    return _integer(family, weight_bits, activation_bits, graph, network)


def affine(rounding: Rounding, network: Network) -> Outcome:
    """TFLite's int8: a scale per channel, biases of 32 bits."""
    graph = quantize(network.calibration, "affine", rounding)
    return _integer(f"affine, {rounding}", USUAL, USUAL, graph, network)


def _integer(family: str, weights: int, activations: int, graph: QGraph, network: Network) -> Outcome:
    right = _right(network, lambda x: run_integer(graph, build.codes_of(graph, x)))
    size = build.parameter_bytes(graph).in_integers
    return _outcome(family, weights, activations, right, size, network)


def mantissa(family: str, bits: int, network: Network) -> Outcome:
    """Floats with ``bits`` stored mantissa bits, a sign and float32's exponent, in every tensor."""
    cut = approximate.lose_leading_one if family.endswith("lost") else approximate.round_mantissa
    graph = approximate.with_weights(
        network.calibration.graph, lambda _, kernel: cut(kernel, bits), lambda bias: cut(bias, bits)
    )
    right = _right(network, lambda x: approximate.run(graph, x, lambda _, values: cut(values, bits)))
    width = approximate.FLOAT32_REST + bits
    return _outcome(family, width, width, right, _bytes(graph, width, width), network)


def few_valued(family: str, network: Network) -> Outcome:
    """Ternary or binary weights with a float32 scale per channel; 8-bit activations, observed anew.

    A family with ``FIRST_KEPT`` leaves the first layer, which has few weights to lose, in 8-bit fixed point.
    """
    original = network.calibration.graph
    reduce, bits = (approximate.ternary, 2) if family.startswith("ternary") else (approximate.binary, 1)
    first = next((name for name, _ in _weighted(original)), "") if family.endswith(FIRST_KEPT) else ""

    def change(name: str, kernel: Array) -> Array:
        return _eight_bits(kernel) if name == first else reduce(kernel)

    graph = approximate.with_weights(original, change, _eight_bits)
    formats = {
        name: fixed_format(seen, USUAL, DEFAULT_RANGE["fixed"], DEFAULT_PERCENTILE)
        for name, seen in observe(graph, network.x_train).items()
    }
    right = _right(
        network,
        lambda x: approximate.run(graph, x, lambda name, values: floating.converted(values, formats[name])),
    )
    size = sum(
        _layer_bytes(op, USUAL, USUAL) if name == first else _layer_bytes(op, bits, USUAL) + 4 * op.bias.size
        for name, op in _weighted(graph)
    )
    return _outcome(family, bits, USUAL, right, size, network)


def _eight_bits(values: Array) -> Array:
    """``values`` in the fixed point of least squared error."""
    return floating.converted(values, best_fixed(values.astype(np.float64), USUAL))


def _weighted(graph: Graph) -> list[tuple[str, Conv2D | DepthwiseConv2D | Dense]]:
    """The layers with weights: name and operation."""
    return [(node.name, node.op) for node in graph if isinstance(node.op, (Conv2D, DepthwiseConv2D, Dense))]


def _layer_bytes(op: Conv2D | DepthwiseConv2D | Dense, weight_bits: int, bias_bits: int) -> int:
    return -(-(op.kernel.size * weight_bits + op.bias.size * bias_bits) // 8)


def _bytes(graph: Graph, weight_bits: int, bias_bits: int) -> int:
    """Bytes of all weights and biases, each layer's rounded up."""
    return sum(_layer_bytes(op, weight_bits, bias_bits) for _, op in _weighted(graph))


def _right(network: Network, run: Callable[[Array], npt.NDArray[np.generic]]) -> Marks:
    """Which samples (count,) have the right class as their largest output of ``run``."""
    right: Marks = approximate.answers(run, network.x) == network.labels
    return right
