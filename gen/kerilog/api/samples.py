# SPDX-License-Identifier: Apache-2.0
"""Arrays that a user hands over, by the names of the inputs or outputs that they belong to."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog import data, frames
from kerilog.data import Prepared, scaling
from kerilog.data.samples import array_of, finite, samples_of
from kerilog.errors import KerilogError
from kerilog.graph import Array, Graph, Shape
from kerilog.manifest import Scaling
from kerilog.qgraph import QGraph
from kerilog.quantize import Calibration
from kerilog.report.record import SAMPLES

Arrays = npt.ArrayLike | Mapping[str, npt.ArrayLike] | Sequence[npt.ArrayLike]
"""One array; for several inputs or outputs a mapping from their names to arrays, or a list in their order."""


@dataclasses.dataclass(frozen=True, eq=False)
class Calibrated:
    """The first of the calibration ``samples``, as the network gets them, and what all of them showed.

    ``found`` is of the float network, in the form that was rounded, None for one that came with its formats.
    """

    samples: Mapping[str, Array]
    found: Calibration | None = None

    @classmethod
    def keeping(cls, samples: Mapping[str, Array], found: Calibration | None = None) -> Calibrated:
        """As many of ``samples`` as a report shows; the others are let go."""
        few = {name: array[:SAMPLES].copy() for name, array in samples.items()}
        return cls(few, found)


def first_seen(graph: Graph | QGraph, x: Arrays, what: str, input_scale: float | None) -> Prepared:
    """Samples that show what the samples of ``graph`` are like, as the network gets them; see ``prepare``.

    ``what`` is the name of ``x``. Raises KerilogError where it does not fit the inputs.
    """
    return data.prepare(graph, _checked(graph, x, what), input_scale)


def raw(graph: Graph | QGraph, x: Arrays, what: str, rules: Mapping[str, Scaling]) -> dict[str, Array]:
    """Samples float32 (count, *shape) of every input, by name, from ``x`` as the model takes it.

    They are scaled by ``rules``, which ``first_seen`` gave; integers of another type than those are refused
    unless the model scales them itself. Raises KerilogError, with ``what`` for a name of ``x``, where it does
    not fit the inputs.
    """
    arrays = _checked(graph, x, what)
    inputs = data.intakes(graph)
    found = {}
    for name, array in arrays.items():
        where = _where(what, name, arrays)
        rule = rules[name]
        as_they_are = array.dtype.kind in "iu" and inputs[name].why and not rule.given
        factor = 1.0 if as_they_are else scaling.factor_for(array, rule, where)
        found[name] = scaling.scaled(array, where, factor)
    return found


def _checked(graph: Graph | QGraph, x: Arrays, what: str) -> dict[str, npt.NDArray[Any]]:
    """``x`` by the names of the inputs, each of its shape, as many samples in each."""
    shapes = {node.name: node.shape for node in graph.inputs}
    found = {
        name: finite(samples_of(array, where, shapes[name]), where)
        for name, array in named(x, shapes, what, "input").items()
        for where in (_where(what, name, shapes),)
    }
    counts = {name: len(array) for name, array in found.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count:,} for '{name}'" for name, count in counts.items())
        raise KerilogError(f"{what}: expected as many samples for each input, found {told}")
    return found


def labels(graph: Graph | QGraph, y: Arrays, count: int, what: str) -> dict[str, npt.NDArray[Any]]:
    """Labels (count, ...) of every output that has some, by name. Raises KerilogError as ``raw``.

    A mapping may leave outputs out.
    """
    names = frames.output_names(graph)
    shapes = {name: graph[node].shape for name, node in zip(names, graph.outputs, strict=True)}
    wanted = {name: shapes[name] for name in shapes if name in y} if isinstance(y, Mapping) else shapes
    found = named(y, wanted or shapes, what, "output")
    for name, array in found.items():
        if array.ndim == 0 or len(array) != count:
            came = f"{len(array):,}" if array.ndim else "a single one"
            raise KerilogError(f"{_where(what, name, shapes)}: expected {count:,} labels, found {came}")
    return found


def named(x: Arrays, shapes: Mapping[str, Shape], what: str, kind: str) -> dict[str, npt.NDArray[Any]]:
    """``x`` as arrays by the names of ``shapes``, which belong to inputs or outputs, the ``kind``."""
    if isinstance(x, Mapping):
        _check_keys(x, shapes, what, kind)
        return {name: array_of(x[name], _where(what, name, shapes)) for name in shapes}
    names = tuple(shapes)
    if len(names) == 1:
        # Keras takes a list of one array, too
        if isinstance(x, (list, tuple)) and len(x) == 1 and np.ndim(x[0]) == len(shapes[names[0]]) + 1:
            x = x[0]
        return {names[0]: array_of(x, what)}
    if not isinstance(x, (list, tuple)) or len(x) != len(names):
        found = f"{len(x)} arrays" if isinstance(x, (list, tuple)) else "one array"
        raise KerilogError(
            f"{what}: expected {len(names)} arrays, for the {kind}s {', '.join(names)}, found {found}"
        )
    return {name: array_of(one, _where(what, name, shapes)) for name, one in zip(names, x, strict=True)}


def _where(what: str, name: str, names: Collection[str]) -> str:
    return what if len(names) == 1 else f"{what}['{name}']"


def _check_keys(x: Mapping[str, Any], shapes: Mapping[str, Shape], what: str, kind: str) -> None:
    if set(x) != set(shapes):
        found = ", ".join(f"'{key}'" for key in x) or "nothing"
        wanted = ", ".join(f"'{name}'" for name in shapes)
        raise KerilogError(f"{what}: expected an array for each {kind}, {wanted}; found {found}")
