# SPDX-License-Identifier: Apache-2.0
"""``kerilog eval``: the integer model on the user's frames."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog import frames
from kerilog.cli import folder, output
from kerilog.cli.options import DIRECTORY, inputs_and_outputs
from kerilog.integer.model import run_outputs

EXAMPLES = """\b
Example:
  kerilog eval build/mnist_cnn --inputs x.npy --outputs y.npy
"""


@click.command("eval", short_help="Run the integer model on frames.", epilog=EXAMPLES)
@DIRECTORY
@inputs_and_outputs
def eval_command(directory: Path, inputs: Path, outputs: Path) -> None:
    """Run the integer model in DIR, of a design or alone."""
    graph = folder.integer_model(directory)
    codes = folder.codes(graph, inputs, outputs)
    with output.progress("eval") as progress:
        progress("running the integer model", None)
        frames.write(outputs, folder.by_name(graph, run_outputs(graph, codes)))
    output.result({"frames": len(next(iter(codes.values()))), "outputs": outputs})
