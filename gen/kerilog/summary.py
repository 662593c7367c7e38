# SPDX-License-Identifier: Apache-2.0
"""What the command prints: one table a command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table

from kerilog.handoff.synth import Resources
from kerilog.manifest import Layer, Manifest
from kerilog.verify import SimulationResult


def _table(title: str) -> rich.table.Table:
    table = rich.table.Table(title=title, show_header=False, box=rich.box.SIMPLE, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    return table


def show(manifest: Manifest, directory: Path) -> None:
    """The table of a built design."""
    table = _table(f"{manifest.name}, {manifest.scheme}")
    extra = manifest.extra
    if "data" in extra:
        table.add_row("data", str(extra["data"]))
    for row in _accuracy_rows(extra.get("accuracy")):
        table.add_row(*row)
    size = extra.get("bytes")
    if size:
        ratio = size["float"] / max(1, size["integer"])
        table.add_row(
            "parameters", f"{size['float']:,} bytes float32, {size['integer']:,} integer ({ratio:.2f} x)"
        )
    table.add_row("multipliers", _multipliers(manifest))
    busy = _busy(extra.get("macs"), manifest.multipliers, manifest.frame_interval)
    table.add_row(
        "cycles a frame", f"{manifest.frame_interval}" + (f", multipliers {busy} busy" if busy else "")
    )
    table.add_row("latency", f"{manifest.latency} cycles, first input beat to last output beat")
    for layer in manifest.layers:
        if layer.pe and layer.simd:
            table.add_row(f"  {_title(layer)}", _folding(layer, manifest.frame_interval))
    count = sum(1 for path in directory.rglob("*") if path.is_file())
    table.add_row(
        "written",
        f"{count} files, {len(manifest.sources)} Verilog, {len(manifest.memories)} ROM, in {directory}",
    )
    rich.console.Console().print(table)


def _title(layer: Layer) -> str:
    """The layer's name as every option has it; that of its instance in Verilog is legal there."""
    return str(layer.extra.get("layer", layer.name))


def _multipliers(manifest: Manifest) -> str:
    """How many there are, and how many of them are constants: shifts and adds in their place."""
    constants = sum(
        (layer.pe or 0) * (layer.simd or 0) for layer in manifest.layers if "constants" in layer.extra
    )
    return f"{manifest.multipliers}" + (f", {constants} of them by constants" if constants else "")


def _busy(macs: Any, multipliers: int, interval: int) -> str:
    """The share of all possible multiplications that is useful; empty without multipliers."""
    possible = multipliers * interval
    return f"{macs / possible:.1%}" if isinstance(macs, int) and possible else ""


def _folding(layer: Layer, interval: int) -> str:
    """The multipliers of a layer, the part of a frame's cycles that they are busy in, and its sums."""
    assert layer.pe and layer.simd
    busy = _busy(layer.extra.get("macs"), layer.pe * layer.simd, interval)
    constants = " constants" if "constants" in layer.extra else ""
    windows = layer.extra.get("windows", 1)
    folding = f"pe {layer.pe} x simd {layer.simd}{constants}"
    folding += f" on {windows} windows" if windows > 1 else ""
    folding += f", {busy} busy" if busy else ""
    return f"{layer.kind}, {folding}, sums of {layer.accumulator_bits} bits"


def _accuracy_rows(accuracy: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if not accuracy:
        return []
    loss = 100 * (accuracy["original"] - accuracy["integer"])
    return [
        ("accuracy, float", f"{accuracy['original']:.2%} of {accuracy['samples']:,} test samples"),
        ("accuracy, integer", f"{accuracy['integer']:.2%} ({-loss:+.2f} points)"),
        ("accuracy, naive", f"{accuracy['naive']:.2%} (one Q1.7 format for every tensor)"),
    ]


def show_simulation(result: SimulationResult, different: int) -> None:
    """What a simulation found."""
    table = _table("simulation")
    table.add_row("frames", f"{len(result.codes):,}, {result.codes.size:,} elements")
    table.add_row("mismatches", f"{different:,}")
    table.add_row(
        "cycles", f"{result.cycles:,} in {result.seconds:.1f} s, {result.cycles_per_second:,.0f} a second"
    )
    if result.interval is not None:
        table.add_row("cycles a frame", f"{result.interval}")
    table.add_row("latency", f"{result.latency} cycles, first input beat to last output beat")
    rich.console.Console().print(table)


def show_resources(resources: Resources) -> None:
    """What synthesis found."""
    table = _table(f"{resources.target}, {resources.device}")
    for label, value in (
        ("LUT", resources.lut),
        ("LUT as memory", resources.lutram),
        ("FF", resources.ff),
        ("BRAM (18 Kbit)", resources.bram18),
        ("DSP", resources.dsp),
    ):
        table.add_row(label, f"{value:,}")
    if resources.fmax_mhz is not None:
        table.add_row("Fmax", f"{resources.fmax_mhz:.1f} MHz, after place and route")
    rich.console.Console().print(table)
