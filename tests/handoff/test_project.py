# SPDX-License-Identifier: Apache-2.0
"""``kerilog project``: vendors' projects under a stub and in Yosys, FuseSoC and LiteX themselves."""

from __future__ import annotations

import dataclasses
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kerilog.errors import KerilogError
from kerilog.handoff import vendors
from kerilog.handoff.project import TOOLS, write_project
from kerilog.manifest import ControlBus, Manifest, Reset
from kerilog.plan import plan
from support.command import contents, kerilog
from support.designs import generate
from support.networks import Chain
from support.two_ports import two_images

STUB = Path(__file__).with_name("project_stub.tcl")
EVERY = pytest.mark.parametrize("tool", TOOLS)
VENDOR = pytest.mark.parametrize("tool", vendors.VENDORS)
XML = "{http://www.efinixinc.com/enf_proj}"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a small design of 8 bits."""
    chain = Chain("small", "fixed", (2, 3, 2), 30).conv(2, (2, 2)).flatten()
    generate(chain.dense(3, relu=False).graph, tmp_path / "small")
    return tmp_path / "small"


def ran(command: list[str | Path], cwd: Path, **environment: str) -> str:
    found = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert found.returncode == 0, (found.stdout + found.stderr)[-3000:]
    return found.stdout


@EVERY
def test_what_is_written_is_the_same_everywhere(tool: str, small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "other/place")
    found = []
    for directory in (small, tmp_path / "other/place", small):
        folder = write_project(tool, directory)
        assert folder == directory.resolve() / "project" / tool
        found.append(contents(folder))
    assert found[0] == found[1] == found[2]
    texts = [path.read_text() for path in (small / "project").rglob("*") if path.is_file()]
    assert texts and not any(str(tmp_path) in text for text in texts)
    assert all(text.endswith("\n") and not re.search(r"[ \t]$", text, re.MULTILINE) for text in texts)


def test_projects_stand_side_by_side_and_compare_does_not_look(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "copy")
    for tool in TOOLS:
        found = kerilog("project", tool, small)
        assert (found.status, found.error) == (0, "")
        assert found.output == f"written: {small.resolve() / 'project' / tool}\n"
    assert {path.name for path in (small / "project").iterdir()} == set(TOOLS)
    assert "project/" not in kerilog("compare", small, tmp_path / "copy").output


def listed(tool: str, folder: Path) -> dict[str, list[str]]:
    """What a project names: FAMILY, DEVICE, TOP_LEVEL_ENTITY, VERILOG_FILE, SDC_FILE."""
    if tool == "efinity":
        return efinity(folder)
    lines = ran(["tclsh", STUB, "project.tcl"], folder).splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def efinity(folder: Path) -> dict[str, list[str]]:
    (project,) = folder.glob("*.xml")
    root = ET.parse(project).getroot()
    names = {
        "FAMILY": "family",
        "DEVICE": "device",
        "SPEED": "timing_model",
        "TOP_LEVEL_ENTITY": "top_module",
    }
    names |= {"VERILOG_FILE": "design_file", "SDC_FILE": "sdc_file"}
    found = {key: [one.attrib["name"] for one in root.iter(XML + tag)] for key, tag in names.items()}
    for name in found["VERILOG_FILE"] + found["SDC_FILE"]:
        assert (folder / name).is_file() and not Path(name).is_absolute()
    return found


@VENDOR
def test_a_project_is_complete(tool: str, small: Path, tmp_path: Path) -> None:
    """Yosys elaborates just what the project lists, memories included, in another place."""
    write_project(tool, small, clock_mhz=80.0)
    folder = tmp_path / "a b"
    shutil.move(small / "project" / tool, folder)
    shutil.rmtree(small)
    found = listed(tool, folder)
    assert found["TOP_LEVEL_ENTITY"] == ["krl_pins"]
    assert "-period 12.500 [get_ports clk]" in (folder / found["SDC_FILE"][0]).read_text()
    names = " ".join(found["VERILOG_FILE"])
    script = f"read_verilog -defer {names}; hierarchy -check -top krl_pins; proc; check -assert"
    ran(["yosys", "-q", "-p", script], folder)


@pytest.mark.parametrize(
    ("tool", "part", "expected"),
    [
        ("quartus", None, {"FAMILY": ["Cyclone V"], "DEVICE": ["5CSEBA6U23I7"]}),
        ("quartus", "10CL025YU256C8G", {"FAMILY": ["Cyclone 10 LP"], "DEVICE": ["10CL025YU256C8G"]}),
        ("quartus", "EP4CE22F17C6", {"FAMILY": ["Cyclone IV E"], "DEVICE": ["EP4CE22F17C6"]}),
        ("gowin", "GW1NR-LV9QN88PC6/I5", {"DEVICE": ["GW1NR-LV9QN88PC6/I5"], "run": ["syn", "pnr"]}),
        ("efinity", None, {"FAMILY": ["Titanium"], "DEVICE": ["Ti60F225"], "SPEED": ["C4"]}),
        ("efinity", "T20F256C3", {"FAMILY": ["Trion"], "DEVICE": ["T20F256"], "SPEED": ["C3"]}),
    ],
)
def test_parts(tool: str, part: str | None, expected: dict[str, list[str]], small: Path) -> None:
    found = listed(tool, write_project(tool, small, part))
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("quartuss",),
            "unknown tool 'quartuss', the nearest is quartus; known are quartus, gowin, efinity,",
        ),
        (("../x",), "unknown tool '../x'"),
        (("quartus", "--part", "5C[exec rm]"), "--part '5C[exec rm]' is not a part that Intel Quartus knows"),
        (
            ("quartus", "--part", "XC7"),
            "--part 'XC7' is not a part that Intel Quartus knows, as 5CSEBA6U23I7 is",
        ),
        (("quartus", "--part", ""), "--part '' is not a part"),
        (("gowin", "--part", "GW1NR-9 x"), "--part 'GW1NR-9 x' is not a part that Gowin EDA knows"),
        (("efinity", "--part", 'Ti60F225C4"'), "is not a part that Efinix Efinity knows, as Ti60F225C4 is"),
        (("gowin", "--clock", "0"), "--clock must be 1 to 1000 MHz, found 0.0"),
        (("gowin", "--clock", "nan"), "--clock must be 1 to 1000 MHz, found nan"),
        (("litex", "--part", "x"), "--part is for quartus, gowin, efinity; litex leaves that to others"),
        (
            ("fusesoc", "--clock", "9"),
            "--clock is for quartus, gowin, efinity; fusesoc leaves that to others",
        ),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], message: str, small: Path) -> None:
    before = contents(small)
    tool, *options = arguments
    found = kerilog("project", tool, small, *options)
    assert (found.status, found.output) == (2, "")
    assert message in found.error and found.error.count("\n") == 1
    assert contents(small) == before


def test_without_edalize(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edalize", None)
    with pytest.raises(
        KerilogError, match="project gowin needs edalize, which is not installed: pip install"
    ):
        write_project("gowin", small)
    write_project("litex", small)


def test_nothing_of_this_machine_is_asked(small: Path, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    """edalize would complain that Quartus is not here, and asks the environment for Efinity's folder."""
    monkeypatch.delenv("EFINITY_HOME", raising=False)
    with caplog.at_level(logging.WARNING):
        before = {tool: contents(write_project(tool, small)) for tool in vendors.VENDORS}
    assert caplog.records == [] and "EFINITY_HOME" not in os.environ
    monkeypatch.setenv("EFINITY_HOME", "elsewhere")
    assert {tool: contents(write_project(tool, small)) for tool in vendors.VENDORS} == before


def test_changed_files_stay(small: Path) -> None:
    script = write_project("gowin", small) / "project.tcl"
    script.write_text("# by hand\n")
    with pytest.raises(KerilogError, match=r"project/gowin/project\.tcl: was changed since Kerilog wrote it"):
        write_project("gowin", small)
    write_project("gowin", small, force=True)
    assert "run syn" in script.read_text()


def test_a_model_of_another_design(small: Path, tmp_path: Path) -> None:
    chain = Chain("other", "fixed", (2, 3, 1), 30).flatten()
    generate(chain.dense(3, relu=False).graph, tmp_path / "other")
    shutil.copy(tmp_path / "other/integer_model.npz", small / "integer_model.npz")
    with pytest.raises(KerilogError, match="its integer model is not that of its design"):
        write_project("fusesoc", small)
    assert not (small / "project").exists()


def fusesoc(folder: Path, work: Path, target: str) -> str:
    """What FuseSoC prints for a target of the core, or of all that are there."""
    pytest.importorskip("fusesoc")
    words = ["--cores-root", str(folder), "run", "--target", target, "kerilog:user:net_small"]
    program = "import sys; from fusesoc.main import main; sys.exit(main())"
    places = {f"XDG_{kind}_HOME": str(work / "home") for kind in ("CONFIG", "DATA", "CACHE")}
    return ran([sys.executable, "-c", program, *words], work, **places)


@pytest.mark.parametrize("target", ["sim", pytest.param("sim_verilator", marks=pytest.mark.full)])
def test_fusesoc_simulates(target: str, small: Path, tmp_path: Path) -> None:
    folder, latency = write_project("fusesoc", small), Manifest.read(small).latency
    assert f"PASS: 2 x 8 frames, latency {latency} cycles" in fusesoc(folder, tmp_path, target)
    vectors = folder / "sim/net_small_m_axis.mem"
    last = vectors.read_text().splitlines()[-1]
    vectors.write_text(vectors.read_text()[: -len(last) - 1] + f"{int(last, 16) ^ 1:02x}\n")
    assert "FAIL: m_axis frame 7, beat 2" in fusesoc(folder, tmp_path, target)


def test_fusesoc_lints(small: Path, tmp_path: Path) -> None:
    folder = write_project("fusesoc", small)
    fusesoc(folder, tmp_path, "lint")
    (folder / "src/net_small.v").write_text("module net_small; endmodul\n")
    with pytest.raises(AssertionError, match="syntax error"):
        fusesoc(folder, tmp_path, "lint")


def core_of(folder: Path, top: str) -> ModuleType:
    """LiteX' module as Python imports it."""
    spec = importlib.util.spec_from_file_location(f"{top}_litex", folder / f"{top}_litex.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_litex(folder: Path, manifest: Manifest, work: Path) -> list[str]:
    """The core in a design of LiteX whose ports are the core's, as Verilog in ``work``; its sources too."""
    pytest.importorskip("litex")
    from litex.build.generic_platform import Pins
    from litex.build.sim import SimPlatform
    from litex.gen import ClockDomain, LiteXModule, Signal
    from litex.gen.fhdl.verilog import convert

    platform, top, ports = SimPlatform("SIM", [("sys_clk", 0, Pins(1))]), LiteXModule(), {}

    def port(name: str, width: int = 1) -> Any:
        ports[name] = Signal(width, name=name)
        return ports[name]

    top.core = core = core_of(folder, manifest.top).Core(platform, work / "src")
    top.cd_sys = ClockDomain()
    reset = port(manifest.reset_port)
    top.comb += (
        top.cd_sys.clk.eq(port("clk")),
        top.cd_sys.rst.eq(~reset if manifest.reset == "active-low" else reset),
    )
    top.comb += port("frame_error").eq(core.frame_error)
    several = len(manifest.inputs) > 1
    for place, stream in enumerate(manifest.inputs):
        sink = getattr(core, f"sink{place}" if several else "sink")
        top.comb += sink.data.eq(port(f"{stream.port}_tdata", stream.tdata_bits))
        top.comb += sink.valid.eq(port(f"{stream.port}_tvalid")), sink.last.eq(port(f"{stream.port}_tlast"))
        top.comb += port(f"{stream.port}_tready").eq(sink.ready)
    (stream,) = manifest.outputs
    top.comb += port(f"{stream.port}_tdata", stream.tdata_bits).eq(core.source.data)
    for name, signal in {"tvalid": "valid", "tlast": "last", "tuser": "error"}.items():
        top.comb += port(f"{stream.port}_{name}").eq(getattr(core.source, signal))
    top.comb += core.source.ready.eq(port(f"{stream.port}_tready"))
    if manifest.control != "none":
        for channel, name in (("aw", "addr"), ("aw", "valid"), ("r", "data"), ("b", "valid")):
            signal = getattr(getattr(core.bus, channel), name)
            outside = port(f"s_axi_{channel}{name}", len(signal))
            top.comb += outside.eq(signal) if channel in "rb" else signal.eq(outside)
        top.comb += port("irq").eq(core.irq)
    (work / "litex_top.v").write_text(str(convert(top, ios=set(ports.values()), name="litex_top")))
    return [source for source, *_ in platform.sources]


@pytest.mark.parametrize("reset", ["active-high", "active-low"])
def test_litex_simulates(reset: Reset, tmp_path: Path) -> None:
    """The design's own bench around LiteX' Verilog, started where no memory lies."""
    graph = two_images()
    manifest = generate(graph, tmp_path / "two", design=dataclasses.replace(plan(graph, 40), reset=reset))
    work = tmp_path / "work"
    work.mkdir()
    sources = in_litex(write_project("litex", tmp_path / "two"), manifest, work)
    bench = next((tmp_path / "two/sim").glob("*.v")).read_text()
    assert f"{manifest.top} dut (" in bench
    (work / "bench.v").write_text(bench.replace(f"{manifest.top} dut (", "litex_top dut ("))
    shutil.copytree(tmp_path / "two/sim", work / "sim")
    names = ["-g2005", "-s", f"krl_bench_{manifest.top}", "-o", "bench.vvp", "bench.v", "litex_top.v"]
    ran(["iverilog", *names, *sources], work)
    assert re.search(r"^PASS", ran(["vvp", "-n", "bench.vvp"], work), re.MULTILINE)


@pytest.mark.parametrize("control", ["none", "axi-lite"])
def test_litex_elaborates(control: ControlBus, tmp_path: Path) -> None:
    graph = two_images()
    manifest = generate(graph, tmp_path / "two", design=dataclasses.replace(plan(graph, 40), control=control))
    sources = in_litex(write_project("litex", tmp_path / "two"), manifest, tmp_path)
    script = f"read_verilog -defer litex_top.v {' '.join(sources)}; hierarchy -check -top litex_top; proc"
    ran(["yosys", "-q", "-p", f"{script}; flatten; check -assert"], tmp_path)
