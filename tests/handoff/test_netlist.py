# SPDX-License-Identifier: Apache-2.0
"""After synthesis: netlists of whole designs give, in a simulator, what the integer model gives."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kerilog.emit import guide
from kerilog.handoff import synth
from kerilog.handoff.families import FAMILIES
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest
from kerilog.qgraph import QGraph
from kerilog.verify import design, tools
from support.designs import draw_all, generate
from support.golden import NETWORKS

FRAMES = 8  # with and without pauses: half a minute in Icarus
# block RAM stays out where Yosys has no model of it that a simulator can run
OPTIONS = {"xc7": " -nobram", "ecp5": " -nobram", "ice40": "", "gowin": " -nobram", "nexus": " -nobram"}
FOLDERS = {"xc7": "xilinx"}


def netlist(directory: Path, target: str, work: Path) -> None:
    """Write ``netlist.v`` of the design to ``work``."""
    found, family = design.read(directory), FAMILIES[target]
    top = found.manifest.top
    read = [f"read_verilog -lib -specify {family.library}"] if family.library else []
    script = [
        *read,
        f"read_verilog -defer {' '.join(synth.sources(found, target, work))}",
        f"hierarchy -check -top {top}{synth.overrides(found, target)}",
        f"{family.passes}{family.no_pads}{OPTIONS[target]} -top {top}",
        "write_verilog -noattr netlist.v",
    ]
    tools.run_tool(["yosys", "-q", "-p", "; ".join(script)], cwd=work)


def bench(graph: QGraph, directory: Path, work: Path) -> str:
    """Write the folder's own bench, with ``FRAMES`` frames; returns the name of its module."""
    manifest = Manifest.read(directory)
    codes = {name: array[:FRAMES] for name, array in draw_all(graph, FRAMES).items()}
    vectors = guide.Vectors(tuple(codes.values()), run_outputs(graph, codes), "random codes")
    for name, text in guide.files(manifest, vectors).items():
        if name.startswith("sim/"):
            (work / "sim").mkdir(exist_ok=True)
            (work / name).write_text(text)
    return f"krl_bench_{manifest.top}"


def cells(target: str) -> Path:
    yosys = shutil.which("yosys")
    assert yosys is not None
    folder = Path(yosys).resolve().parents[1] / "share/yosys" / FOLDERS.get(target, target)
    if not (folder / "cells_sim.v").is_file():
        pytest.skip(f"Yosys keeps its models elsewhere than in {folder}")
    return folder / "cells_sim.v"


def run(command: list[str], work: Path) -> str:
    found = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert found.returncode == 0, (found.stdout + found.stderr)[-3000:]
    return found.stdout


@pytest.mark.full
@pytest.mark.parametrize("target", OPTIONS)
@pytest.mark.parametrize("network", ["fixed", "affine"])
def test_netlists_of_small_networks(target: str, network: str, tmp_path: Path) -> None:
    make, interval = NETWORKS[network]
    graph = make()
    generate(graph, tmp_path / "design", interval)
    (tmp_path / "work").mkdir()
    netlist(tmp_path / "design", target, tmp_path / "work")
    name = bench(graph, tmp_path / "design", tmp_path / "work")
    words = ["-g2012", "-D", "NO_ICE40_DEFAULT_ASSIGNMENTS", "-s", name, "-o", "bench.vvp"]
    sources = ["netlist.v", str(cells(target)), f"sim/{name}.v"]
    run(["iverilog", *words, *sources], tmp_path / "work")
    printed = run(["vvp", "-n", "bench.vvp"], tmp_path / "work")
    assert re.search(r"^PASS", printed, re.MULTILINE), printed[-2000:]
