# SPDX-License-Identifier: Apache-2.0
"""Measure the hardware, against NNgen on the same network and images, and write it into docs/performance.md.

    python benchmarks/hardware [--data mnist.npz] [--without nngen ...] [--dry]

Slow steps (Yosys, simulations) are known again as long as what they were given has not changed, so that a
run that was broken off goes on where it was; `rm -r build/bench` forgets them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import clock
import designs
import growth
import nngen_host
import page
import plots
import speed
from store import ROOT, WORK, Values, say

import area
import kerilog
from kerilog.data import Dataset, load_dataset
from kerilog.errors import KerilogError
from kerilog.graph import Graph

MODEL = ROOT / "models" / "mnist_cnn.keras"
PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
SAMPLES = 1000  # images that choose the formats
INTERVALS = 338, 676, 784, 43_264
FRAMES = {"icarus": nngen_host.SIMULATED, "verilator": 100}
TABLES = {
    "multipliers": page.BUDGETS,
    "sizes": page.SIZES,
    "speed": page.SPEED,
    "clock": page.CLOCK,
}
PARTS = "nngen", "designs", "multipliers", "sizes", "speed", "clock"


def compare(graph: Graph, data: Dataset, networks: dict[str, designs.Network]) -> list[Values]:
    """One row a scheme and interval, simulated by Icarus on NNgen's images, and by Verilator on more."""
    assert data.y_test is not None  # MNIST has labels
    rows = []
    for scheme, network in networks.items():
        answers = network.quantized.run(data.x_test[: nngen_host.IMAGES]).argmax(axis=1)
        accuracy = float((answers == data.y_test[: nngen_host.IMAGES]).mean())
        for interval in INTERVALS:
            row = designs.measure(network, interval, FRAMES)
            row |= {"title": f"Kerilog, `{scheme}`, {interval:,}", "scheme": scheme, "accuracy": accuracy}
            rows.append(row)
    return rows


def versions(images: str) -> str:
    """Where the numbers are from."""
    text = f"{platform.machine()}, {os.cpu_count()} processors; Python {platform.python_version()}; "
    return text + f"{area.version()}; images: {images}"


def run(data: Dataset, parts: list[str]) -> dict[str, list[Values]]:
    """The rows of every table that ``parts`` name; without NNgen its rows are missing."""
    graph = kerilog.load(MODEL)
    assert isinstance(graph, Graph)
    samples = data.x_train[:SAMPLES]
    networks = {}
    for scheme in ("fixed", "affine"):
        say(f"quantizing, {scheme}")
        quantized = kerilog.quantize(graph, samples, scheme)
        codes = quantized.input_format.quantize(data.x_test)
        networks[scheme] = designs.Network(
            f"mnist_{scheme}", graph.name, f"MNIST CNN, {scheme}", quantized, codes
        )
    rows: dict[str, list[Values]] = {}
    if "designs" in parts:
        rows["designs"] = compare(graph, data, networks)
    if "multipliers" in parts:
        rows["multipliers"] = growth.by_multipliers(networks["fixed"])
    if "sizes" in parts:
        rows["sizes"] = growth.by_size(graph, samples, data.x_test[:16])
    if "speed" in parts:
        rows["speed"] = speed.measure(networks["fixed"])
    if "clock" in parts:
        reason = clock.missing()
        if reason is None:
            rows["clock"] = clock.measure(networks.values())
        else:
            print(f"without the clock, whose table stays as it is: {reason}")
    if "nngen" in parts:
        reason = nngen_host.install()
        if reason is None:
            rows["nngen"] = nngen_host.measure(graph, data)
        else:
            print(f"without NNgen, which cannot be installed here: {reason}")
    return rows


def tables(rows: dict[str, list[Values]], source: str) -> dict[str, str]:
    """The text of every table by its marker."""
    texts = {"source": f"Measured on {source}."}
    ours, others = rows.get("designs", []), rows.get("nngen", [])
    if ours:
        texts["comparison"] = page.table(page.COMPARISON, [*others, *ours])
        texts["use"] = page.table(page.USE, ours)
        texts["ratios"] = page.ratios(others, ours) if others else "This run had no NNgen to compare with."
    for name, columns in TABLES.items():
        if name in rows:
            texts[name] = page.table(columns, rows[name])
    return texts


def draw(rows: dict[str, list[Values]]) -> None:
    """The pictures of the page."""
    if "multipliers" in rows:
        reached = {row["multipliers"]: row for row in rows["multipliers"] if row["asked"] is not None}
        plots.multipliers(list(reached.values()), rows.get("nngen", []), IMAGES / "bench_multipliers.svg")
    if "sizes" in rows:
        plots.sizes(rows["sizes"], IMAGES / "bench_sizes.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, help="NPZ file with MNIST; else as `kerilog build` finds it")
    parser.add_argument("--without", nargs="*", choices=PARTS, default=[], help="leave these parts out")
    parser.add_argument("--dry", action="store_true", help="print the tables, but leave the page as it is")
    arguments = parser.parse_args()
    data = load_dataset(arguments.data or "mnist", (28, 28, 1))
    rows = run(data, [part for part in PARTS if part not in arguments.without])
    source = versions(data.source if arguments.data is None else arguments.data.name)
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "hardware.json").write_text(json.dumps({"source": source, **rows}, indent=2), encoding="utf-8")
    for name, text in tables(rows, source).items():
        print(f"\n{name}\n\n{text}")
        if not arguments.dry:
            page.replace(PAGE, name, text)
    if not arguments.dry:
        draw(rows)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"bench: error: {error}") from None
