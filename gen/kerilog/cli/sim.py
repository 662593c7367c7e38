# SPDX-License-Identifier: Apache-2.0
"""``kerilog sim``: the RTL on the user's frames, checked against the integer model."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np

from kerilog import frames
from kerilog.cli import folder, output, tables
from kerilog.cli.options import DIRECTORY, inputs_and_outputs
from kerilog.integer.model import run
from kerilog.manifest import Manifest
from kerilog.quantize import softmax_tail, strip_softmax
from kerilog.verify import SIMULATORS
from kerilog.verify.steady import simulate_steady

DIFFERS = 1  # exit status
EXAMPLES = """\b
Examples:
  kerilog sim build/mnist_cnn --inputs x.npy --outputs y.npy
  kerilog sim build/mnist_cnn --inputs x.npy --outputs y.npy --simulator icarus
"""


@click.command("sim", short_help="Run the RTL on frames, check every output.", epilog=EXAMPLES)
@DIRECTORY
@inputs_and_outputs
@click.option(
    "--simulator",
    type=click.Choice(sorted(SIMULATORS)),
    default="verilator",
    show_default=True,
    help="verilator for whole data sets, icarus for a few frames by a second tool.",
)
def sim_command(directory: Path, inputs: Path, outputs: Path, simulator: str) -> None:
    """Run the RTL of the design in DIR and check every output against the integer model.

    The RTL ends in logits; a softmax at the end of a TFLite file is done here, as a host would. Frames that
    are too few to show the steady interval are sent again, which is not written.

    Exits with status 1 if any element, the steady frame interval or the latency is not what it should be.
    """
    manifest = Manifest.read(directory)
    graph = folder.integer_model(directory)
    folder.check_tensors(manifest, strip_softmax(graph), directory)
    (codes,) = folder.codes(graph, inputs, outputs).values()
    with output.progress("sim") as progress:
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
        output.complaint(trouble)
    if different or troubles:
        sys.exit(DIFFERS)
