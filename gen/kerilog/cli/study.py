# SPDX-License-Identifier: Apache-2.0
"""``kerilog study``: accuracy against bytes over many number formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kerilog import build
from kerilog.cli.options import FORCE, PATH, data_source, warn
from kerilog.progress import show_progress


@click.command("study")
@click.argument("model", type=PATH)
@click.option("-o", "--output", type=PATH, help="Folder to write.  [default: build/<model name>-study]")
@data_source
@click.option("--samples", type=int, help="Test samples to count right answers on.  [default: all]")
@FORCE
def study_command(model: Path, output: Path | None, samples: int | None, **options: Any) -> None:
    """Try many number formats on MODEL (.keras or .h5): accuracy against bytes."""
    from kerilog.study import command, results

    target = output or Path("build") / f"{model.stem}-study"
    with show_progress("study") as progress:
        outcomes = command.study(model, target, build.Options(**options), samples, progress, warn)
    results.show(outcomes)
    click.echo(target / "study.svg")
