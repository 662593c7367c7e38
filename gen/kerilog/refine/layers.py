# SPDX-License-Identifier: Apache-2.0
"""The layers with weights one after the other, each with what the integer layers before it give it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from kerilog import floating
from kerilog.floating import Samples
from kerilog.graph import Array, Graph, Node
from kerilog.integer.encode import encode
from kerilog.integer.finish import Codes
from kerilog.integer.model import make_step
from kerilog.parallel import on_this_thread, results
from kerilog.progress import Progress
from kerilog.qgraph import QConv2D, QDense, QGraph, QInput, QNode
from kerilog.quantize import Scheme, convert
from kerilog.quantize.matrix import MatrixOp, flat_kernel
from kerilog.refine.rows import Grouped, Places, grouped, rows

HELD_ELEMENTS = 1 << 26
"""Of all tensors of the float network that are held at once: 256 MB, and as much again around it."""

_SEED = 2024
_FRAMES = 32  # of the integer model at a time


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """A layer at some of its places, group by group; see ``kerilog.refine.rows``.

    ``op`` is the float layer, ``kernel`` (groups, weights, channels) its kernel, ``integer`` the same layer
    in integers, ``scale`` the real value of a step of its input. ``seen`` (groups, rows, weights) is what the
    integer network shows it, ``wanted`` (groups, rows, channels) are the float network's sums, bias included.
    """

    op: MatrixOp
    integer: QConv2D | QDense
    scale: float
    seen: Grouped
    wanted: Grouped

    @property
    def kernel(self) -> npt.NDArray[np.float64]:
        """The kernel before rounding."""
        return grouped(self.op, flat_kernel(self.op))

    @property
    def steps(self) -> npt.NDArray[np.float64]:
        """The real value of a step of each weight (groups, 1, channels)."""
        spread = np.broadcast_to(self.integer.kernel_format.scales, self.op.bias.shape)
        return grouped(self.op, spread[np.newaxis])

    @property
    def codes(self) -> npt.NDArray[np.float64]:
        """The integer kernel (groups, weights, channels)."""
        return grouped(self.op, self.integer.kernel_format.steps(self.integer.kernel).astype(np.float64))

    @property
    def bias(self) -> npt.NDArray[np.float64]:
        """What the integer layer adds to its sums, as real numbers (groups, 1, channels)."""
        steps = self.scale * np.broadcast_to(self.integer.kernel_format.scales, self.op.bias.shape)
        return grouped(self.op, (self.integer.bias * steps)[np.newaxis])

    def sums(self, kernel: npt.NDArray[np.float64]) -> Grouped:
        """What is seen times the real numbers ``kernel``, without bias."""
        found: Grouped = np.matmul(self.seen, kernel.astype(np.float32))
        return found


Tell = Callable[[float], None]
"""Told how far the work on a layer is, 0..1."""

Change = Callable[[Layer, np.random.Generator, Tell], MatrixOp]
"""The operation that takes the place of ``layer.op``."""


def change_layers(
    reference: Graph,
    graph: Graph,
    scheme: Scheme,
    own: frozenset[str],
    samples: Samples,
    change: Change,
    progress: Progress,
    title: str,
) -> Graph:
    """``graph`` with every layer that has weights replaced by what ``change`` makes of it, in order.

    Each is given the inputs that the integer network of ``scheme`` shows it on ``samples``, the layers before
    it changed already, and the sums of the float network ``reference``, of which ``graph`` has the layers
    with other numbers. The same arguments give the same graph. ``own`` as for ``convert``.
    """
    walk = _Walk(reference, convert(graph, scheme, own), _few(reference, samples))
    todo = [node.name for node in walk.integer if isinstance(node.op, QConv2D | QDense)]
    changed: dict[str, Node] = {}

    def tell(part: float) -> None:
        progress(title, (len(changed) + part) / len(todo))

    with on_this_thread():
        for made in walk:
            if made.name in todo:
                tell(0)
                node, generator = graph[made.name], np.random.default_rng((_SEED, len(changed)))
                op = change(walk.layer(node, made, generator), generator, tell)
                changed[node.name] = dataclasses.replace(node, op=op)
                source = walk.integer[made.inputs[0]]
                made = dataclasses.replace(made, op=scheme.matrix(node, op, source, made.format))
            walk.take(made)
    return dataclasses.replace(graph, nodes=tuple(changed.get(node.name, node) for node in graph))


def _few(graph: Graph, samples: Samples) -> Samples:
    """The first of ``samples``, as many as memory should hold."""
    return floating.part(samples, 0, max(1, HELD_ELEMENTS // floating.most_held(graph)))


class _Walk:
    """The float network ``graph`` and the integer one side by side, node by node: every tensor for all
    samples, let go after its last use.
    """

    def __init__(self, graph: Graph, integer: QGraph, samples: Samples) -> None:
        self.integer = integer
        self._floats, self._codes = dict[str, Array](), dict[str, Codes]()
        self._samples = samples if isinstance(samples, Mapping) else {graph.inputs[0].name: samples}
        self._nodes = {node.name: node for node in graph}
        self._values = floating.each(graph, samples)
        self._made: set[str] = set()
        self._last = {name: node.name for node in graph for name in node.inputs}
        self._last_codes = {name: node.name for node in integer for name in node.inputs}

    def __iter__(self) -> Iterator[QNode]:
        """The integer nodes in order, each when the float tensor of its name is there; ``take`` it then."""
        for node in self.integer:
            while node.name in self._nodes and node.name not in self._made:
                name, values = next(self._values)
                self._floats[name] = values
                self._made.add(name)
            yield node

    def layer(self, node: Node, made: QNode, generator: np.random.Generator) -> Layer:
        """``node`` and what was ``made`` of it at places that ``generator`` chooses."""
        op, own = node.op, self._nodes[node.name].op
        source, values = self.integer[made.inputs[0]], self._floats[node.inputs[0]]
        assert isinstance(op, MatrixOp) and isinstance(own, MatrixOp)
        assert isinstance(made.op, QConv2D | QDense)
        places = Places.of(op, values, generator)
        wanted = rows(own, values, places) @ grouped(own, flat_kernel(own)).astype(np.float32)
        wanted += grouped(own, own.bias[np.newaxis].astype(np.float64)).astype(np.float32)
        real = source.format.dequantize(self._codes[source.name]).astype(np.float32)
        return Layer(op, made.op, float(source.format.scales), rows(op, real, places), wanted)

    def take(self, node: QNode) -> None:
        """Run ``node``, which may have other numbers than before, and let go what nobody needs any more."""
        if isinstance(node.op, QInput):
            self._codes[node.name] = encode(node.format, np.asarray(self._samples[node.name], np.float32))
        else:
            self._codes[node.name] = self._run(node)
        for name in {node.name, *node.inputs}:
            if self._last_codes.get(name, node.name) == node.name:
                del self._codes[name]
        for name in self._nodes[node.name].inputs if node.name in self._nodes else ():
            if self._last[name] == node.name:
                self._floats.pop(name, None)

    def _run(self, node: QNode) -> Codes:
        step = make_step(node, [self.integer[name] for name in node.inputs])
        sources = [self._codes[name] for name in node.inputs]

        def work(start: int) -> Codes:
            # steps give scratch memory, which the next piece overwrites
            made = step(*(codes[start : start + _FRAMES] for codes in sources))
            return np.array(made).reshape(-1, *node.shape)

        return np.concatenate(list(results(range(0, len(sources[0]), _FRAMES), work)))
