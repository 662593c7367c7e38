# SPDX-License-Identifier: Apache-2.0
"""The packaged IP: its Tcl under the stub, and cores of two versions of Kerilog in one project."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kerilog.errors import KerilogError
from kerilog.handoff.vivado import write_vivado
from kerilog.manifest import Manifest, Reset
from kerilog.plan import plan
from kerilog.qgraph import QGraph
from support.designs import generate
from support.golden import NETWORKS
from support.two_ports import two_images

STUB = Path(__file__).with_name("vivado_stub.tcl")


def made(where: Path, make: Callable[[], QGraph], interval: int, reset: Reset = "active-high") -> Manifest:
    """A design in ``where``, and its hand-off."""
    design = dataclasses.replace(plan(make(), interval), reset=reset)
    manifest = generate(make(), where, design=design)
    write_vivado(where)
    return manifest


def tcl(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["tclsh", str(STUB), "package.tcl"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("reset", ["active-high", "active-low"])
def test_the_tcl_runs_and_finds_every_interface(reset: Reset, tmp_path: Path) -> None:
    made(tmp_path, two_images, 40, reset)
    done = tcl(tmp_path / "vivado/ip")
    assert done.returncode == 0, done.stderr
    ran = done.stdout.splitlines()
    asked = [line.split()[1] for line in ran if line.startswith("ipx::get_bus_interfaces")]
    port = {"active-high": "rst", "active-low": "aresetn"}[reset]
    assert asked == ["clk", port, "s_axis_left_image", "s_axis_right_image", "m_axis"]
    assert ran[-2:] == ["ipx::save_core ipx::current_core_object", "close_project -delete"]


def test_a_control_block_is_an_interface_too(tmp_path: Path) -> None:
    graph = two_images()
    generate(graph, tmp_path, design=dataclasses.replace(plan(graph, 40), control="axi-lite"))
    write_vivado(tmp_path)
    done = tcl(tmp_path / "vivado/ip")
    assert done.returncode == 0, done.stderr
    asked = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("ipx::get_bus")]
    assert asked[-2:] == ["s_axi", "irq"]
    text = (tmp_path / "rtl/two.v").read_text()
    associated = "s_axis_left_image:s_axis_right_image:m_axis:s_axi, ASSOCIATED_RESET rst"
    assert f'"ASSOCIATED_BUSIF {associated}"' in text
    bus = re.findall(r'aximm:1.0 s_axi (\w+)" \*\)\s+(?:input|output)\s+wire (?:\[\d+:0\] )?(\w+),', text)
    assert len(bus) == 17 and all(port == f"s_axi_{signal.lower()}" for signal, port in bus)
    assert 'signal:interrupt:1.0 irq INTERRUPT" *)' in text
    packed = (tmp_path / "vivado/ip/src/two.v").read_text()
    assert "two_control #(" in packed and "krl_axi_lite_v" in "".join(
        path.name for path in (tmp_path / "vivado/ip/src").iterdir()
    )


@pytest.mark.parametrize("reset", ["active-high", "active-low"])
def test_attributes_name_the_pin_of_every_port(reset: Reset, tmp_path: Path) -> None:
    made(tmp_path, two_images, 40, reset)
    parameter = r'(?:\(\* X_INTERFACE_PARAMETER = "([^"]+)" \*\)\s+)?'
    port = r"(?:input|output)\s+(?:wire|reg)\s+(?:\[[^\]]+\]\s+)?(\w+)"
    attribute = rf'\(\* X_INTERFACE_INFO = "([^"]+)" \*\)\s+{parameter}{port}'
    found = re.findall(attribute, (tmp_path / "rtl/two.v").read_text())
    level = {"active-high": "rst", "active-low": "aresetn"}[reset]
    pins = ("TDATA", "TVALID", "TREADY", "TLAST")
    streams = {"s_axis_left_image": pins, "s_axis_right_image": pins, "m_axis": (*pins, "TUSER")}
    busses = ":".join(streams)
    assert {name: (info, parameter) for info, parameter, name in found} == {
        "clk": (
            "xilinx.com:signal:clock:1.0 clk CLK",
            f"ASSOCIATED_BUSIF {busses}, ASSOCIATED_RESET {level}",
        ),
        level: (
            f"xilinx.com:signal:reset:1.0 {level} RST",
            f"POLARITY {reset.replace('-', '_').upper()}",
        ),
        **{
            f"{name}_{pin.lower()}": (f"xilinx.com:interface:axis:1.0 {name} {pin}", "")
            for name, own in streams.items()
            for pin in own
        },
    }


def rename_source(folder: Path) -> None:
    (folder / "src/two.v").rename(folder / "src/three.v")


def unmark(folder: Path) -> None:
    top = folder / "src/two.v"
    top.write_text(top.read_text().replace(" s_axis_left_image T", " s_axis_left T"))


def leave_out_a_memory(folder: Path) -> None:
    lines = (folder / "package.tcl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if "answer_weights.mem" not in line]
    assert len(kept) < len(lines)
    (folder / "package.tcl").write_text("".join(kept))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename_source, "add_files: no file src/two.v"),
        (unmark, "kerilog: no interface s_axis_left_image was found"),
        (leave_out_a_memory, "two_answer_weights.mem, which is no file of the IP"),
    ],
)
def test_the_stub_catches_what_is_wrong(change: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    made(tmp_path, two_images, 40)
    change(tmp_path / "vivado/ip")
    done = tcl(tmp_path / "vivado/ip")
    assert done.returncode == 1
    assert message in done.stderr


def older(where: Path) -> None:
    """Make the design in ``where`` one of another version: a port of krl_frame_guard has another name."""
    text = (where / "manifest.json").read_text()
    (where / "manifest.json").write_text(text.replace(f'"kerilog": "{version(where)}"', '"kerilog": "0.0.9"'))
    for name, old, new in (
        ("krl_frame_guard", "output wire             faulty,", "output wire             wrong,"),
        ("krl_frame_guard", "assign faulty =", "wire faulty = wrong;\n  assign wrong ="),
        ("golden_classes", ".faulty(s_axis_faulty)", ".wrong(s_axis_faulty)"),
    ):
        path = where / f"rtl/{name}.v"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))


def version(where: Path) -> str:
    return Manifest.read(where).kerilog


def run(where: Path, bench: str, sources: list[Path]) -> subprocess.CompletedProcess[str]:
    """Compile ``sources`` and the bench, and run it in ``where``; the result of the first that fails."""
    command = ["iverilog", "-g2005", "-Wall", "-s", bench, "-o", "bench.vvp", *map(str, sources)]
    built = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    if built.returncode:
        return built
    return subprocess.run(["vvp", "-n", "bench.vvp"], cwd=where, capture_output=True, text=True, check=False)


def test_two_cores_in_one_project(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    tops = [made(one, *NETWORKS["affine"]).top, made(two, *NETWORKS["classes"]).top]
    older(two)
    write_vivado(two)
    project = tmp_path / "project"
    project.mkdir()
    for design in (one, two):
        for memory in (design / "vivado/ip/src").glob("*.mem"):
            shutil.copy(memory, project)
        shutil.copytree(design / "sim", project / "sim", dirs_exist_ok=True)
    # as a project does, which has one module of each name: of the IPs' files the last of each name
    together = {path.name: path for design in (one, two) for path in design.glob("vivado/ip/src/*.v")}
    plain = {path.name: path for design in (one, two) for path in design.glob("rtl/*.v")}
    for top in tops:
        bench = project / f"sim/krl_bench_{top}.v"
        done = run(project, f"krl_bench_{top}", [bench, *together.values()])
        assert done.stdout.startswith("PASS"), done.stdout + done.stderr
    bench = project / f"sim/krl_bench_{tops[0]}.v"
    assert (
        "port ``faulty'' is not a port"
        in run(project, f"krl_bench_{tops[0]}", [bench, *plain.values()]).stderr
    )


def test_names_with_the_version(tmp_path: Path) -> None:
    made(tmp_path, *NETWORKS["affine"])
    suffix = "_v" + version(tmp_path).replace(".", "_")
    folder = tmp_path / "vivado/ip/src"
    for path in folder.glob("krl_*.v"):
        assert path.stem.endswith(suffix)
        assert f"\nmodule {path.stem} " in path.read_text()
    top = (folder / "golden_affine.v").read_text()
    assert f"krl_frame_guard{suffix} #(" in top and "krl_frame_guard #(" not in top
    assert '"golden_affine_logits_weights.mem"' in (folder / "golden_affine_logits.v").read_text()
    assert "krl_frame_guard #(" in (tmp_path / "vivado/rtl/golden_affine.v").read_text()


def test_a_version_that_is_no_name(tmp_path: Path) -> None:
    made(tmp_path, *NETWORKS["pools"])
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(
        text.replace(f'"{version(tmp_path)}"', '"1.0}; exec rm [x] $y\\n"')
    )
    write_vivado(tmp_path, force=True)
    tcl_text = (tmp_path / "vivado/ip/package.tcl").read_text()
    assert "by Kerilog 1.0___exec_rm__x___y_}" in tcl_text
    assert (tmp_path / "vivado/ip/src/krl_max_v1_0___exec_rm__x___y_.v").is_file()


def test_a_comment_in_a_memory_is_nobodys_business(tmp_path: Path) -> None:
    made(tmp_path, *NETWORKS["affine"])
    name = "golden_affine_logits_weights.mem"
    content = b"// caf\xe9\n" + (tmp_path / "rom" / name).read_bytes()
    (tmp_path / "rom" / name).write_bytes(content)
    write_vivado(tmp_path)
    assert (tmp_path / "vivado/ip/src" / name).read_bytes() == content


def test_two_memories_of_one_name(tmp_path: Path) -> None:
    made(tmp_path, *NETWORKS["affine"])
    shutil.copytree(tmp_path / "rom", tmp_path / "more")
    text = (tmp_path / "manifest.json").read_text()
    name = "golden_affine_logits_weights.mem"
    text = text.replace(f'"rom/{name}"', f'"rom/{name}", "more/{name}"', 1)
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(KerilogError, match=f"two files are named {name}; a packaged IP has one folder"):
        write_vivado(tmp_path)
