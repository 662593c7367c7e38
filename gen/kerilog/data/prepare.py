# SPDX-License-Identifier: Apache-2.0
"""Samples that are in memory already, scaled as those of a file are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from kerilog.data import scaling
from kerilog.data.intake import intakes
from kerilog.data.samples import array_of, samples_of
from kerilog.errors import KerilogError
from kerilog.graph import Array, Graph
from kerilog.manifest import Scaling
from kerilog.qgraph import QGraph


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """Samples (count, *shape) float32 of each input by name, what was done to them, and what is doubtful."""

    samples: dict[str, Array]
    scaling: dict[str, Scaling]
    warnings: tuple[str, ...] = ()


def prepare(
    graph: Graph | QGraph,
    x: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]],
    scale: float | None = None,
    count: int | None = None,
) -> Prepared:
    """The first ``count`` samples ``x`` (all by default) as the network gets them.

    ``x`` has shape (samples, *shape), any real type; several inputs have theirs by name. ``scale`` multiplies
    them; without it uint8 is divided by 255 unless the network scales it itself. Raises KerilogError when
    samples do not fit the inputs.
    """
    inputs = intakes(graph)
    arrays = _by_name(graph.name, tuple(inputs), x)
    samples: dict[str, Array] = {}
    rules: dict[str, Scaling] = {}
    warnings: list[str] = []
    for name, intake in inputs.items():
        where = f"input '{name}'"
        raw = samples_of(array_of(arrays[name], where), where, intake.shape)[:count]
        rules[name] = scaling.scaling_of(raw, intake, scale)
        samples[name] = scaling.scaled(raw, where, rules[name].factor)
        warnings += scaling.doubts(name, rules[name], intake, raw)
    return Prepared(samples, rules, tuple(warnings))


def _by_name(
    model: str, names: tuple[str, ...], x: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]
) -> Mapping[str, npt.NDArray[Any]]:
    if not isinstance(x, Mapping):
        if len(names) != 1:
            raise KerilogError(f"model '{model}': expected samples for {len(names)} inputs, got one array")
        return {names[0]: x}
    missing = [name for name in names if name not in x]
    if missing:
        raise KerilogError(f"model '{model}': expected samples for input '{missing[0]}', got none")
    return x
