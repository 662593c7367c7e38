# SPDX-License-Identifier: Apache-2.0
"""``kerilog weights``: another model as a file of weights for a core that loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kerilog import build
from kerilog.cli import output
from kerilog.cli.options import FORCE, PATH, data_source, given_options
from kerilog.loading.command import write_weights

EXAMPLES = """\b
Examples:
  kerilog weights retrained.keras --for build/mnist_cnn -o retrained.bin
  kerilog weights retrained.keras --for build/mnist_cnn -o retrained.bin --data samples.npz
"""


@click.command("weights", short_help="Quantize another model for a core that loads weights.", epilog=EXAMPLES)
@click.argument("model", type=PATH)
@click.option(
    "--for", "directory", type=PATH, required=True, metavar="DIR", help="Design, built with --loadable."
)
@click.option("-o", "--output", "target", type=PATH, required=True, help="File to write.")
@data_source
@FORCE
def weights_command(model: Path, directory: Path, target: Path, force: bool, **options: Any) -> None:
    """Quantize MODEL into the number formats of the design in DIR, and write what its bus is to be given.

    MODEL has the layers and shapes of the model that the design was built from; where weights are not
    loaded, it has the same. The integer model is written beside, as FILE.npz: the loaded core gives its
    results. With --data its distance from the float model is told.
    """
    chosen = build.Options(given=given_options(), **options)
    with output.progress("weights") as progress:
        made = write_weights(model, directory, target, chosen, progress, force)
    output.line(f"{made.path}: {made.size:,} bytes for {', '.join(made.layers)}, checksum {made.checksum}")
    output.line(f"{made.model}: the integer model that the loaded core computes")
    for one in made.quality:
        told = "none, nothing differs" if one.snr_db is None else f"{one.snr_db:.1f} dB"
        output.line(f"SNR of output '{one.output}' against float, {one.samples:,} samples: {told}")
    output.result(made)
