# SPDX-License-Identifier: Apache-2.0
"""``kerilog explore``: every folding worth having."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from kerilog import build
from kerilog.cli import output
from kerilog.cli.options import FORCE, PATH, given_options, quantization, spread
from kerilog.errors import KerilogError

EXAMPLES = """\b
Examples:
  kerilog explore models/mnist_cnn.keras --clock 100
  kerilog explore net.tflite -o front.csv
"""


@click.command("explore", short_help="List every folding worth having.", epilog=EXAMPLES)
@quantization
@click.option(
    "-o",
    "--output",
    "target",
    type=PATH,
    help="Folder, or file (.svg .png .pdf .csv .json .html), to write.  [default: build/<model name>-front]",
)
@click.option("--clock", "clock_mhz", type=float, help="MHz: adds frames per second.")
@spread
@FORCE
def explore_command(
    model: Path,
    target: Path | None,
    clock_mhz: float | None,
    jobs: int | None,
    scheduler: str | None,
    force: bool,
    **options: Any,
) -> None:
    """List every folding of MODEL worth having: in cycles per frame, latency and predicted area."""
    from kerilog.explore import results
    from kerilog.explore.points import explore
    from kerilog.workers import Spread

    where = Spread(jobs, scheduler)
    if clock_mhz is not None and not 0 < clock_mhz < math.inf:
        raise KerilogError(f"--clock must be above 0 MHz, found {clock_mhz:g}")
    target = target or Path("build") / f"{model.stem}-front"
    results.check(target, force)
    with output.progress("explore") as progress:
        chosen = build.Options(given=given_options(), **options)
        points = explore(build.integer_network(model, chosen, progress, output.warning), progress, where)
        files = results.write(points, target, model.stem, clock_mhz, force, output.warning)
    results.show(points, model.stem, clock_mhz, output.console())
    if not target.suffix:
        for lack in results.lacks():
            output.complaint(f"note: {lack}")
    for file in files[::-1]:
        if file.suffix in (".html", files[0].suffix):
            output.line(file)
    output.result(results.summary(points, model.stem, clock_mhz) | {"files": files})
