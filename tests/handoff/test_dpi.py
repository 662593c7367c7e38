# SPDX-License-Identifier: Apache-2.0
"""The integer model by DPI: a SystemVerilog bench in Verilator holds the RTL against it, frame by frame."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kerilog.emit import cpp
from kerilog.handoff.cpp import write_cpp
from kerilog.manifest import Manifest, Stream
from kerilog.qgraph import QGraph
from support.designs import generate
from support.golden import NETWORKS
from support.networks import Chain
from support.two_ports import heads, two_images

FRAMES = 6
# A beat is put on its wires whole: a part of a vector that a process assigns is lost in Verilator 5.006.
_SEND = """\
        begin
          for (int beat = 0; beat < {beats}; ++beat) begin
            {port}_tdata <= {{{whole}}};
            {port}_tlast <= beat == {beats} - 1;
            {port}_tvalid <= 1;
            do @(posedge clk); while (!{port}_tready);
          end
          {port}_tvalid <= 0;
        end
"""
_TAKE = """\
        for (int beat = 0; beat < {beats};) begin
          @(posedge clk);
          if ({port}_tvalid) begin
            for (int lane = 0; lane < {lanes}; ++lane)
              if ({port}_tdata[lane * {bits} +: {bits}] !==
                  y{place}[beat * {lanes} + lane][{bits} - 1:0]) begin
                $display("FAIL: frame %0d, {port}, beat %0d", frame, beat);
                $fatal;
              end
            ++beat;
          end
        end
"""


def bench_of(manifest: Manifest, package: str) -> str:
    """A bench that draws frames, and compares what the core makes of them with the model."""
    wires, ports, steps, arrays = [], [".clk(clk)", ".rst(rst)", ".frame_error(frame_error)"], [], []
    for side, streams, letter in (("INPUT", manifest.inputs, "x"), ("OUTPUT", manifest.outputs, "y")):
        for place, stream in enumerate(streams):
            wires += _wires(stream, letter)
            signals = ("tdata", "tvalid", "tready", "tlast", *(["tuser"] if letter == "y" else []))
            ports += [f".{stream.port}_{signal}({stream.port}_{signal})" for signal in signals]
            sign = "" if stream.signed else " unsigned"
            arrays.append(f"  byte{sign} {letter}{place}[{side}{place}_SIZE];")
            values = {"port": stream.port, "beats": stream.frame_beats, "lanes": stream.lanes}
            step = _SEND if letter == "x" else _TAKE
            lanes = range(stream.lanes)[::-1]
            whole = ", ".join(
                f"x{place}[beat * {stream.lanes} + {lane}][{stream.bits - 1}:0]" for lane in lanes
            )
            steps.append(step.format(**values, bits=stream.bits, place=place, whole=whole))
    draws = [
        f"      foreach (x{place}[n]) x{place}[n] = 8'($urandom);" for place in range(len(manifest.inputs))
    ]
    ready = [f"    {stream.port}_tready <= 1;" for stream in manifest.outputs]
    valid = [f"    {stream.port}_tvalid <= 0;" for stream in manifest.inputs]
    arguments = [f"x{n}" for n in range(len(manifest.inputs))] + [
        f"y{n}" for n in range(len(manifest.outputs))
    ]
    return "\n".join(
        [
            "module bench;",
            f"  import {package}_dpi::*;",
            "  bit clk, rst = 1;",
            "  logic frame_error;",
            *wires,
            *arrays,
            f"  {manifest.top} dut ({', '.join(ports)});",
            "  always #5 clk = !clk;",
            "  initial begin",
            *ready,
            *valid,
            "    repeat (4) @(posedge clk);",
            "    rst <= 0;",
            f"    for (int frame = 0; frame < {FRAMES}; ++frame) begin",
            *draws,
            f"      {package}_run({', '.join(arguments)});",
            "      fork",
            *steps,
            "      join",
            "    end",
            f'    $display("PASS: {FRAMES} frames");',
            "    $finish;",
            "  end",
            "endmodule",
            "",
        ]
    )


def _wires(stream: Stream, letter: str) -> list[str]:
    port = stream.port
    wires = [
        f"  logic [{stream.tdata_bits - 1}:0] {port}_tdata;",
        f"  logic {port}_tvalid, {port}_tready, {port}_tlast;",
    ]
    return wires if letter == "x" else [*wires, f"  logic {port}_tuser;"]


def simulated(design: Path, where: Path) -> subprocess.CompletedProcess[str]:
    """The bench of ``design``, compiled with its model and run in the folder of the design."""
    manifest = Manifest.read(design)
    header = write_cpp(design)
    (where / "bench.sv").write_text(bench_of(manifest, f"krl_{header.stem}"))
    sources = [f"{header.stem}_dpi.sv", f"{header.stem}_dpi.cpp"]
    command = [
        "verilator",
        "--binary",
        "--timing",
        "-Wno-WIDTH",
        "-Wno-INITIALDLY",
        "-CFLAGS",
        "-O0",
        "--top-module",
        "bench",
    ]
    command += ["--Mdir", str(where / "built"), *(str(header.parent / name) for name in sources)]
    command += [str(where / "bench.sv"), *(str(design / source) for source in manifest.sources)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[:4000]
    program = str(where / "built/Vbench")
    return subprocess.run([program], cwd=design, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("make", "interval"), [NETWORKS["affine"], pytest.param(two_images, 40, id="two"), (heads, 24)]
)
def test_the_core_equals_the_model(make: Callable[[], QGraph], interval: int, tmp_path: Path) -> None:
    if shutil.which("verilator") is None:
        pytest.skip("verilator is not installed")
    generate(make(), tmp_path / "design", interval)
    done = simulated(tmp_path / "design", tmp_path)
    assert f"PASS: {FRAMES} frames" in done.stdout, done.stdout + done.stderr


def test_a_wrong_weight_is_found(tmp_path: Path) -> None:
    if shutil.which("verilator") is None:
        pytest.skip("verilator is not installed")
    make, interval = NETWORKS["affine"]
    generate(make(), tmp_path / "design", interval)
    path = tmp_path / "design/rom/golden_affine_logits_weights.mem"
    title, *words = path.read_text().splitlines()
    path.write_text("\n".join([title, *("7f" for _ in words)]) + "\n")
    assert "FAIL: frame 0, m_axis, beat" in simulated(tmp_path / "design", tmp_path).stdout


@pytest.mark.parametrize(("bits", "kind"), [(5, "byte"), (8, "byte"), (9, "shortint"), (16, "shortint")])
def test_types_of_elements(bits: int, kind: str) -> None:
    graph = Chain("kinds", "fixed", (4,), 1, bits=bits).dense(3, relu=False).graph
    text = cpp.files(graph, "kinds")["kinds_dpi.sv"]
    assert f"input {kind} x0[INPUT0_SIZE]," in text and f"output {kind} y0[OUTPUT0_SIZE]\n" in text


def test_classes_are_unsigned() -> None:
    text = cpp.files(NETWORKS["classes"][0](), "classes")["classes_dpi.sv"]
    assert "output byte unsigned y0[OUTPUT0_SIZE]\n" in text
