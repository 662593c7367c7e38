# SPDX-License-Identifier: Apache-2.0
"""``kerilog synth``: area and clock from open tools."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog.cli import output, tables
from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.handoff.families import FAMILIES
from kerilog.handoff.synth import synthesize
from kerilog.manifest import Manifest
from kerilog.verify import tools

EXAMPLES = """\b
Examples:
  kerilog synth build/mnist_cnn
  kerilog synth build/mnist_cnn --target ecp5 --device 45k
  kerilog synth build/mnist_cnn --target gowin
"""


@click.command("synth", short_help="Measure area, where nextpnr knows how the clock, too.", epilog=EXAMPLES)
@DIRECTORY
@click.option(
    "--target",
    type=click.Choice(list(FAMILIES)),
    default="xc7",
    show_default=True,
    help="xc7: area alone. The others: placed and routed, too.",
)
@click.option(
    "--device",
    help="ecp5: 25k, 45k, 85k; ice40: up5k, hx8k; gowin: 9k, 20k; nexus: 40k; gatemate: a1.  "
    "[default: the smallest that holds the design]",
)
@click.option(
    "--seed",
    type=click.IntRange(min=1),
    help="of all but xc7: where placement starts.  [default: 1]",
)
@FORCE
def synth_command(directory: Path, target: str, device: str | None, seed: int | None, force: bool) -> None:
    """Area and, where it is placed, clock of the design in DIR, from open tools; adds it to the manifest."""
    with output.progress("synth") as progress:
        resources = synthesize(directory, target, progress, device, seed, force)
    placer = FAMILIES[target].placer
    if placer is not None and resources.fmax_mhz is None:
        output.warning(
            f"no clock: '{placer.program}' is not installed; install {tools.how_to_get(placer.program)}"
        )
    tables.show_resources(resources, Manifest.read(directory))
