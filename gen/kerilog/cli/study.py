# SPDX-License-Identifier: Apache-2.0
"""``kerilog study``: accuracy against bytes over many number formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kerilog import build
from kerilog.cli import output
from kerilog.cli.options import FORCE, PATH, data_source, spread
from kerilog.errors import ArgumentError
from kerilog.workers import Spread

EXAMPLES = """\b
Example:
  kerilog study models/mnist_cnn.keras --samples 2000 -o build/study
  kerilog study models/mnist_cnn.keras --binarize
"""


@click.command("study", short_help="Try many number formats: accuracy against bytes.", epilog=EXAMPLES)
@click.argument("model", type=PATH)
@click.option(
    "-o", "--output", "target", type=PATH, help="Folder.  [default: build/<model name>-study, or -binary]"
)
@data_source
@click.option("--samples", type=int, help="Test samples to count right answers on.  [default: all]")
@click.option(
    "--binarize",
    is_flag=True,
    help="Instead: make kernels, biases, gamma and beta binary, one kind after the other, and count answers.",
)
@spread
@FORCE
def study_command(
    model: Path,
    target: Path | None,
    samples: int | None,
    binarize: bool,
    jobs: int | None,
    scheduler: str | None,
    **options: Any,
) -> None:
    """Try many number formats on MODEL (.keras or .h5): accuracy against bytes."""
    where = Spread(jobs, scheduler)
    for argument, value in (("jobs", jobs), ("scheduler", scheduler)):
        if binarize and value is not None:
            text = "{0} is for the study of formats; {1} works in one process"
            raise ArgumentError(text, argument, "binarize=True")
    target = target or Path("build") / f"{model.stem}-{'binary' if binarize else 'study'}"
    chosen = build.Options(**options)
    if binarize:
        _binary(model, target, samples, chosen)
    else:
        _formats(model, target, samples, chosen, where)


def _binary(model: Path, target: Path, samples: int | None, options: build.Options) -> None:
    from kerilog.study import binary_results, command

    with output.progress("study") as progress:
        steps = command.study_binary(model, target, options, samples, progress, output.warning)
    binary_results.show(steps, output.console())
    file = target / binary_results.FILE
    output.line(file)
    output.result({"model": model.name, "steps": binary_results.rows(steps), "files": [file]})


def _formats(model: Path, target: Path, samples: int | None, options: build.Options, where: Spread) -> None:
    from kerilog.study import command, results

    with output.progress("study") as progress:
        outcomes = command.study(model, target, options, samples, progress, output.warning, where)
    results.show(outcomes, output.console())
    files = [path for path in (target / name for name in results.FILES) if path.is_file()]
    output.line(next((path for path in files if path.suffix == ".svg"), files[-1]))
    if lack := results.no_pictures():
        output.complaint(f"note: {lack}")
    output.result({"model": model.name, "outcomes": results.rows(outcomes), "files": files})
