# SPDX-License-Identifier: Apache-2.0
"""``kerilog build``: from a model file to a folder with its integer model and its hardware."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any, get_args

import click

from kerilog import build
from kerilog.cli import output, tables
from kerilog.cli.options import FORCE, PATH, bounds, given_options, quantization
from kerilog.manifest import ControlBus, IntegerManifest, Reset
from kerilog.plan.goals import Goal
from kerilog.plan.refusals import ALL

NO_HARDWARE = 3  # exit status
EXAMPLES = """\b
Examples:
  kerilog build models/mnist_cnn.keras -o build/mnist_cnn
  kerilog build net.keras --data samples.npz --interval 784
  kerilog build net.tflite --device xc7a35t
  kerilog build net.keras --data samples.npz --interval 784 --latency 1600 --device xc7s25
  kerilog build net.keras --data samples.npz --scheme affine --json > built.json
"""


@click.command("build", short_help="Quantize a model and write its Verilog.", epilog=EXAMPLES)
@quantization
@click.option("-o", "--output", "target", type=PATH, help="Folder to write.  [default: build/<model name>]")
@bounds
@click.option(
    "--reset",
    type=click.Choice(get_args(Reset)),
    help="Level that resets the core: port rst, or aresetn for active-low.  [default: active-high]",
)
@click.option(
    "--control",
    type=click.Choice(get_args(ControlBus)),
    help="Bus of a block with registers: identity, counters, errors, soft reset, interrupt.  [default: none]",
)
@click.option(
    "--loadable",
    is_flag=False,
    flag_value=ALL,
    multiple=True,
    metavar="[LAYER]",
    help="Layer whose weights the bus of --control can load at run time; all layers if none is named.",
)
@click.option(
    "--double-buffer",
    is_flag=True,
    help="Two sets of the weights of --loadable: a load is no pause, and falls between two frames.",
)
@click.option(
    "--argmax",
    is_flag=True,
    help="End in the number of the class, the lowest of equal ones, at every output with several classes.",
)
@click.option("--integer-only", is_flag=True, help="Write the integer model alone; plan no hardware.")
@click.option("--name", help="Name of the top module.  [default: of the model file]")
@FORCE
def build_command(model: Path, target: Path | None, **options: Any) -> None:
    """Quantize MODEL (.keras, .h5 or .tflite) and write its Verilog, folded to meet all bounds given.

    What is not bounded is minimized: the interval first, then area; with --latency alone, area. With
    --interval or --fps alone every layer gets the fewest multipliers. Without a bound it is the shortest
    interval that 76 multipliers allow, or one per layer if there are more layers.

    Where hardware does not support MODEL, every reason is printed, the integer model is written
    alone, and the exit status is 3.
    """
    goal = Goal(**{field.name: options.pop(field.name) for field in dataclasses.fields(Goal)})
    target = target or Path("build") / model.stem
    with output.progress("build") as progress:
        chosen = build.Options(goal=goal, given=given_options(), **options)
        built = build.build(model, target, chosen, progress)
    tables.show(built, target)
    for warning in built.warnings:
        output.warning(warning)
    if isinstance(built, IntegerManifest) and not options["integer_only"]:
        _tell_no_hardware(built, target, goal)
        sys.exit(NO_HARDWARE)


def _tell_no_hardware(manifest: IntegerManifest, target: Path, goal: Goal) -> None:
    """Every reason on a line of its own, on the error stream."""
    for reason in manifest.no_hardware:
        where = f"layer '{reason.layer}': " if reason.layer else ""
        output.complaint(f"no hardware: {where}{reason.reason}")
    untried = "" if goal == Goal() else "; the goal was not tried"
    output.complaint(f"wrote the integer model alone to {target}{untried}")
