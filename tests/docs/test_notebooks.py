# SPDX-License-Identifier: Apache-2.0
"""The notebooks run from the first cell to the last, and are committed without what they printed."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from support.paths import ROOT

nbformat = pytest.importorskip("nbformat")

FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "1_convert_and_judge",
        "2_train_to_4_bits",
        "3_explore_and_hand_off",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_clean(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.cells[0].cell_type == "markdown" and notebook.cells[0].source.startswith("# ")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
            ast.parse("\n".join(line for line in cell.source.splitlines() if not line.startswith("!")))


@pytest.mark.full
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_first_to_last(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    for tool in ("verilator", "yosys"):
        if path.stem.startswith("3_") and shutil.which(tool) is None:
            pytest.skip(f"no {tool} on PATH")
    shutil.copy(FOLDER / "shapes.py", tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = read(path)
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    said = {"1": "of the answers agree", "2": "0 of ", "3": "accuracy of the hardware"}
    assert said[path.stem[0]] in printed
    assert "Error" not in printed and "Traceback" not in printed
