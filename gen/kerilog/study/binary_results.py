# SPDX-License-Identifier: Apache-2.0
"""What is left of a network with binary parameters: the table, the matrices and the file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import rich.box
import rich.console
import rich.table

from kerilog import outputs
from kerilog.study.binarize import Step

FILE = "binarize.json"
WRITER = outputs.Writer("study", ("study",), (FILE,))
_MOST_CLASSES = 10  # of a matrix that a terminal shows


def rows(steps: Sequence[Step]) -> list[dict[str, object]]:
    """One record per step."""
    return [
        {"binary": list(step.kinds), "accuracy": step.accuracy, "confusion": step.matrix.tolist()}
        for step in steps
    ]


def write(steps: Sequence[Step], directory: Path, model: str, data: str, force: bool = False) -> Path:
    """Write binarize.json to ``directory``. Raises KerilogError if it cannot be."""
    about = {"model": model, "data": data, "samples": int(steps[0].matrix.sum()), "steps": rows(steps)}
    with outputs.folder(directory, WRITER, force) as root:
        (root / FILE).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return directory / FILE


def show(steps: Sequence[Step], console: rich.console.Console | None = None) -> None:
    """Print accuracy and confusion matrix of every step."""
    console = console or rich.console.Console()
    table = rich.table.Table(box=rich.box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("binary parameters", no_wrap=True)
    table.add_column("accuracy", justify="right", no_wrap=True)
    for step in steps:
        table.add_row(step.title, f"{step.accuracy:.2%}")
    console.print(table)
    if len(steps[0].matrix) > _MOST_CLASSES:
        console.print(f"{len(steps[0].matrix)} classes: the confusion matrices are in {FILE}")
        return
    for step in steps:
        console.print(f"\nconfusion matrix, binary: {step.title}; rows: the true class")
        width = max(len(str(count)) for count in step.matrix.flat)
        for row in step.matrix:
            console.print("  " + " ".join(f"{count:{width}}" for count in row), highlight=False)
