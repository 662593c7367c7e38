# SPDX-License-Identifier: Apache-2.0
"""``kerilog project``: the design for a tool of another maker."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog.cli import output
from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.handoff.project import write_project

EXAMPLES = """\b
Examples:
  kerilog project quartus build/mnist_cnn --part 5CSEBA6U23I7 --clock 80
  kerilog project fusesoc build/mnist_cnn
"""


@click.command("project", short_help="Write a project of another tool.", epilog=EXAMPLES)
@click.argument("tool")
@DIRECTORY
@click.option("--part", help="The device, as the tool calls it.  [default: that of a common board]")
@click.option("--clock", "clock_mhz", type=float, help="MHz that the clock must reach.  [default: 100]")
@FORCE
def project_command(
    tool: str, directory: Path, part: str | None, clock_mhz: float | None, force: bool
) -> None:
    """Write DIR/project/TOOL, a folder that stands alone.

    TOOL is quartus, gowin or efinity, for a project with area and timing of the core alone; fusesoc, for a
    core with targets to lint and to simulate; litex, for a module with LiteX' streams.
    """
    with output.progress("project") as progress:
        progress("writing the project", None)
        folder = write_project(tool, directory, part, clock_mhz, force)
    output.line(f"written: {folder}")
    output.result({"folder": folder})
