# SPDX-License-Identifier: Apache-2.0
"""``kerilog report``: one page on what was built."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.progress import show_progress


@click.command("report")
@DIRECTORY
@FORCE
def report_command(directory: Path, force: bool) -> None:
    """Write DIR/report/index.html: what the formats of the design in DIR cover and cost."""
    from kerilog.report.writer import write

    with show_progress("report") as progress:
        path = write(directory, progress, force)
    click.echo(path)
