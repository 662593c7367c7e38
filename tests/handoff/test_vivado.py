# SPDX-License-Identifier: Apache-2.0
"""The Vivado folder: its Tcl runs under a stub that knows Vivado's commands, in whatever place it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kerilog.errors import KerilogError
from kerilog.handoff.vivado import run_vivado, write_vivado

STUB = Path(__file__).with_name("vivado_stub.tcl")


def tcl(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``script`` in ``cwd`` under the stub."""
    return subprocess.run(["tclsh", STUB, script], cwd=cwd, capture_output=True, text=True, check=False)


def commands(script: str, cwd: Path) -> list[str]:
    done = tcl(script, cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def folder(tiny_design) -> Path:
    return write_vivado(tiny_design().directory, clock_mhz=125.0)


def test_batch_run(folder: Path) -> None:
    ran = commands("run.tcl", folder)
    assert "read_verilog rtl/tiny_adder.v" in ran
    assert "create_clock -name clk -period 8.000 get_ports_object" in ran
    assert "synth_design -top tiny_adder -part xc7a100tcsg324-1 -mode out_of_context" in ran
    order = ["synth_design", "opt_design", "place_design", "route_design", "report_timing_summary"]
    steps = [line.split()[0] for line in ran if line.split()[0] in order]
    assert steps == order
    assert "kerilog: setup at 125 MHz: met, worst slack 1.234 ns" in ran
    reports = {path.name for path in (folder / "reports").iterdir()}
    assert {"utilization.rpt", "timing_summary.rpt", "routed.dcp"} <= reports


def test_project(folder: Path) -> None:
    made = commands("project.tcl", folder)
    for line in (
        "create_project tiny_adder -force",
        "set_property part xc7a100tcsg324-1 current_project_object",
        "read_verilog rtl/tiny_adder.v",
        "read_mem rom/offsets.mem",
        "read_xdc clock.xdc",
        "set_property top tiny_adder current_fileset_object",
    ):
        assert line in made
    assert any("-mode out_of_context" in line for line in made)


def test_memories_reach_the_folder_of_a_run(folder: Path) -> None:
    run = folder / "tiny_adder.runs/synth_1"
    run.mkdir(parents=True)
    commands("../../memories.tcl", run)
    assert (run / "rom/offsets.mem").read_bytes() == (folder / "rom/offsets.mem").read_bytes()


def test_folder_stands_alone_wherever_it_is(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a b" / "moved"
    elsewhere.parent.mkdir()
    shutil.move(folder, elsewhere)
    shutil.rmtree(folder.parent)
    commands(str(elsewhere / "run.tcl"), tmp_path)
    commands("project.tcl", elsewhere)
    assert (elsewhere / "reports/utilization.rpt").is_file()


def test_output_is_reproducible(tiny_design, tmp_path: Path) -> None:
    design = tiny_design()
    shutil.copytree(design.directory, tmp_path / "other/place")
    texts = []
    for directory in (design.directory, tmp_path / "other/place", design.directory):
        folder = write_vivado(directory)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        texts.append({path.relative_to(folder).as_posix(): path.read_text() for path in files})
    assert texts[0] == texts[1] == texts[2]
    assert set(texts[0]) == {
        *("clock.xdc", "memories.tcl", "project.tcl", "run.tcl", "settings.tcl"),
        *("rom/offsets.mem", "rtl/tiny_adder.v"),
        *("ip/package.tcl", "ip/src/offsets.mem", "ip/src/tiny_adder.v"),
    }
    assert not any(str(tmp_path) in text for text in texts[0].values())


def test_a_removed_source_leaves_no_copy_and_results_stay(folder: Path) -> None:
    directory = folder.parent
    (directory / "rtl/tiny_adder.v").rename(directory / "rtl/adder.v")
    text = (directory / "manifest.json").read_text()
    (directory / "manifest.json").write_text(text.replace("rtl/tiny_adder.v", "rtl/adder.v"))
    (folder / "rtl/mine.v").write_text("// by hand\n")
    (folder / "reports").mkdir()
    write_vivado(directory)
    assert sorted(path.name for path in (folder / "rtl").iterdir()) == ["adder.v", "mine.v"]
    assert (folder / "reports").is_dir()


def test_a_script_that_was_changed_is_kept(folder: Path) -> None:
    (folder / "run.tcl").write_text("# by hand\n")
    with pytest.raises(KerilogError, match=r"vivado/run\.tcl: was changed since Kerilog wrote it"):
        write_vivado(folder.parent)
    assert (folder / "run.tcl").read_text() == "# by hand\n"
    write_vivado(folder.parent, force=True)
    assert "read_verilog" in (folder / "run.tcl").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-mode out_of_context", "-modus out_of_context", "synth_design: unknown option -modus"),
        ("-mode out_of_context", "-mode ooc", "synth_design: -mode is default or out_of_context"),
        ("-hierarchical -file", "-hierarchy -file", "report_utilization: unknown option -hierarchy"),
        ("place_design\n", "place\n", "unknown command: place"),
        ("opt_design\nplace_design\n", "place_design\nopt_design\n", "place_design: comes before opt_design"),
        ("read_xdc clock.xdc", "read_xdc clocks.xdc", "read_xdc: no file clocks.xdc"),
        ("read_xdc clock.xdc\n", "", "synth_design: no clock constraint"),
        ("report_drc -file reports/", "report_drc -file report/", "no folder report"),
    ],
)
def test_the_stub_catches_a_wrong_script(folder: Path, old: str, new: str, message: str) -> None:
    script = folder / "run.tcl"
    assert old in script.read_text()
    script.write_text(script.read_text().replace(old, new, 1))
    done = tcl("run.tcl", folder)
    assert done.returncode == 1
    assert message in done.stderr


def test_the_stub_catches_a_missing_memory(folder: Path) -> None:
    (folder / "rom/offsets.mem").unlink()
    assert "no file rom/offsets.mem" in tcl("run.tcl", folder).stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "xc7a; exec rm"}, "'xc7a; exec rm' is not the name of a part"),
        ({"part": ""}, "'' is not the name of a part"),
        ({"clock_mhz": 0.0}, "the clock must be 1 to 1000 MHz, found 0.0"),
        ({"clock_mhz": float("nan")}, "the clock must be 1 to 1000 MHz, found nan"),
    ],
)
def test_bad_options(tiny_design, options: dict, message: str) -> None:
    design = tiny_design()
    with pytest.raises(KerilogError, match=message):
        write_vivado(design.directory, **options)
    assert not (design.directory / "vivado").exists()


def test_running_without_vivado(folder: Path, without_tools) -> None:
    with pytest.raises(KerilogError, match="'vivado' is not installed; install AMD Vivado"):
        run_vivado(folder.parent)


def test_running_calls_vivado_in_batch_mode(folder: Path, tmp_path: Path, monkeypatch) -> None:
    program = tmp_path / "bin/vivado"
    program.parent.mkdir()
    # A Vivado of two lines: the stub runs the script that comes last.
    program.write_text(f'#!/bin/sh\necho "$@" > arguments.txt\nexec tclsh {STUB} run.tcl\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    reports = run_vivado(folder.parent)
    assert (reports / "timing_summary.rpt").is_file()
    assert (folder / "arguments.txt").read_text() == "-mode batch -nojournal -notrace -source run.tcl\n"
    (folder / "run.tcl").write_text("no_such_command\n")
    with pytest.raises(KerilogError, match=r"vivado failed: stub: unknown command: no_such_command"):
        run_vivado(folder.parent)


def test_running_before_writing(tiny_design) -> None:
    with pytest.raises(KerilogError, match=r"no run\.tcl; write the hand-off folder first"):
        run_vivado(tiny_design().directory)
