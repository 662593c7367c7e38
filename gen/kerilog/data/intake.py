# SPDX-License-Identifier: Apache-2.0
"""What a network does with its inputs first: whether it scales the samples itself."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.data.arrays import RawArray
from kerilog.graph import (
    BatchNormalization,
    Converter,
    Dropout,
    Graph,
    Node,
    Reshape,
    Shape,
    ZeroPadding2D,
)
from kerilog.qgraph import QGraph

_PIXELS = 128.0  # an input whose format reaches this far is one of pixels as they are
_SOME = 1000  # samples that ranges are taken from
_THROUGH = (Reshape, ZeroPadding2D, Dropout, Converter)


@dataclasses.dataclass(frozen=True)
class Intake:
    """One input: its ``shape``, and the layer ``scaled_by`` that scales it first, "" if there is none.

    ``factors`` and ``offsets`` are that layer's, per channel. ``plain`` names a layer that takes the input as
    it is although another one scales it. ``holds`` is the range of real numbers of the input's format, for a
    network in integers.
    """

    shape: Shape
    scaled_by: str = ""
    factors: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    plain: str = ""
    holds: tuple[float, float] | None = None

    @property
    def why(self) -> str:
        """Why integers are samples as they are; "" if they are not."""
        if self.scaled_by and not self.plain:
            return f"the model scales them (layer '{self.scaled_by}')"
        if self.holds is not None and self.holds[1] >= _PIXELS:
            return f"the model's input holds {self.holds[0]:g}..{self.holds[1]:g}"
        return ""

    def made_of(self, raw: RawArray, factor: float) -> tuple[float, float, float] | None:
        """What ``scaled_by`` makes of the first samples of ``raw`` (count, *shape) times ``factor``.

        Its smallest and its largest value, and the widest range of a channel; None without such a layer.
        """
        if not self.scaled_by:
            return None
        factors, offsets = np.asarray(self.factors) * factor, np.asarray(self.offsets)
        # the layer may be behind a Reshape, which keeps the elements in order
        seen = raw[:_SOME].reshape(-1, factors.size).astype(np.float64)
        ends = np.stack([seen.min(axis=0), seen.max(axis=0)]) * factors + offsets
        return float(ends.min()), float(ends.max()), float(np.ptp(ends, axis=0).max())

    def lost(self, raw: RawArray, factor: float) -> tuple[int, float] | None:
        """How many channels need a finer step than 8 bits over all of ``raw`` times ``factor`` allow, and it.

        For them one step is more than 1 behind ``scaled_by``. None where there are no such channels.
        """
        seen = raw[:_SOME].astype(np.float64) * factor
        step = float(np.ptp(seen)) / (2**8 - 1)
        count = int(np.count_nonzero(np.abs(np.asarray(self.factors)) * step > 1))
        return (count, step) if count else None


def intakes(graph: Graph | QGraph) -> dict[str, Intake]:
    """The inputs of ``graph`` by name."""
    if isinstance(graph, QGraph):
        return {node.name: Intake(node.shape, holds=_holds(graph, node.name)) for node in graph.inputs}
    return {node.name: _intake(graph, node) for node in graph.inputs}


def _holds(graph: QGraph, name: str) -> tuple[float, float]:
    format = graph[name].format
    low, high = format.dequantize([format.minimum, format.maximum])
    return float(low), float(high)


def _intake(graph: Graph, source: Node) -> Intake:
    """Follow the tensor through what changes no value, to the layers that work on it first."""
    scaled: list[tuple[str, BatchNormalization]] = []
    plain: list[str] = []
    waiting, seen = [source.name], {source.name}
    while waiting:
        name = waiting.pop()
        plain += [name] * (name in graph.outputs)
        for user in graph.users(name):
            if isinstance(user.op, BatchNormalization):
                scaled.append((user.name, user.op))
            elif not isinstance(user.op, _THROUGH):
                plain.append(user.name)
            elif user.name not in seen:
                seen.add(user.name)
                waiting.append(user.name)
    if not scaled:
        return Intake(source.shape)
    name, op = scaled[0]
    factors, offsets = (tuple(map(float, values)) for values in (op.scale, op.offset))
    return Intake(source.shape, name, factors, offsets, plain[0] if plain else "")
