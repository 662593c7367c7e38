# SPDX-License-Identifier: Apache-2.0
"""The control block: one description, and everything that is made of it agrees."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from kerilog import axi_lite
from kerilog.emit import control, verilog
from kerilog.extras import MissingLibraryError
from kerilog.hardware import border
from kerilog.hardware.design import Design
from kerilog.hardware.modules.control import AxiLite
from kerilog.manifest import Manifest
from kerilog.plan import plan
from support.designs import generate
from support.golden import NETWORKS
from support.paths import GOLDEN
from support.two_ports import two_images

DIGEST = "0123456789abcdef" * 4
UPDATE = "KERILOG_UPDATE_GOLDEN"


def design(registered: bool = False) -> Design:
    """Two inputs, one output, a control block."""
    return dataclasses.replace(plan(two_images(), 40, registered=registered), control="axi-lite")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design's folder."""
    where = tmp_path_factory.mktemp("control") / "design"
    generate(two_images(), where, design=design())
    return where


def registers() -> tuple[control.Register, ...]:
    return control.of(design(), "0.1.0", DIGEST).registers


def python_registers(folder: Path) -> ModuleType:
    """The module that PeakRDL wrote."""
    path = folder / "control" / "two_control.py"
    spec = importlib.util.spec_from_file_location("two_control", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_map_fits_the_bus_and_has_no_gap_in_a_stream() -> None:
    found = registers()
    assert len({one.address for one in found}) == len(found)
    assert all(one.address % 4 == 0 and one.address < 1 << axi_lite.ADDRESS_BITS for one in found)
    names = [one.name for one in found if one.address >= 0x40]
    ports = ("s_axis_left_image", "s_axis_right_image", "m_axis")
    assert names == [f"{port}.{name}" for port in ports for name in ("beats", "frames", "stalls")]


def test_constants_are_those_of_the_design() -> None:
    values = {one.name: one.fields[0].value for one in registers() if one.fields[0].kind == "constant"}
    assert values["interval"] == design().cycles.frame_interval
    assert values["latency"] == design().cycles.latency
    assert [values[f"model_hash_{place}"] for place in (0, 1)] == [0x01234567, 0x89ABCDEF]
    assert values["s_axis_left_image.beats"] == design().inputs[0].tensor.beats_per_frame


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0.1.0", (0, 1, 0)), ("1.2", (1, 2, 0)), ("3.4.5.dev6+gabc", (3, 4, 5)), ("2026.1.300", (255, 1, 255))],
)
def test_versions(text: str, numbers: tuple[int, int, int]) -> None:
    (found,) = (one for one in control.of(design(), text, DIGEST).registers if one.name == "version")
    values = {field.name: field.value for field in found.fields}
    assert (values["major"], values["minor"], values["patch"]) == numbers


def test_the_area_counts_the_words_of_the_description() -> None:
    watch = border.of(design()).control
    assert watch is not None
    (counted,) = (module for module in watch.modules if isinstance(module, AxiLite))
    assert counted == control.of(design(), "0.1.0", DIGEST).bus


def test_the_plan_is_the_same_without_the_block() -> None:
    assert design().cycles == plan(two_images(), 40).cycles


def moved(text: str) -> str:
    """The description with the status register at the address of another one, and its bits elsewhere."""
    return (
        text.replace("} status @ 0x20", "} status @ 0x24")
        .replace("} enable @ 0x24", "} enable @ 0x20")
        .replace("frame_done[0:0] = 0", "frame_done[9:9] = 0")
    )


def test_the_verilog_follows_the_description(monkeypatch: pytest.MonkeyPatch) -> None:
    before = control.verilog(design(), control.of(design(), "0.1.0", DIGEST))
    describe = control._description
    monkeypatch.setattr(control, "_description", lambda *given: moved(describe(*given)))
    after = control.verilog(design(), control.of(design(), "0.1.0", DIGEST))
    assert "if (written[8] && enables[0] && data[0]) status_frame_done" in before
    assert "if (written[9] && enables[1] && data[9]) status_frame_done" in after
    assert "if (written[8] && enables[1]) enable_frame_done <= data[9];" in after


def test_the_header_has_the_same_addresses_and_bits(folder: Path, tmp_path: Path) -> None:
    """A program of C, compiled with the header, says where every register is."""
    lines = ["#include <stddef.h>", "#include <stdio.h>", '#include "two_control.h"', "int main(void) {"]
    for one in registers():
        lines.append(f'  printf("%zu\\n", offsetof(two_control_t, {one.name}));')
        for field in one.fields:
            path = "__".join(("TWO_CONTROL", *one.name.upper().split("."), field.name.upper()))
            lines.append(f'  printf("%lu %d\\n", (unsigned long){path}_bm, {path}_bp);')
    (tmp_path / "main.c").write_text("\n".join([*lines, "  return 0;", "}", ""]))
    command = ["gcc", "-std=c11", "-Wall", "-Werror", "-I", str(folder / "control"), "main.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    printed = subprocess.run(["./main"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    expected = []
    for one in registers():
        expected.append(f"{one.address}")
        expected += [f"{((1 << f.width) - 1) << f.low} {f.low}" for f in one.fields]
    assert printed.splitlines() == expected


def test_the_python_registers_have_the_same_addresses(folder: Path) -> None:
    from peakrdl_pyral_runtime.hwio.callback import CallbackHWIO

    asked: list[int] = []

    def read(address: int, size: int) -> int:
        asked.append(address)
        return 1

    module = python_registers(folder)
    top = module.get_ral(offset=0x1000)
    top.attach_hwio(CallbackHWIO(read, lambda address, value, size: None))
    for one in registers():
        node = top
        for part in one.name.split("."):
            node = getattr(node, part)
        if one.name != "control":
            node.read()
            assert asked.pop() == 0x1000 + one.address, one.name


def test_the_readme_has_every_register(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    rows = re.findall(r"^\| `0x([0-9a-f]{3})` \| `([\w.]+)`", text, re.MULTILINE)
    assert rows == [(f"{one.address:03x}", one.name) for one in registers()]


def test_the_hash_is_that_of_the_file(folder: Path) -> None:
    digest = hashlib.sha256((folder / "integer_model.npz").read_bytes()).hexdigest()
    assert Manifest.read(folder).integer_sha256 == digest
    assert f"32'h{int(digest[:8], 16):x}" in (folder / "rtl/two_control.v").read_text()


def test_the_pages_are_the_same_each_time_and_need_no_network(folder: Path, tmp_path: Path) -> None:
    generate(two_images(), tmp_path / "again", design=design())

    def pages(where: Path) -> Iterator[tuple[str, bytes]]:
        for path in sorted((where / "control").rglob("*")):
            if path.is_file():
                yield path.relative_to(where).as_posix(), path.read_bytes()

    first = dict(pages(folder))
    assert first == dict(pages(tmp_path / "again"))
    assert sum(map(len, first.values())) < 1_600_000
    index = first["control/html/index.html"].decode()
    assert re.findall(r'(?:src|href)="https?://', index) == []
    assert not [name for name in first if name.endswith((".bat", ".ttf", ".eot")) or "/." in name]


@pytest.mark.parametrize("library", ["systemrdl", "peakrdl_cheader", "peakrdl_pyral", "peakrdl_html"])
def test_what_is_missing_is_told(library: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibraryError, match=rf"{library}.*pip install 'kerilog\[control\]'"):
        generate(two_images(), tmp_path / "design", design=design())
    assert not (tmp_path / "design").exists()
    generate(two_images(), tmp_path / "bare", 40)


def test_names_of_layers_do_not_meet_those_of_the_block() -> None:
    from kerilog.hardware.naming import verilog_name

    for name in ("control", "irq", "core_rst", "soft_reset", "s_axi_awaddr"):
        assert verilog_name(name) == f"net_{name}"


def test_the_verilog_and_the_description_are_golden() -> None:
    """Of one small design; the version and the hash are those of this test."""
    make, interval = NETWORKS["fixed"]
    chosen = dataclasses.replace(plan(make(), interval), control="axi-lite", reset="active-low")
    block = control.of(chosen, "0.1.0", DIGEST)
    texts = verilog.render(chosen, control.verilog(chosen, block))
    found = {
        "golden_fixed.v": texts["rtl/golden_fixed.v"],
        "golden_fixed_control.v": texts["rtl/golden_fixed_control.v"],
        "golden_fixed.rdl": block.text,
    }
    golden = GOLDEN / "control"
    if os.environ.get(UPDATE):
        golden.mkdir(exist_ok=True)
        for name, text in found.items():
            (golden / name).write_text(text)
    assert found == {path.name: path.read_text() for path in golden.iterdir()}, f"if meant: {UPDATE}=1"
