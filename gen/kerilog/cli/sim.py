# SPDX-License-Identifier: Apache-2.0
"""``kerilog sim``: the RTL on the user's frames, checked against the integer model."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np

from kerilog import frames
from kerilog.cli import folder, tables
from kerilog.cli.options import DIRECTORY, inputs_and_outputs
from kerilog.integer.model import run
from kerilog.manifest import Manifest
from kerilog.progress import show_progress
from kerilog.quantize import softmax_tail, strip_softmax
from kerilog.verify import SIMULATORS
from kerilog.verify.steady import simulate_steady

DIFFERS = 1  # exit status


@click.command("sim")
@DIRECTORY
@inputs_and_outputs
@click.option("--simulator", type=click.Choice(sorted(SIMULATORS)), default="verilator", show_default=True)
def sim_command(
    directory: Path, inputs: Path, outputs: Path, kind: frames.Kind | None, simulator: str
) -> None:
    """Run the RTL of the design in DIR and check every output against the integer model.

    The RTL ends in logits; a softmax at the end of a TFLite file is done here, as a host would. Frames that
    are too few to show the steady interval are sent again, which is not written.

    Exits with status 1 if any element, the steady frame interval or the latency is not what it should be.
    """
    manifest = Manifest.read(directory)
    graph = folder.integer_model(directory)
    folder.check_tensors(manifest, strip_softmax(graph), directory)
    (codes,) = folder.codes(directory, graph, inputs, outputs, kind).values()
    with show_progress("sim") as progress:
        found = simulate_steady(directory, codes, simulator, progress)
        progress("running the integer model", None)
        tail = softmax_tail(graph)
        given = found.result.codes if tail is None else run(tail, found.result.codes)
        expected = run(graph, codes)
    frames.write(outputs, folder.by_name(graph, (given,)))
    different = int(np.count_nonzero(given != expected))
    tables.show_simulation(found, manifest, different)
    troubles = list(found.differences(manifest))
    for trouble in troubles:
        click.echo(f"kerilog: {trouble}", err=True)
    if different or troubles:
        sys.exit(DIFFERS)
