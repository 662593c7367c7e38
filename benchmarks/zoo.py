# SPDX-License-Identifier: Apache-2.0
"""Networks of the shapes that users arrive with: the second part of `docs/networks.md`, by `make networks`.

    python benchmarks/zoo.py [--only NAME ...] [--dry]

Each is made with weights of our own, quantized (`affine`) and planned for the default goal. Its RTL runs in
Verilator on random frames; every element of every output must be that of the integer model, and interval and
latency must be as planned. A network that has no hardware yet is listed with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from kerilog import build, frontend
from kerilog.area.devices import holding
from kerilog.errors import KerilogError, Unsupported
from kerilog.formats import IntArray
from kerilog.graph import Graph
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest, Model
from kerilog.plan.goals import Goal, design_for
from kerilog.qgraph import QGraph
from kerilog.quantize import calibrate, quantize, strip_softmax
from kerilog.verify.steady import simulate_steady
from runs import ROOT
from zoo_models import MODELS, Zoo, make

sys.path.insert(0, str(ROOT / "benchmarks" / "hardware"))

import page
from store import WORK, Values, digest, recall, say

PAGE = ROOT / "docs" / "networks.md"
FRAMES, SEED = 20, 11


def network(name: str) -> QGraph:
    """The integer network ``name`` up to its softmax."""
    import keras

    model, samples = make(name, keras)
    path = WORK / "zoo" / f"{name}.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    graph = frontend.load(path)
    assert isinstance(graph, Graph)
    named = {node.name: x for node, x in zip(graph.inputs, samples.values(), strict=True)}
    return strip_softmax(quantize(calibrate(graph, named), "affine"))


def frames_for(graph: QGraph) -> dict[str, IntArray]:
    """Random codes (frames, *shape) of every input, by name."""
    random = np.random.default_rng(SEED)
    return {
        node.name: random.integers(node.format.minimum, node.format.maximum + 1, (FRAMES, *node.shape))
        for node in graph.inputs
    }


def simulate(title: str, folder: Path, graph: QGraph) -> Values:
    """What Verilator gives; KerilogError for an element, an interval or a latency that is wrong."""
    manifest = Manifest.read(folder)
    codes = frames_for(graph)
    by_port = {stream.name: array for stream, array in zip(manifest.inputs, codes.values(), strict=True)}
    start = time.perf_counter()
    steady = simulate_steady(folder, by_port)
    for place, (found, wanted) in enumerate(
        zip(steady.result.outputs, run_outputs(graph, codes), strict=True)
    ):
        wrong = int(np.count_nonzero(found[:FRAMES] != wanted))
        if wrong:
            raise KerilogError(f"{title}: output {place}: {wrong} of {wanted.size} elements differ")
    troubles = list(steady.differences(manifest))
    if steady.interval is None:
        troubles.append("the interval does not stand")
    if troubles:
        raise KerilogError(f"{title}: {'; '.join(troubles)}")
    return {"frames": FRAMES, "seconds": time.perf_counter() - start}


def measure(name: str, zoo: Zoo) -> Values:
    """All figures of one network, or why it has no hardware."""
    say(f"{zoo.title}: quantize and plan")
    graph = network(name)
    try:
        design = design_for(graph, Goal(multipliers=zoo.multipliers), name)
    except Unsupported as error:
        return {"title": zoo.title, "refused": str(error)}
    folder = WORK / "zoo" / name
    source = Model(file=f"{name}.keras", sha256="0" * 64)
    manifest = build.generate(graph, design, folder, build.about(graph, source), force=True)
    key = digest([folder / file for file in (*manifest.sources, *manifest.memories)])
    simulated = recall("zoo", key, f"{zoo.title}: Verilator", lambda: simulate(zoo.title, folder, graph))
    return {"title": zoo.title, **figures(manifest), **simulated}


def figures(manifest: Manifest) -> Values:
    """What the manifest tells."""
    need = manifest.predicted["xc7"]
    smallest = holding(need)
    return {
        "macs": manifest.macs,
        "interval": manifest.frame_interval,
        "latency": manifest.latency,
        "multipliers": manifest.multipliers,
        "utilization": manifest.utilization,
        "lut": need.lut,
        "lutram": need.lutram,
        "ff": need.ff,
        "bram18": need.bram18,
        "dsp": need.dsp,
        "smallest": smallest[0] if smallest else "none",
    }


def _or_dash(field: str, form: str = ",") -> Any:
    return lambda row: "-" if row.get(field) is None else format(row[field], form)


COLUMNS: list[page.Column] = [
    ("network", lambda row: row["title"]),
    ("multiplications", page.whole("macs")),
    ("cycles per frame", page.whole("interval")),
    ("latency", page.whole("latency")),
    ("multipliers", page.whole("multipliers")),
    ("utilization", _or_dash("utilization", ".1%")),
    ("LUT", page.whole("lut")),
    ("as memory", page.whole("lutram")),
    ("FF", page.whole("ff")),
    ("RAMB18", page.whole("bram18")),
    ("DSP", page.whole("dsp")),
    ("smallest device", lambda row: row.get("smallest", "-")),
    ("frames equal", page.whole("frames")),
]


def text_of(rows: list[Values]) -> str:
    """The table, and why some have no hardware."""
    reasons = [f"- {row['title']}: {row['refused']}" for row in rows if "refused" in row]
    return "\n".join([page.table(COLUMNS, rows), *reasons])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", choices=list(MODELS))
    parser.add_argument("--dry", action="store_true", help="print, but leave the page as it is")
    arguments = parser.parse_args()
    kept = WORK / "zoo.json"
    known: dict[str, Values] = json.loads(kept.read_text(encoding="ascii")) if kept.is_file() else {}
    for name in arguments.only or MODELS:
        known[name] = measure(name, MODELS[name])
        kept.write_text(json.dumps(known, indent=2), encoding="ascii")
    text = text_of([known[name] for name in MODELS if name in known])
    print(f"\n{text}")
    if not arguments.dry:
        page.replace(PAGE, "zoo", text)


if __name__ == "__main__":
    try:
        main()
    except KerilogError as error:
        raise SystemExit(f"networks: error: {error}") from None
