# SPDX-License-Identifier: Apache-2.0
"""The tutorial does what it says: every Python line and every command in it is run, in its order."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kerilog import cli
from support.paths import ROOT

PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = "import subprocess\nimport sys\n\n\ndef shell(command):\n    subprocess.run(command, check=True)\n\n\n"


def blocks() -> list[tuple[str, str]]:
    """(language, text) of every block, in order."""
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def commands(text: str) -> list[list[str]]:
    return [shlex.split(line[2:]) for line in text.splitlines() if line.startswith("$ ")]


def script() -> str:
    """The whole tutorial as one program; commands are run where they stand."""
    parts = [RUN]
    for language, text in blocks():
        if language == "python":
            parts.append(text)
        elif language == "console":
            parts.extend(f"sys.stdout.flush()\nshell({command!r})\n" for command in commands(text))
    return "\n".join(parts)


def expected() -> list[str]:
    """The lines that the tutorial shows as output, as patterns; ``...`` stands for anything."""
    shown = [line for language, text in blocks() if language == "text" for line in text.splitlines()]
    shown += [
        line
        for language, text in blocks()
        if language == "console"
        for line in text.splitlines()
        if not line.startswith("$ ")
    ]
    return [".*".join(re.escape(part) for part in line.split("...")) for line in shown]


def test_every_block_is_of_a_kind_that_is_run() -> None:
    kinds = [language for language, _ in blocks()]
    assert set(kinds) == {"python", "console", "text"}
    assert PAGE.read_text(encoding="utf-8").count("```") == 2 * len(kinds)
    ast.parse(script())


def test_every_command_exists() -> None:
    found = [command for language, text in blocks() if language == "console" for command in commands(text)]
    assert len(found) >= 7
    for program, name, *arguments in found:
        assert program == "kerilog"
        options = {option for parameter in cli.main.commands[name].params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("-")} <= options


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)", PAGE.read_text(encoding="utf-8"))
    assert len(links) >= 5
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


@pytest.mark.full
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    for tool in ("verilator", "yosys"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} on PATH")
    (tmp_path / "tutorial.py").write_text(script(), encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "tutorial.py"],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for line in expected():
        assert re.search(f"^{line}\\s*$", done.stdout, re.MULTILINE), f"{line} not in:\n{done.stdout}"
    accuracy = re.search(r"accuracy: float (\S+)%, integer (\S+)%", done.stdout)
    assert accuracy is not None and min(map(float, accuracy.groups())) > 90
    for made in ("build/shapes/rtl", "build/from-shell/vivado", "build/shapes-front/front.html", "codes.npy"):
        assert (tmp_path / made).exists(), made
