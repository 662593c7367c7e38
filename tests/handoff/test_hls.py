# SPDX-License-Identifier: Apache-2.0
"""``kerilog hls``: the function and the black box both give the integer model's frames, call by call.

The function is compiled with small stand-ins for Vitis HLS' headers; the black box is simulated under a bench
that starts calls, holds back words and places, and stops the clock enable at random.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kerilog.errors import KerilogError
from kerilog.handoff.hls import SLICE, write_hls
from kerilog.manifest import Manifest
from kerilog.plan import plan
from kerilog.qgraph import QGraph
from kerilog.verify import tools
from support.command import contents, kerilog
from support.designs import generate
from support.golden import NETWORKS
from support.two_ports import heads, two_images

STUB = Path(__file__).with_name("hls_stub")
STRICT = ("-std=c++14", "-Wall", "-Wextra", "-Werror", "-O1")
FRAMES = 8  # in the vectors of a design folder
CALLS = 40
DESIGNS: dict[str, Callable[[], QGraph]] = {
    "residual": NETWORKS["residual"][0],
    "two images": two_images,
    "heads": heads,
}


@pytest.fixture(scope="module", params=DESIGNS)
def design(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design with its black box; of two images one that is reset by a low level."""
    folder = tmp_path_factory.mktemp("hls") / "design"
    graph = DESIGNS[request.param]()
    planned = plan(graph, 64)
    if request.param == "two images":
        planned = dataclasses.replace(planned, reset="active-low")
    generate(graph, folder, design=planned)
    write_hls(folder)
    return folder


def vectors(folder: Path, manifest: Manifest, port: str) -> list[str]:
    return (folder / f"sim/{manifest.top}_{port}.mem").read_text().split()


def test_the_description_names_what_is_there(design: Path) -> None:
    manifest, folder = Manifest.read(design), design / "hls"
    function = f"{manifest.top}_hls"
    told = json.loads((folder / f"{function}.json").read_text())
    assert told["c_function_name"] == told["rtl_top_module_name"] == function
    assert (folder / told["c_files"][0]["c_file"]).is_file()
    assert all((folder / name).is_file() for name in told["rtl_files"])
    there = {path.relative_to(folder).as_posix() for path in (folder / "src").iterdir()}
    assert set(told["rtl_files"]) == there
    wrapper = (folder / f"src/{function}.v").read_text()
    ports = set(re.findall(r"(?:input|output) +wire (?:\[\S+\] )?(\w+)", wrapper))
    named = {name for one in told["c_parameters"] for name in one["rtl_ports"].values()}
    assert named | set(told["rtl_common_signal"].values()) == ports
    assert told["rtl_performance"]["II"] == str(manifest.frame_interval)


def test_the_function_is_the_integer_model(design: Path, tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    manifest = Manifest.read(design)
    function = f"{manifest.top}_hls"
    streams = [*manifest.inputs, *manifest.outputs]
    lines = [f'#include "{function}.h"', "int main() {"]
    lines += [f"  hls::stream<ap_uint<{one.tdata_bits}> > {one.port};" for one in streams]
    for one in manifest.inputs:
        words = ", ".join(f"0x{word}" for word in vectors(design, manifest, one.port))
        lines += [f"  for (std::uint64_t word : {{{words}}}) {one.port}.write(word);"]
    call = f"{function}({', '.join(one.port for one in streams)});"
    lines += [f"  for (int frame = 0; frame < {FRAMES}; ++frame) {call}"]
    for one in manifest.outputs:
        show = f'std::printf("%0{one.tdata_bits // 4}llx\\n", (unsigned long long){one.port}.read())'
        lines += [f"  while (!{one.port}.empty()) {show};"]
    lines += [f"  return {' + '.join(f'!{one.port}.empty()' for one in manifest.inputs)};", "}"]
    (tmp_path / "main.cpp").write_text("\n".join(lines) + "\n")
    words = [
        "g++",
        *STRICT,
        f"-I{STUB}",
        f"-I{design / 'hls'}",
        "main.cpp",
        str(design / f"hls/{function}.cpp"),
    ]
    built = subprocess.run(
        [*words, "-o", "program"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr[:4000]
    ran = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [
        word for one in manifest.outputs for word in vectors(design, manifest, one.port)
    ]


INPUT = """\
  reg [{bits}-1:0] {port}_words [0:{count}-1];
  integer {port}_at = 0;
  reg {port}_there = 0;
  wire {port}_empty_n = {port}_there;
  wire [{bits}-1:0] {port}_dout = {port}_there ? {port}_words[{port}_at % {count}] : {{{bits}{{1'bx}}}};
  wire {port}_read;
  initial $readmemh("{file}", {port}_words);
  always @(posedge clk) if (!rst) begin
    if ({port}_read !== 1'b0 && {port}_read !== 1'b1) fail("{port}_read is unknown");
    if ({port}_read && !(ce && {port}_empty_n)) fail("{port} is read where it must not be");
    if ({port}_read) {port}_at = {port}_at + 1;
    if (ready && ce && {port}_at != (begun + 1) * {beats}) fail("{port}: ready at a wrong word");
    {port}_there <= chance(source);
  end
"""
OUTPUT = """\
  reg [{bits}-1:0] {port}_words [0:{count}-1];
  integer {port}_at = 0;
  reg {port}_place = 0;
  wire {port}_full_n = {port}_place;
  wire [{bits}-1:0] {port}_din;
  wire {port}_write;
  initial $readmemh("{file}", {port}_words);
  always @(posedge clk) if (!rst) begin
    if ({port}_write !== 1'b0 && {port}_write !== 1'b1) fail("{port}_write is unknown");
    if ({port}_write && !(ce && {port}_full_n)) fail("{port} is written where it must not be");
    if ({port}_write && {port}_din !== {port}_words[{port}_at % {count}]) fail("{port} has a wrong word");
    if ({port}_write) {port}_at = {port}_at + 1;
    if (done && ce && go_on && {port}_at < (ended + 1) * {beats}) fail("{port}: done at a wrong word");
    {port}_place <= chance(sink);
  end
"""
BENCH = """\
module bench;
  integer source, sink, enable, seed, calls, begun = 0, ended = 0;
  integer cycle = 0, first = -1, last = 0;
  reg clk = 0, rst = 1, ce = 0, start = 0, go_on = 0;
  wire idle, ready, done;
  always #1 clk = !clk;
  function chance(input integer percent);
    chance = $unsigned($random(seed)) % 100 < percent;
  endfunction
  task fail(input [80*8:1] what);
    begin
      $display("FAIL %0s in cycle %0d, call %0d of %0d", what, cycle, begun, ended);
      $finish;
    end
  endtask
{streams}
  {top} dut (
    .ap_clk(clk), .ap_rst(rst), .ap_ce(ce), .ap_start(start), .ap_continue(go_on), .ap_idle(idle),
    .ap_ready(ready), .ap_done(done){ports}
  );
  initial begin
    if (!$value$plusargs("source=%d", source) || !$value$plusargs("sink=%d", sink)) $finish;
    if (!$value$plusargs("enable=%d", enable) || !$value$plusargs("seed=%d", seed)) $finish;
    repeat (4) @(negedge clk);
    rst = 0;
  end
  always @(posedge clk) if (!rst) begin
    cycle <= cycle + 1;
    if (first < 0 && ({any_read})) first <= cycle;
    if (idle !== (!start && begun == ended)) fail("idle is wrong");
    if (ready && !start) fail("ready without start");
    if (ready && ce) begun <= begun + 1;
    if (done && ce && go_on) begin
      ended <= ended + 1;
      last <= cycle;
      if (ended == 0) $display("LATENCY %0d", cycle - first);
      if (ended + 1 == {calls}) begin
        $display("INTERVAL %0d", cycle - last);
        $display("PASS");
        $finish;
      end
    end
    ce <= chance(enable);
    go_on <= chance(sink);
    if (!start || (ready && ce)) start <= begun + (ready && ce) < {calls} && chance(enable);
    if (cycle > 200000) fail("nothing moves");
  end
endmodule
"""


def bench_of(folder: Path, manifest: Manifest) -> str:
    streams = []
    for side, text in ((manifest.inputs, INPUT), (manifest.outputs, OUTPUT)):
        for one in side:
            streams.append(
                text.format(
                    port=one.port,
                    bits=one.tdata_bits,
                    beats=one.frame_beats,
                    count=one.frame_beats * FRAMES,
                    file=folder / f"sim/{manifest.top}_{one.port}.mem",
                )
            )
    ports = [
        f", .{one.port}_{end}({one.port}_{end})"
        for one in manifest.inputs
        for end in ("dout", "empty_n", "read")
    ]
    ports += [
        f", .{one.port}_{end}({one.port}_{end})"
        for one in manifest.outputs
        for end in ("din", "full_n", "write")
    ]
    return BENCH.format(
        streams="\n".join(streams),
        top=f"{manifest.top}_hls",
        ports="".join(ports),
        any_read=" || ".join(f"{one.port}_read" for one in manifest.inputs),
        calls=CALLS,
    )


def simulated(design: Path, where: Path, bug: tuple[str, str] | None = None) -> list[str]:
    """What the bench says of three runs: without a pause, of slow streams, and of all at random."""
    manifest, source = Manifest.read(design), where / "src"
    shutil.copytree(design / "hls/src", source)
    if bug is not None:
        wrapper = source / f"{manifest.top}_hls.v"
        text = wrapper.read_text()
        assert bug[0] in text, bug
        wrapper.write_text(text.replace(*bug))
    (where / "bench.v").write_text(bench_of(design, manifest))
    words = ["iverilog", "-g2005", "-s", "bench", "-o", str(where / "bench.vvp"), str(where / "bench.v")]
    subprocess.run([*words, *map(str, sorted(source.glob("*.v")))], check=True, capture_output=True)
    found = []
    for seed, (given, taken, enabled) in enumerate([(100, 100, 100), (60, 30, 100), (50, 60, 50)], 1):
        chances = [f"+source={given}", f"+sink={taken}", f"+enable={enabled}", f"+seed={seed}"]
        ran = subprocess.run(
            ["vvp", str(where / "bench.vvp"), *chances],
            cwd=source,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(ran.stdout)
    return found


def test_the_black_box_gives_every_frame_in_time(design: Path, tmp_path: Path) -> None:
    manifest = Manifest.read(design)
    found = simulated(design, tmp_path)
    assert all("PASS" in text for text in found), found
    shown = dict(re.findall(r"(LATENCY|INTERVAL) (\d+)", found[0]))
    assert int(shown["LATENCY"]) == manifest.latency + SLICE
    assert int(shown["INTERVAL"]) == manifest.frame_interval


def test_verilator_has_nothing_to_say(design: Path) -> None:
    top = f"{Manifest.read(design).top}_hls"
    words = [tools.find_tool("verilator"), "--lint-only", "-Wall", "--top-module", top]
    sources = map(str, sorted((design / "hls/src").glob("*.v")))
    done = subprocess.run(
        [*words, *sources], cwd=design / "hls/src", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and not done.stderr, done.stderr[:4000]


def test_a_bus_is_refused(tmp_path: Path) -> None:
    graph = two_images()
    generate(graph, tmp_path, design=dataclasses.replace(plan(graph, 64), control="axi-lite"))
    before = contents(tmp_path)
    with pytest.raises(KerilogError, match="expected a design of --control none, found axi-lite"):
        write_hls(tmp_path)
    assert contents(tmp_path) == before


def test_the_command_writes_it_and_keeps_what_was_changed(tmp_path: Path) -> None:
    make, interval = NETWORKS["affine"]
    generate(make(), tmp_path, interval)
    done = kerilog("hls", tmp_path)
    path = tmp_path / "hls/golden_affine_hls.json"
    assert (done.status, done.output, done.error) == (0, f"written: {path}\n", "")
    before = contents(tmp_path)
    assert kerilog("hls", tmp_path).status == 0
    assert contents(tmp_path) == before
    path.write_text("mine")
    assert kerilog("hls", tmp_path).status == 2
    assert path.read_text() == "mine"
    assert kerilog("hls", tmp_path, "--force").status == 0


BUGS = {
    "reads whatever ap_ce says": ("    ap_ce && ap_start &&", "    ap_start &&"),
    "writes whatever ap_ce says": ("= ap_ce && m_axis_full_n", "= m_axis_full_n"),
    "reads on into the next frame": (" && !s_axis_left_image_taken", ""),
    "an input that waits for the other is not held": ("_taken <= 1'b1", "_taken <= 1'b0"),
    "a word is dropped": (
        "wire s_axis_left_image_place = !s_axis_left_image_tvalid || ",
        "wire s_axis_left_image_place = 1'b1 || ",
    ),
    "forgets a frame": ("_ahead + 1'b1", "_ahead"),
    "ends without being acknowledged": ("ap_done && ap_continue && ap_ce", "ap_done && ap_ce"),
    "never idle": ("under_way == 0", "under_way == 1"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_seeded_bug_shows(bug: str, tmp_path: Path) -> None:
    graph = two_images()
    generate(graph, tmp_path / "design", 64)
    write_hls(tmp_path / "design")
    old, new = BUGS[bug]
    found = simulated(tmp_path / "design", tmp_path, (old, new))
    assert any("PASS" not in text for text in found)
