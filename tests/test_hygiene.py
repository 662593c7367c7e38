# SPDX-License-Identifier: Apache-2.0
"""House rules that a reviewer should never have to look for."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from support.paths import ROOT

PACKAGE = ROOT / "gen" / "kerilog"
SPDX = "SPDX-License-Identifier: Apache-2.0"
LARGEST = 1_500_000  # bytes

# Imports go one way: a module imports from its own group and from those above it.
LAYERS = (
    (
        "errors",
        "extras",
        "names",
        "regular",
        "typed",
        "formats",
        "graph",
        "qgraph",
        "scales",
        "listed",
        "manifest",
        "axi_lite",
    ),
    ("bilinear", "functions", "tables"),
    ("console", "data", "frames", "outputs", "parallel", "progress"),
    ("timing",),
    ("frontend",),
    ("transforms",),
    ("floating", "calibrate"),
    ("quantize",),
    ("integer", "storage"),
    ("exact",),
    ("hardware",),
    ("area",),
    ("plan",),
    ("emit",),
    ("verify",),
    ("handoff",),
    ("quality",),
    ("refine",),
    ("report",),
    ("unused", "measured"),
    ("build",),
    ("workers", "kept"),
    ("study", "explore", "tune", "loading"),
    ("schemas", "support", "reference", "doctor"),
    ("api",),
    ("__init__", "cli"),
    ("__main__",),
    # For users only: nothing else imports it.
    ("keras",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)


def tracked(*suffixes: str) -> list[Path]:
    """The files in git that end in one of ``suffixes``; all of them without."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in files if path.is_file() and (not suffixes or path.name.endswith(suffixes))]


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package by its dotted name below ``kerilog``; a package goes by its folder."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts), path


def imports(node: ast.AST) -> Iterator[str]:
    """The dotted names that one statement imports; ``from a import b`` counts as ``a.b``."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_parts(path: Path) -> set[str]:
    """The parts of Kerilog, as in ``LAYERS``, that a module imports anywhere."""
    names = (name for node in ast.walk(ast.parse(path.read_text())) for name in imports(node))
    return {name.split(".")[1] for name in names if name.startswith("kerilog.")} & set(RANK)


def test_licence_line() -> None:
    def has_line(path: Path) -> bool:
        return any(SPDX in line for line in path.read_text().splitlines()[:2])

    files = tracked(".py", ".v", ".vlt", ".j2", ".tcl", "Makefile", ".ci/run")
    assert [short(path) for path in files if not has_line(path)] == []


def test_no_big_files() -> None:
    assert [short(path) for path in tracked() if path.stat().st_size > LARGEST] == []


def test_no_tabs_and_no_trailing_blanks() -> None:
    bad = [
        f"{short(path)}:{number}"
        for path in tracked(".py", ".v", ".vlt", ".j2", ".tcl", ".toml")
        for number, line in enumerate(path.read_text().split("\n"), 1)
        if "\t" in line or line != line.rstrip()
    ]
    assert bad == []


def test_files_end_in_one_newline() -> None:
    texts = ((path, path.read_text()) for path in tracked(".py", ".v", ".vlt", ".j2", ".tcl", ".toml", ".md"))
    assert [short(path) for path, text in texts if text and not re.search(r"\S\n\Z", text)] == []


def test_no_paths_of_one_machine() -> None:
    machine = re.compile("(?<![A-Za-z0-9._-])/(work|home|root|Users)/")
    files = tracked(".py", ".v", ".j2", ".tcl", ".toml", ".md", "Makefile")
    texts = ((path, path.read_text()) for path in files if path != Path(__file__).resolve())
    assert [short(path) for path, text in texts if machine.search(text)] == []


def test_verilog_is_ascii() -> None:
    assert [short(path) for path in tracked(".v", ".v.j2") if not path.read_bytes().isascii()] == []


def test_one_module_in_a_verilog_file_with_its_name() -> None:
    for path in tracked(".v"):
        text = re.sub(r"//[^\n]*", "", path.read_text())
        assert re.findall(r"^\s*module\s+(\w+)", text, re.MULTILINE) == [path.stem], short(path)
        assert text.lstrip().startswith("`default_nettype none"), short(path)


def test_every_hardware_module_has_its_bench() -> None:
    benches = {path.parent.name for path in tracked(".py") if re.fullmatch(r"test_\w+\.py", path.name)}
    assert [path.stem for path in tracked(".v") if "hw/rtl" in short(path) and path.stem not in benches] == []


def test_every_module_has_its_place_in_the_layers() -> None:
    assert {name.split(".")[0] for name, _ in modules()} - set(RANK) == set()


def test_imports_go_one_way() -> None:
    wrong = [
        f"{name} imports {part}"
        for name, path in modules()
        for part in sorted(imported_parts(path))
        if RANK[part] > RANK[name.split(".")[0]]
    ]
    assert wrong == []


def test_integer_model_is_independent() -> None:
    shares = {"frontend", "quantize", "plan", "emit"}
    found = {name: imported_parts(path) & shares for name, path in modules() if name.startswith("integer")}
    assert found
    assert {name: parts for name, parts in found.items() if parts} == {}


def may_use_keras(name: str) -> bool:
    return name.startswith("frontend.keras")


def is_for_keras(name: str) -> bool:
    """Whether the module is of the package that users of Keras import, and nobody else."""
    return name.split(".")[0] == "keras"


def test_tensorflow_is_imported_only_when_called() -> None:
    wrong = []
    for name, path in modules():
        tree = ast.parse(path.read_text())
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        inside = {id(node) for function in functions for node in ast.walk(function)}
        for node in ast.walk(tree):
            heavy = {"tensorflow", "keras"} & {imported.split(".")[0] for imported in imports(node)}
            if heavy and not is_for_keras(name) and not (may_use_keras(name) and id(node) in inside):
                wrong.append(f"{name} imports {heavy.pop()}")
    assert wrong == []


def arithmetic(text: str) -> list[int]:
    """The lines of a template that calculate."""
    tree = jinja2.Environment().parse(text)
    return sorted({node.lineno for kind in ARITHMETIC for node in tree.find_all(kind)})


def test_no_arithmetic_in_templates() -> None:
    found = {short(path): arithmetic(path.read_text()) for path in tracked(".j2")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_arithmetic_is_found() -> None:
    assert arithmetic(
        "{{ a }}\n{{ a - 1 }} {{ '+' }} a + b\n{% set c = a * 2 %}{% if a % 2 %}{% endif %}"
    ) == [2, 3]


def test_no_shell() -> None:
    files = tracked(".py")
    wanted = "shell=" + "True"
    assert [short(path) for path in files if wanted in path.read_text()] == []
