# SPDX-License-Identifier: Apache-2.0
"""``kerilog eval``: the integer model on the user's frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kerilog.cli import output, tables
from kerilog.cli.folder import Folder, Request
from kerilog.cli.options import DIRECTORY, frames_and_results
from kerilog.integer.model import run_outputs

EXAMPLES = """\b
Examples:
  kerilog eval build/mnist_cnn --inputs x.npy --outputs y.npy
  kerilog eval build/mnist_cnn --data samples.npz --count 1000
  kerilog eval build/mnist_cnn --data samples.npz --outputs digits.npy --as classes
"""


@click.command("eval", short_help="Run the integer model on frames.", epilog=EXAMPLES)
@DIRECTORY
@frames_and_results
def eval_command(directory: Path, **options: Any) -> None:
    """Run the integer model in DIR, of a design or alone.

    Frames come from --inputs, or are the test samples of --data; their labels give the accuracy.
    """
    asked = Request(**options)
    if asked.outputs is None and asked.data is None:
        raise click.UsageError("nothing would come of it: give --outputs, or --data with labels")
    folder = Folder.read(directory)
    with output.progress("eval") as progress:
        progress("reading frames", None)
        given = folder.frames(asked)
        progress("running the integer model", None)
        codes = run_outputs(folder.graph, given.codes)
        folder.write(asked, codes)
        judged = folder.judge(given, codes)
    tables.show_evaluation(given, judged, asked)
