# SPDX-License-Identifier: Apache-2.0
"""``kerilog report``: one page on what was built."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog.cli import output
from kerilog.cli.options import DIRECTORY, FORCE

EXAMPLES = """\b
Example:
  kerilog report build/mnist_cnn
"""


@click.command("report", short_help="Write one HTML page: ranges, formats, accuracy.", epilog=EXAMPLES)
@DIRECTORY
@FORCE
def report_command(directory: Path, force: bool) -> None:
    """Write DIR/report/index.html: what the formats of the design in DIR cover and cost."""
    from kerilog.report.writer import write

    with output.progress("report") as progress:
        path = write(directory, progress, force)
    output.line(path)
    output.result({"file": path})
