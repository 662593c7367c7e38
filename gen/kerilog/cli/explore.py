# SPDX-License-Identifier: Apache-2.0
"""``kerilog explore``: every folding worth having."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from kerilog import build
from kerilog.cli.options import FORCE, PATH, given_options, quantization, warn
from kerilog.errors import KerilogError
from kerilog.progress import show_progress


@click.command("explore")
@quantization
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Folder, or file (.svg .png .pdf .csv .json .html), to write.  [default: build/<model name>-front]",
)
@click.option("--clock", "clock_mhz", type=float, help="MHz: adds frames per second.")
@FORCE
def explore_command(
    model: Path, output: Path | None, clock_mhz: float | None, force: bool, **options: Any
) -> None:
    """List every folding of MODEL worth having: cycles per frame against multipliers and predicted area."""
    from kerilog.explore import interactive, results
    from kerilog.explore.points import explore

    if clock_mhz is not None and not 0 < clock_mhz < math.inf:
        raise KerilogError(f"--clock must be above 0 MHz, found {clock_mhz:g}")
    target = output or Path("build") / f"{model.stem}-front"
    results.check(target, force)
    with show_progress("explore") as progress:
        chosen = build.Options(given=given_options(), **options)
        points = explore(build.integer_network(model, chosen, progress, warn), progress)
        files = results.write(points, target, model.stem, clock_mhz, force)
    results.show(points, model.stem, clock_mhz)
    if not target.suffix and len(files) < len(results.FILES):
        click.echo(f"note: {interactive.HOW_TO_GET}", err=True)
    for file in files[::-1]:
        if file.suffix in (".html", files[0].suffix):
            click.echo(file)
