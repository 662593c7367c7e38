# SPDX-License-Identifier: Apache-2.0
"""The integer model: runs a ``QGraph`` on codes. All hardware is held to what it gives."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.integer import fast
from kerilog.integer.encode import encode
from kerilog.integer.engine import NUMPY
from kerilog.integer.finish import Codes, storage
from kerilog.integer.steps import Step, make_step, make_steps
from kerilog.parallel import for_each
from kerilog.qgraph import QGraph, QNode

__all__ = ["Inputs", "Model", "make_step", "run", "run_all", "run_outputs"]

Inputs = npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]
"""Codes (frames, *shape) of the one input, or of each input by its name."""

EngineName = Literal["numpy", "fast"]

_CHUNK_ELEMENTS = 1 << 17  # elements of the widest tensor that are worked on at once: what the cache takes
_CHUNK_FRAMES = 1024


def run(graph: QGraph, x: Inputs) -> IntArray:
    """Output codes (frames, *output shape) of a one-output graph for input codes (frames, *input shape).

    Raises ``KerilogError`` if ``x`` does not fit the inputs or the graph has not one output.
    """
    return prepared(graph).run(x)


def run_outputs(graph: QGraph, x: Inputs) -> tuple[IntArray, ...]:
    """As ``run`` for any number of outputs, in the order of ``graph.outputs``."""
    tensors = prepared(graph).tensors(x, graph.outputs)
    return tuple(tensors[name] for name in graph.outputs)


def run_all(graph: QGraph, x: Inputs) -> dict[str, IntArray]:
    """The codes of every tensor by node name, each (frames, *shape), constants included, all held at once."""
    return prepared(graph).tensors(x, tuple(node.name for node in graph))


@functools.lru_cache(maxsize=4)
def prepared(graph: QGraph) -> Model:
    """The model of ``graph``; the last few are kept, for those who come again with the next frames."""
    return Model(graph)


class Model:
    """A graph made ready to run: all that does not depend on data is done once.

    ``engine`` is what does the arithmetic: "numpy", or "fast" (ONNX Runtime and Numba), which gives the same
    and is faster on large networks. The attribute ``engine`` tells which it is, with versions. Raises
    MissingLibraryError where a library is not installed, and KerilogError where it is not exact on this
    processor.
    """

    def __init__(self, graph: QGraph, engine: EngineName = "numpy") -> None:
        if not graph.inputs:
            raise KerilogError(f"{graph.name}: expected an input, found none")
        if engine not in get_args(EngineName):
            raise KerilogError(f"engine: expected 'numpy' or 'fast', found {engine!r}")
        self._engine = fast.engine() if engine == "fast" else NUMPY
        self.engine = self._engine.name
        self.graph = graph
        self.sources = graph.inputs
        self._shapes = {node.name: node.shape for node in graph}
        self._widest = max(math.prod(node.shape) for node in graph)
        self._steps: dict[tuple[str, ...], list[Step]] = {}

    def run(self, x: Inputs) -> IntArray:
        """As the function ``run``."""
        outputs = self.graph.outputs
        if len(outputs) != 1:
            raise KerilogError(
                f"{self.graph.name}: expected one output, found {len(outputs)}; use run_outputs"
            )
        return self.tensors(x, outputs)[outputs[0]]

    def tensors(self, x: Inputs, names: tuple[str, ...]) -> dict[str, IntArray]:
        """The tensors ``names`` for codes ``x``, worked out a few frames at a time on each processor."""
        codes = self._checked(x)
        if names not in self._steps:
            self._steps[names] = make_steps(self.graph, names, self._engine)
        steps = self._steps[names]
        size = min(max(_CHUNK_ELEMENTS // max(self._widest, 1), 1), _CHUNK_FRAMES)
        frames = len(next(iter(codes.values())))
        result = {name: np.empty((frames, *self._shapes[name]), np.int64) for name in names}

        def work(start: int) -> None:
            chunk = {name: array[start : start + size] for name, array in codes.items()}
            part = self._chunk(chunk, steps)
            for name, array in result.items():
                array[start : start + size] = part[name]

        for_each(range(0, frames, size), work)
        return result

    def each(self, x: Inputs) -> Iterator[tuple[str, Codes]]:
        """Name and codes of every tensor for a few frames ``x`` in order, each in the narrowest type and let
        go after its last use, on this processor; a constant comes once.
        """
        tensors = self._checked(x)
        yield from tuple(tensors.items())
        names = tuple(self._shapes)
        if names not in self._steps:
            self._steps[names] = make_steps(self.graph, names, self._engine)
        frames = len(next(iter(tensors.values())))
        steps = self._steps[names]
        last = {name: step.name for step in steps for name in step.inputs}
        for step in steps:
            value = step.function(*[tensors[name] for name in step.inputs])
            tensors[step.name] = value.reshape(1 if step.constant else frames, *step.shape)
            yield step.name, tensors[step.name]
            for name in {step.name, *step.inputs}:
                if last.get(name, step.name) == step.name:
                    del tensors[name]

    def _chunk(self, tensors: dict[str, Codes], steps: list[Step]) -> dict[str, Codes]:
        """The tensors of a few frames that no step drops; ``tensors`` are those of the inputs."""
        frames = len(next(iter(tensors.values())))
        for step in steps:
            value = step.function(*[tensors[name] for name in step.inputs])
            tensors[step.name] = value.reshape(1 if step.constant else frames, *step.shape)
            for name in step.dead:
                del tensors[name]
        return tensors

    def ready(self, x: npt.NDArray[Any]) -> Codes | None:
        """Codes of the one input for ``x``, finite floats or codes in their own type; None for all else."""
        if len(self.sources) != 1:
            return None
        source = self.sources[0]
        if _covers(source, x):
            return x
        floats = x.dtype in (np.float32, np.float64) and x.shape[1:] == source.shape and x.ndim > 0
        return encode(source.format, x) if floats and np.isfinite(x).all() else None

    def _checked(self, x: Inputs) -> dict[str, Codes]:
        """``x`` in each input's storage type. Raises ``KerilogError`` where it does not fit the inputs."""
        if not isinstance(x, Mapping):
            if len(self.sources) != 1:
                raise KerilogError(f"{self.graph.name}: expected one input, found {len(self.sources)}")
            x = {self.sources[0].name: x}
        missing = [source.name for source in self.sources if source.name not in x]
        if missing:
            raise KerilogError(f"{self.graph.name}: input {missing[0]}: expected codes, found none")
        codes = {source.name: self._codes(source, x[source.name]) for source in self.sources}
        if len({len(array) for array in codes.values()}) > 1:
            found = ", ".join(f"{len(array)} for {name}" for name, array in codes.items())
            raise KerilogError(f"{self.graph.name}: expected as many frames for each input, found {found}")
        return codes

    def _codes(self, source: QNode, x: npt.NDArray[Any]) -> Codes:
        if _covers(source, x):
            return x
        label = f"{self.graph.name}: input {source.name}"
        if not np.issubdtype(x.dtype, np.integer):
            raise KerilogError(f"{label}: expected integer codes, found {x.dtype}")
        if x.shape[1:] != source.shape or x.ndim == 0:
            expected = ", ".join(["frames", *map(str, source.shape)])
            raise KerilogError(f"{label}: expected shape ({expected}), found {x.shape}")
        low, high = source.format.minimum, source.format.maximum
        if x.size and (x.min() < low or x.max() > high):
            raise KerilogError(f"{label}: expected codes {low}..{high}, found {x.min()}..{x.max()}")
        return x.astype(storage(source.format))


def _covers(source: QNode, x: npt.NDArray[Any]) -> bool:
    """Whether ``x`` is of the input's shape and of a type all of whose values are codes of the input."""
    narrow = np.dtype(storage(source.format))
    covered = x.dtype == narrow and source.format.bits == 8 * narrow.itemsize
    return covered and x.ndim > 0 and x.shape[1:] == source.shape
