# SPDX-License-Identifier: Apache-2.0
"""Run the generated RTL in a simulator and hand back what came out, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.integer.model import run
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.quantize import softmax_tail
from kerilog.verify import icarus, verilator
from kerilog.verify.look import NOTHING, Look
from kerilog.verify.result import NO_STALLS, Codes, SimulationResult, Stalls

__all__ = [
    "NOTHING",
    "NO_STALLS",
    "SIMULATORS",
    "Codes",
    "Look",
    "SimulationResult",
    "Stalls",
    "finished",
    "simulate",
]

SIMULATORS = {"verilator": verilator.simulate, "icarus": icarus.simulate}


def finished(graph: QGraph, outputs: Sequence[IntArray]) -> tuple[IntArray, ...]:
    """What the hardware of ``graph`` gave, behind the softmax that hardware leaves out where there is one."""
    tails = (softmax_tail(graph, place) for place in range(len(graph.outputs)))
    return tuple(
        codes if tail is None else run(tail, codes) for tail, codes in zip(tails, outputs, strict=True)
    )


def simulate(
    directory: str | Path,
    codes: Codes,
    simulator: str = "verilator",
    progress: Progress = silent,
    stalls: Stalls = NO_STALLS,
    watchdog: int | None = None,
    look: Look = NOTHING,
) -> SimulationResult:
    """Stream integer ``codes`` (frames, *input shape), of several inputs by name, through ``directory``.

    ``simulator``: "verilator" for whole data sets, "icarus" for a few frames by another tool. ``watchdog``:
    clock cycles without a beat that count as a hang, by default derived from the manifest. ``look``: what
    else is to be seen of it.

    Raises KerilogError when the simulator is unknown or missing, for codes that do not fit the input, and
    when the design hangs, breaks the stream protocol, gives unknown bits or lacks a memory file.
    """
    if simulator not in SIMULATORS:
        raise KerilogError(f"unknown simulator '{simulator}'; choose one of {', '.join(SIMULATORS)}")
    return SIMULATORS[simulator](directory, codes, progress, stalls, watchdog, look)
