# SPDX-License-Identifier: Apache-2.0
"""``kerilog synth``: area and clock from open tools."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog.cli import output, tables
from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.handoff.synth import synthesize
from kerilog.manifest import Manifest

EXAMPLES = """\b
Examples:
  kerilog synth build/mnist_cnn
  kerilog synth build/mnist_cnn --target ecp5 --device 45k
"""


@click.command("synth", short_help="Measure area, for ECP5 the clock, too, with open tools.", epilog=EXAMPLES)
@DIRECTORY
@click.option(
    "--target",
    type=click.Choice(["xc7", "ecp5"]),
    default="xc7",
    show_default=True,
    help="xc7: Xilinx 7-series. ecp5: Lattice ECP5, placed and routed.",
)
@click.option("--device", help="ecp5 only: 25k, 45k or 85k.  [default: the smallest that holds the design]")
@click.option("--seed", type=click.IntRange(min=1), help="ecp5 only: where placement starts.  [default: 1]")
@FORCE
def synth_command(directory: Path, target: str, device: str | None, seed: int | None, force: bool) -> None:
    """Area (and for ecp5 the clock) of the design in DIR, from open tools; adds it to the manifest."""
    with output.progress("synth") as progress:
        resources = synthesize(directory, target, progress, device, seed, force)
    tables.show_resources(resources, Manifest.read(directory))
