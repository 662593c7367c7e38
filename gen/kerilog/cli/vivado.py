# SPDX-License-Identifier: Apache-2.0
"""``kerilog vivado``: a Vivado project of the design."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from kerilog.cli import output
from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.handoff.overlay import BOARDS
from kerilog.handoff.vivado import PART, run_vivado, write_vivado

EXAMPLES = """\b
Examples:
  kerilog vivado build/mnist_cnn --part xc7a35tcpg236-1 --clock 80
  kerilog vivado build/mnist_cnn --board pynq-z2
"""


@click.command("vivado", short_help="Write a folder that Vivado opens.", epilog=EXAMPLES)
@DIRECTORY
@click.option("--part", help=f"The device, as Vivado calls it.  [default: {PART}]")
@click.option("--board", help=f"A board with PYNQ, for a bitstream and a driver: {', '.join(BOARDS)}.")
@click.option("--clock", "clock_mhz", default=100.0, show_default=True, help="MHz that the clock must reach.")
@FORCE
def vivado_command(
    directory: Path, part: str | None, board: str | None, clock_mhz: float, force: bool
) -> None:
    """Write DIR/vivado, ready to open and to package as an IP; run Vivado on it where it is installed.

    With --board also DIR/vivado/overlay: overlay.tcl makes a bitstream, which Vivado is not run for, and
    TOP_pynq.py sends images to it.
    """
    folder = write_vivado(directory, part, clock_mhz, force, board)
    reports: Path | None = None
    output.line(f"written: {folder}")
    if board is None and shutil.which("vivado"):
        with output.progress("vivado") as progress:
            reports = run_vivado(directory, progress)
        output.line(f"reports: {reports}")
    output.result({"folder": folder, "reports": reports})
