# SPDX-License-Identifier: Apache-2.0
"""``kerilog tune``: the cheapest widths of every layer within a loss."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from kerilog import build
from kerilog.cli import output
from kerilog.cli.options import FORCE, PATH, bounds, data_source, given_options, settings_of_formats, spread
from kerilog.plan.goals import Goal

EXAMPLES = """\b
Examples:
  kerilog tune models/mnist_cnn.keras --max-loss 1
  kerilog tune net.keras --data samples.npz --max-loss 0.5 --interval 784 -o build/tuned
  kerilog build net.keras --data samples.npz --config build/tuned/settings.toml --interval 784
"""


@click.command(
    "tune", short_help="Choose the width of every layer: least area within a loss.", epilog=EXAMPLES
)
@click.argument("model", type=PATH)
@click.option(
    "--max-loss", type=float, required=True, metavar="POINTS", help="Points of accuracy that may be lost."
)
@click.option("-o", "--output", "target", type=PATH, help="Folder.  [default: build/<model name>-tuned]")
@data_source
@settings_of_formats
@click.option("--weight-widths", default="2-8", show_default=True, help="Bits that weights may have.")
@click.option("--activation-widths", default="2-8", show_default=True, help="Bits that results may have.")
@click.option(
    "--validation", default=10_000, show_default=True, help="Training samples to count lost answers on."
)
@click.option("--tries", default=100, show_default=True, help="Neighbours to look at.")
@click.option("--seed", default=0, show_default=True, help="Of the draw of --validation.")
@bounds
@spread
@FORCE
def tune_command(
    model: Path,
    target: Path | None,
    max_loss: float,
    weight_widths: str,
    activation_widths: str,
    validation: int,
    tries: int,
    seed: int,
    jobs: int | None,
    scheduler: str | None,
    **options: Any,
) -> None:
    """Choose the bits of the weights and of the result of every layer of MODEL (.keras or .h5).

    Of all within --max-loss it looks for those of least cost at the same frame interval: LUTs, with 60 for a
    DSP and 150 for a RAMB18. Losses are counted against float on samples drawn from those of training, and
    must be within the bound by two standard errors. What was found is confirmed on the test samples and
    written as settings that build --config reads.
    """
    from kerilog.tune import results
    from kerilog.tune.command import Asked, tune
    from kerilog.tune.widths import parsed
    from kerilog.workers import Spread

    of_goal = [field.name for field in dataclasses.fields(Goal) if field.name in options]
    goal = Goal(**{name: options.pop(name) for name in of_goal})
    asked = Asked(
        max_loss=max_loss,
        weights=parsed(weight_widths, "--weight-widths"),
        activations=parsed(activation_widths, "--activation-widths"),
        validation=validation,
        tries=tries,
        seed=seed,
    )
    where = Spread(jobs, scheduler)
    target = target or Path("build") / f"{model.stem}-tuned"
    with output.progress("tune") as progress:
        chosen = build.Options(goal=goal, given=given_options(), **options)
        report = tune(model, target, chosen, asked, progress, output.warning, where)
    results.show(report, output.console())
    files = [path for path in (target / name for name in results.FILES) if path.is_file()]
    output.line(files[0])
    if lack := results.no_pictures():
        output.complaint(f"note: {lack}")
    output.result(results.summary(report) | {"settings": report.settings, "files": files})
