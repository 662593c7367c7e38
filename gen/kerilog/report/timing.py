# SPDX-License-Identifier: Apache-2.0
"""Time an image of the float and of the integer network, both in NumPy on one core of this computer."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import threadpoolctl

from kerilog import floating
from kerilog.graph import Graph
from kerilog.integer.model import Model
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph

BATCHES = (1, 100)
_SECONDS = 0.4  # spent on each measurement
_FEWEST = 5


@dataclasses.dataclass(frozen=True)
class Times:
    """Least microseconds an image, ``batch`` at a time; ``original`` is None without a float network."""

    batch: int
    original: float | None
    integer: float


def measure(integer: QGraph, original: Graph | None, progress: Progress = silent) -> tuple[Times, ...]:
    """Times over random inputs: what they hold makes no difference to the work."""
    model = Model(integer)
    found = []
    for batch in BATCHES:
        progress(f"timing, {batch} at a time", None)
        draw = np.random.default_rng(batch)
        codes = {
            source.name: draw.integers(
                source.format.minimum, source.format.maximum + 1, (batch, *source.shape)
            )
            for source in integer.inputs
        }
        x = {name: integer[name].format.dequantize(array).astype(np.float32) for name, array in codes.items()}
        # A product on several cores waits for the slowest, which other work on the computer may hold up.
        with threadpoolctl.threadpool_limits(1):
            slow = None if original is None else _best(partial(floating.run, original, x)) / batch
            fast = _best(partial(model.tensors, codes, integer.outputs)) / batch
        found.append(Times(batch, slow, fast))
    return tuple(found)


def _best(work: Callable[[], object]) -> float:
    """Least microseconds of ``work``, after a first run that is not counted."""
    work()
    times: list[float] = []
    while len(times) < _FEWEST or sum(times) < _SECONDS:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e6 * min(times)
