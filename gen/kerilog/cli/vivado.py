# SPDX-License-Identifier: Apache-2.0
"""``kerilog vivado``: a Vivado project of the design."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.handoff.vivado import run_vivado, write_vivado
from kerilog.progress import show_progress


@click.command("vivado")
@DIRECTORY
@click.option("--part", default="xc7a100tcsg324-1", show_default=True)
@click.option("--clock", "clock_mhz", default=100.0, show_default=True, help="MHz.")
@FORCE
def vivado_command(directory: Path, part: str, clock_mhz: float, force: bool) -> None:
    """Write DIR/vivado, ready to open; run Vivado on it where it is installed."""
    folder = write_vivado(directory, part, clock_mhz, force)
    click.echo(f"written: {folder}")
    if shutil.which("vivado"):
        with show_progress("vivado") as progress:
            click.echo(f"reports: {run_vivado(directory, progress)}")
