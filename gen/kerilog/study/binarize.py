# SPDX-License-Identifier: Apache-2.0
"""Parameters that are binarized once the network is trained, kind by kind: what is left of its accuracy.

Binary networks do better, for they learn with the weights that they have. Here a weight keeps its sign alone,
and what stands behind it has learned from another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from kerilog import floating
from kerilog.formats import IntArray
from kerilog.graph import Array, BatchNormalization, Conv2D, Dense, DepthwiseConv2D, Graph, Learned, Op
from kerilog.progress import Progress, silent
from kerilog.quality.heads import confusion
from kerilog.study.approximate import answers, around_one, signs
from kerilog.transforms import simplify

KINDS = ("kernel", "bias", "gamma", "beta")


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """A network whose ``kinds`` of parameters are binary.

    ``matrix`` (classes, classes) counts its answers: the row is the true class, the column the answer.
    """

    kinds: tuple[str, ...]
    matrix: IntArray

    @property
    def accuracy(self) -> float:
        """The share of right answers, 0..1."""
        return float(np.trace(self.matrix) / self.matrix.sum())

    @property
    def title(self) -> str:
        return ", ".join(self.kinds) or "none"


def steps(
    graph: Graph, x: Array, labels: npt.NDArray[np.int64], progress: Progress = silent
) -> tuple[Step, ...]:
    """``graph``, as it was read, as it is and with one more kind of its parameters binary in each step.

    ``x`` (count, *shape) in float, ``labels`` (count,). Kinds that it has not are left out.
    """
    kinds = present(graph)
    found = []
    for count in range(len(kinds) + 1):
        progress(f"{count} of {len(kinds)} kinds of parameters are binary", count / (len(kinds) + 1))
        changed = simplify(binarized(graph, kinds[:count]))
        found.append(Step(kinds[:count], _matrix(changed, x, labels)))
    return tuple(found)


def present(graph: Graph) -> tuple[str, ...]:
    """Those of ``KINDS`` that ``graph`` has, in their order."""
    has = {kind for node in graph for kind in _parameters(node.op)}
    return tuple(kind for kind in KINDS if kind in has)


def binarized(graph: Graph, kinds: Sequence[str]) -> Graph:
    """``graph``, as it was read, with every parameter of ``kinds`` binary: see ``signs``, ``around_one``."""
    nodes = (dataclasses.replace(node, op=_changed(node.op, kinds)) for node in graph)
    return dataclasses.replace(graph, nodes=tuple(nodes))


def _parameters(op: Op) -> Iterator[str]:
    match op:
        case Conv2D() | DepthwiseConv2D() | Dense():
            yield "kernel"
            if op.has_bias:
                yield "bias"
        case BatchNormalization(learned=Learned() as learned):
            if learned.gamma is not None:
                yield "gamma"
            if learned.beta is not None:
                yield "beta"


def _changed(op: Op, kinds: Sequence[str]) -> Op:
    changing = [kind for kind in _parameters(op) if kind in kinds]
    match op:
        case BatchNormalization(learned=Learned() as learned):
            learned = dataclasses.replace(
                learned, **{kind: CHANGES[kind](getattr(learned, kind)) for kind in changing}
            )
            scale, offset = (values.astype(np.float32) for values in learned.combined())
            return BatchNormalization(scale, offset, learned)
        case _:
            return dataclasses.replace(op, **{kind: CHANGES[kind](getattr(op, kind)) for kind in changing})


CHANGES = {"kernel": signs, "bias": signs, "gamma": around_one, "beta": signs}
"""What makes a parameter of each kind binary."""


def _matrix(graph: Graph, x: Array, labels: npt.NDArray[np.int64]) -> IntArray:
    """The confusion matrix of the largest outputs."""
    found = answers(lambda batch: floating.run(graph, batch)[0], x)
    return confusion(labels, found, graph[graph.outputs[0]].shape[-1])
