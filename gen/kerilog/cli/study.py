# SPDX-License-Identifier: Apache-2.0
"""``kerilog study``: accuracy against bytes over many number formats."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog import build
from kerilog.cli.options import PATH
from kerilog.progress import show_progress


@click.command("study")
@click.argument("model", type=PATH)
@click.option("-o", "--output", type=PATH, help="Folder to write.  [default: build/<model name>-study]")
@click.option("--data", type=PATH, help="NPZ as for build.  [default: MNIST]")
@click.option("--input-scale", type=float, help="Factor on the samples.  [default: 1/255 for uint8]")
@click.option("--samples", type=int, help="Test samples to count right answers on.  [default: all]")
def study_command(
    model: Path, output: Path | None, data: Path | None, input_scale: float | None, samples: int | None
) -> None:
    """Try many number formats on MODEL (.keras or .h5): accuracy against bytes."""
    from kerilog.study import command, results

    target = output or Path("build") / f"{model.stem}-study"
    options = build.Options(data=data, input_scale=input_scale)
    with show_progress("study") as progress:
        outcomes = command.study(model, target, options, samples, progress)
    results.show(outcomes)
    lack = results.no_pictures()
    click.echo(target / ("study.csv" if lack else "study.svg"))
    if lack:
        click.echo(f"kerilog: warning: {lack}", err=True)
