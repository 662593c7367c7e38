# SPDX-License-Identifier: Apache-2.0
"""Verilog from strangers: what the generator never writes does not reach a tool."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from kerilog.errors import KerilogError
from kerilog.verify import design, screen, simulate
from support.paths import GOLDEN

MODULE = "module top (input wire clk);\n{}\nendmodule\n"
ROM = """\
module rom #(parameter FILE = "") (input wire clk);
  reg [7:0] memory [0:3];
  initial $readmemh(FILE, memory);
endmodule
"""


def refused(text: str, message: str, memories: tuple[str, ...] = ("rom/a.mem",), more: str = ROM) -> None:
    with pytest.raises(KerilogError, match=rf"^x\.v:\d+: {message}") as caught:
        screen.check({"rom.v": more, "x.v": text}, memories)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
def test_what_the_generator_writes_is_legal(name: str) -> None:
    sources = {path.name: path.read_text() for path in (GOLDEN / name / "rtl").glob("*.v")}
    for folder in ("rtl", "ecp5"):
        library = (
            path for path in (resources.files("kerilog.hw") / folder).iterdir() if path.name[-2:] == ".v"
        )
        sources |= {f"{folder}/{path.name}": path.read_text(encoding="ascii") for path in library}
    memories = [f"rom/{path.name}" for path in (GOLDEN / name / "rom").glob("*.mem")]
    named = {file for text in sources.values() for file in re.findall(r'"(rom/[^"]+)"', text)}
    assert named == set(memories)
    screen.check(sources, memories)
    for missing in memories:
        with pytest.raises(KerilogError, match=f"reads '{missing}', which is no memory of the manifest"):
            screen.check(sources, [name for name in memories if name != missing])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('integer f; initial f = $fopen("/etc/passwd", "r");', r"the system task '\$fopen'"),
        ('initial $system("id");', r"the system task '\$system'"),
        ('initial $c("system(0);");', r"the system task '\$c'"),
        ('initial $c1("system(0);");', r"the system task '\$c1'"),
        ('initial $dumpfile("x.vcd");', r"the system task '\$dumpfile'"),
        ("initial $my_vpi;", r"the system task '\$my_vpi'"),
        ("initial $ finish;", r"the system task '\$'"),
        ('`include "/etc/passwd"', "the directive '`include'"),
        ("`define X 1", "the directive '`define'"),
        ('`systemc_header\n#include <x>', "the directive '`systemc_header'"),
        ("`default_nettype tri", "the directive '`default_nettype'"),
        ('import "DPI-C" function int system(string s);', "the word 'import'"),
        ('export "DPI-C" function f;', "the word 'export'"),
        ("bind top evil e();", "the word 'bind'"),
        ('defparam u.FILE = "/etc/passwd";', "the word 'defparam'"),
        ("string s;", "the word 'string'"),
        ("/*verilator public*/", "a comment that commands a tool"),
        ("// Verilator lint_off WIDTH", "a comment that commands a tool"),
        ("/* synopsys translate_off */", "a comment that commands a tool"),
        ("(* blackbox *) wire a;", "the attribute 'blackbox'"),
        ("wire \\$fopen ;", r"'\\\\' is nothing that Kerilog writes there"),
        ('wire a = "x\\n";', "'\"' is nothing that Kerilog writes there"),
        ("/* never ends", "'/' is nothing"),
        ("wire \x00;", r"'\\x00' is nothing"),
        ("// ends here for some\r`include \"x\"", r"'\\r' is nothing"),
        ("initial #5 clk2 = 1;", "a delay, or parameters without names"),
        ('rom #("/etc/passwd") r(clk);', "a delay, or parameters without names"),
        ('rom #(.FILE("/etc/passwd")) r(clk);', "reads '/etc/passwd', which is no memory"),
        ('rom #(.FILE("rom/../../a.mem")) r(clk);', "reads 'rom/../../a.mem'"),
        ('rom #(.FILE({"/etc", "/passwd"})) r(clk);', "the file of a memory is put together"),
        ("rom #(.FILE(24'h2f6574)) r(clk);", "the file of a memory is put together"),
        ("rom #(.FILE(797271)) r(clk);", "'797271' is no file of a memory"),
        ('rom #((* keep *) .FILE("/etc/passwd")) r(clk);', "a delay, or parameters without names"),
        ('rom #(.OTHER(1), (* keep *) .FILE("/x")) r(clk);', "reads '/x'"),
        ('localparam F = "/x"; rom #(.FILE(F)) r(clk);', "reads '/x'"),
        ('localparam F = "rom/a.mem", G = 1; rom #(.FILE(F + 1)) r(clk);', "the file of a memory is put"),
        ("reg [63:0] F; rom #(.FILE(F)) r(clk);", "'F' where no memory file is named"),
        ('reg a [0:1]; initial $readmemh({"a"}, a);', "the file of a memory is put together"),
        ('reg a [0:1]; initial $readmemh("/x", a);', "reads '/x'"),
        ("reg a [0:1]; initial $readmemh(b.c, a);", "the file of a memory is put together"),
        ("reg a [0:1]; initial $readmemh;", r"'\$readmemh' where no memory"),
    ],
)  # fmt: skip
def test_what_it_never_writes_is_refused(line: str, message: str) -> None:
    refused(MODULE.format(line), message)


def test_a_path_through_several_parameters() -> None:
    middle = (
        "module middle #(parameter TABLE = {}) (input wire clk);\n  rom #(.FILE(TABLE)) r(clk);\nendmodule\n"
    )
    for table, legal in (('""', True), ('"rom/a.mem"', True), ('"rom/b.mem"', False)):
        sources = {"rom.v": ROM, "middle.v": middle.format(table)}
        sources["x.v"] = MODULE.format('middle #(.TABLE("rom/a.mem")) m(clk);')
        if legal:
            screen.check(sources, ["rom/a.mem"])
        else:
            with pytest.raises(KerilogError, match=r"^middle\.v:1: reads 'rom/b\.mem'"):
                screen.check(sources, ["rom/a.mem"])
    refused(
        MODULE.format('middle #(.TABLE("/x")) m(clk);'), "reads '/x'", more=ROM + middle.format('"rom/a.mem"')
    )


CHOICE = """`ifdef KRL_DESIGN_DIR
  localparam PLACE = {{`KRL_DESIGN_DIR, "/", FILE}};
`else
  localparam PLACE = FILE;
`endif
  localparam FILE = "{}";
  reg a [0:1];
  initial $readmemh(PLACE, a);
"""


def test_a_place_that_others_define() -> None:
    legal = CHOICE.format("rom/a.mem")
    screen.check({"x.v": MODULE.format(legal)}, ["rom/a.mem"])
    refused(MODULE.format(CHOICE.format("/x")), "reads '/x'")
    for old, new in (
        ('"/", FILE', '"/etc/passwd"'),
        ('"/", FILE', '"/", FILE, "x"'),
        ("`ifdef KRL_DESIGN_DIR", "`ifdef VERILATOR"),
        ("`ifdef KRL_DESIGN_DIR", "`ifndef KRL_DESIGN_DIR"),
        ("= FILE;", '= FILE; initial $display("x");'),
        ("`endif", "`elsif"),
    ):
        assert old in legal
        refused(MODULE.format(legal.replace(old, new)), "the directive '`if")


def test_comments_and_texts_hide_nothing() -> None:
    screen.check({"x.v": MODULE.format("// $fopen `include import \\\n/* $system */ wire a;")}, [])
    screen.check({"x.v": MODULE.format('localparam A = "$fopen // /* ";')}, [])
    refused(MODULE.format('localparam A = "//"; initial $fopen;'), r"the system task '\$fopen'")
    refused(MODULE.format("/* // */ initial $fopen;"), r"the system task '\$fopen'")
    refused(MODULE.format("// /*\ninitial $fopen; // */"), r"the system task '\$fopen'")


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_no_simulator_is_started(tiny_design, without_tools, tmp_path, simulator: str) -> None:
    found = tiny_design()
    found.replace("initial $readmemh", f'initial $fwrite(32\'h1, "{tmp_path}/boom"); initial $readmemh')
    with pytest.raises(KerilogError, match=r"rtl/tiny_adder\.v:24: the system task '\$fwrite'"):
        simulate(found.directory, found.codes(1), simulator)


@pytest.mark.parametrize("name", ["rtl/tiny_adder.v", "rom/offsets.mem"])
def test_a_link_that_leaves_the_folder_is_refused(tiny_design, tmp_path: Path, name: str) -> None:
    found = tiny_design()
    (tmp_path / "secret").write_bytes((found.directory / name).read_bytes())
    (found.directory / name).unlink()
    (found.directory / name).symlink_to(tmp_path / "secret")
    with pytest.raises(KerilogError, match=f"{name}: is a link to a place outside of the design folder"):
        design.read(found.directory)


@pytest.mark.parametrize("line", ["zz", "12 34", "@0 12", "root:x:0:0", "/* 1 */", "\x00", "1\v"])
def test_a_damaged_memory_is_refused(tiny_design, line: str) -> None:
    found = tiny_design()
    (found.directory / "rom/offsets.mem").write_text(f"1\n2\n{line}\n")
    with pytest.raises(
        KerilogError, match=r"^rom/offsets\.mem:3: expected a hexadecimal word, found '.*build"
    ):
        design.read(found.directory)


def test_a_file_of_gigabytes_is_not_read(tiny_design) -> None:
    found = tiny_design()
    with (found.directory / "rom/offsets.mem").open("r+b") as file:
        file.truncate(1 << 40)  # takes no place on the disk
    with pytest.raises(KerilogError, match=r"offsets\.mem: is larger than 268,435,456 bytes"):
        design.read(found.directory)


def test_verilog_that_is_not_ascii_is_refused(tiny_design) -> None:
    found = tiny_design()
    before, after = found.source.read_bytes().split(b"endmodule")
    found.source.write_bytes(before + b"\xe9ndmodule" + after)
    line = before.count(b"\n") + 1
    with pytest.raises(KerilogError, match=rf"^rtl/tiny_adder\.v:{line}: expected ASCII, found the byte 233"):
        design.read(found.directory)
