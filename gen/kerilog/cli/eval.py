# SPDX-License-Identifier: Apache-2.0
"""``kerilog eval``: the integer model on the user's frames."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog import frames
from kerilog.cli import folder
from kerilog.cli.options import DIRECTORY, inputs_and_outputs
from kerilog.integer.model import run_outputs
from kerilog.progress import show_progress


@click.command("eval")
@DIRECTORY
@inputs_and_outputs
def eval_command(directory: Path, inputs: Path, outputs: Path, kind: frames.Kind | None) -> None:
    """Run the integer model in DIR, of a design or alone."""
    graph = folder.integer_model(directory)
    codes = folder.codes(directory, graph, inputs, outputs, kind)
    with show_progress("eval"):
        frames.write(outputs, folder.by_name(graph, run_outputs(graph, codes)))
