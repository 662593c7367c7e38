# SPDX-License-Identifier: Apache-2.0
"""``kerilog study``: accuracy against bytes over many number formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kerilog import build
from kerilog.cli import output
from kerilog.cli.options import FORCE, PATH, data_source

EXAMPLES = """\b
Example:
  kerilog study models/mnist_cnn.keras --samples 2000 -o build/study
"""


@click.command("study", short_help="Try many number formats: accuracy against bytes.", epilog=EXAMPLES)
@click.argument("model", type=PATH)
@click.option("-o", "--output", "target", type=PATH, help="Folder.  [default: build/<model name>-study]")
@data_source
@click.option("--samples", type=int, help="Test samples to count right answers on.  [default: all]")
@FORCE
def study_command(model: Path, target: Path | None, samples: int | None, **options: Any) -> None:
    """Try many number formats on MODEL (.keras or .h5): accuracy against bytes."""
    from kerilog.study import command, results

    target = target or Path("build") / f"{model.stem}-study"
    with output.progress("study") as progress:
        outcomes = command.study(model, target, build.Options(**options), samples, progress, output.warning)
    results.show(outcomes, output.console())
    files = [path for path in (target / name for name in results.FILES) if path.is_file()]
    output.line(next((path for path in files if path.suffix == ".svg"), files[-1]))
    if lack := results.no_pictures():
        output.complaint(f"note: {lack}")
    output.result({"model": model.name, "outcomes": results.rows(outcomes), "files": files})
