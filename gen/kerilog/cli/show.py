# SPDX-License-Identifier: Apache-2.0
"""``kerilog show``: the table of a folder again."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog import manifest as manifests
from kerilog.cli import tables
from kerilog.cli.options import DIRECTORY

EXAMPLES = """\b
Examples:
  kerilog show build/mnist_cnn
  kerilog show build/mnist_cnn --json | jq .frame_interval
"""


@click.command("show", short_help="Print the table of a folder again.", epilog=EXAMPLES)
@DIRECTORY
def show_command(directory: Path) -> None:
    """Print the table of the folder DIR again."""
    tables.show(manifests.read(directory), directory)
