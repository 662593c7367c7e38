# SPDX-License-Identifier: Apache-2.0
"""One Kerilog design: made, simulated and held to the integer model, synthesized."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
from store import ROOT, WORK, Values, digest, recall

import area
import kerilog
from kerilog.api import Quantized
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.manifest import Manifest
from kerilog.plan import plan
from kerilog.quantize import strip_softmax
from kerilog.verify import simulate


@dataclasses.dataclass(frozen=True)
class Network:
    """A quantized network; ``codes``: frames to simulate, as integer codes.

    ``folder``: how directories are named; ``name``: the top module; ``title``: what people read.
    """

    folder: str
    name: str
    title: str
    quantized: Quantized
    codes: IntArray


def measure(network: Network, interval: int, frames: dict[str, int]) -> Values:
    """Everything about ``network`` at ``interval`` cycles a frame that a table may show.

    ``frames``: how many are simulated, back to back, by each simulator. Raises KerilogError if one of their
    outputs differs from the integer model, or if cycles differ from what was planned.
    """
    directory = WORK / f"{network.folder}_{interval}"
    title = f"{network.title}, {interval:,} cycles"
    graph = strip_softmax(network.quantized.graph)
    start = time.perf_counter()
    plan(graph, interval, network.name)
    planned = time.perf_counter()
    manifest = kerilog.generate(network.quantized, directory, interval, network.name)
    whole = time.perf_counter() - planned
    for simulator, count in frames.items():
        _check(network, manifest, directory, simulator, count, title)
    fixed = {path.name for path in (ROOT / "hw" / "rtl").glob("*.v")}
    lines = {Path(name).name: _lines(directory / name) for name in manifest.sources}
    return {
        "title": network.title,
        "asked": interval,
        "multipliers": manifest.multipliers + manifest.constants,  # as a budget counts them
        "macs": manifest.macs,
        "interval": manifest.frame_interval,
        "latency": manifest.latency,
        "utilization": manifest.utilization or 0.0,
        "lines": sum(count for name, count in lines.items() if name not in fixed),
        "library": sum(count for name, count in lines.items() if name in fixed),
        "plan_seconds": planned - start,
        "seconds": whole,
        "frames": frames,
        **area.of_design(directory, title),
    }


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="ascii").splitlines())


def _check(
    network: Network, manifest: Manifest, directory: Path, simulator: str, frames: int, title: str
) -> None:
    """Raise KerilogError unless a simulation gives the right outputs in the cycles that were planned."""
    codes = np.resize(network.codes, (frames, *network.codes.shape[1:]))
    files = [directory / name for name in (*manifest.sources, *manifest.memories)]

    def run() -> Values:
        found = simulate(directory, codes, simulator)
        different = int(np.count_nonzero(found.codes != network.quantized.run(codes)))
        if different or found.frame_error:
            raise KerilogError(f"{title}: {different} outputs differ from the integer model")
        return {"interval": found.interval, "latency": found.latency}

    key = digest(files, simulator, codes.tobytes().hex())
    found = recall("simulation", key, f"{title}: {frames} images in {simulator}", run)
    planned = {"interval": manifest.frame_interval, "latency": manifest.latency}
    if found != planned:
        raise KerilogError(f"{title}: planned {planned}, {simulator} found {found}")
