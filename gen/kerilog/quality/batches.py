# SPDX-License-Identifier: Apache-2.0
"""Samples as both networks take them, a batch at a time: memory does not grow with their number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from kerilog import floating, frames
from kerilog.errors import KerilogError
from kerilog.floating import Samples
from kerilog.formats import IntArray
from kerilog.graph import Array
from kerilog.qgraph import QGraph

MOST = 500  # samples
_ELEMENTS = 1 << 22  # of inputs and outputs together: 32 MB as int64


def batch_size(integer: QGraph) -> int:
    """Samples at a time for ``floating.run`` and the integer model, which bound what they hold inside."""
    ends = (*integer.inputs, *(integer[name] for name in integer.outputs))
    return max(1, min(MOST, _ELEMENTS // sum(math.prod(node.shape) for node in ends)))


def named(integer: QGraph, x: Samples) -> Mapping[str, Array]:
    """``x`` by the names of the inputs. Raises KerilogError for one array for several inputs, for none."""
    if not isinstance(x, Mapping):
        if len(integer.inputs) != 1:
            raise KerilogError(
                f"{integer.name}: expected samples for {len(integer.inputs)} inputs, by their names, "
                "got one array"
            )
        x = {integer.inputs[0].name: x}
    if floating.count(x) == 0:
        raise KerilogError(f"{integer.name}: there are no samples")
    return x


def batches(integer: QGraph, x: Samples, size: int) -> Iterator[tuple[int, Mapping[str, Array]]]:
    """Where each batch of at most ``size`` samples starts, and its samples, float32, by the inputs' names.

    Numbers of any type are real values here, never codes. Raises KerilogError as ``named``.
    """
    by_name = named(integer, x)
    for start in range(0, floating.count(by_name), size):
        part = floating.part(by_name, start, start + size)
        yield start, {name: np.asarray(values, np.float32) for name, values in part.items()}


def codes_of(integer: QGraph, part: Mapping[str, Array]) -> dict[str, IntArray]:
    """The codes of a batch of ``batches``. Raises KerilogError where it does not fit the inputs."""
    return frames.codes_of(integer, part)
