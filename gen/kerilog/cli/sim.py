# SPDX-License-Identifier: Apache-2.0
"""``kerilog sim``: the RTL on the user's frames, checked against the integer model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

from kerilog.cli import folder as folders
from kerilog.cli import output, tables
from kerilog.cli.folder import Folder, Request
from kerilog.cli.options import DIRECTORY, PATH, frames_and_results
from kerilog.integer.model import run_outputs
from kerilog.manifest import Manifest
from kerilog.quantize import strip_softmax
from kerilog.verify import SIMULATORS, finished, layers, trace
from kerilog.verify.steady import simulate_steady

DIFFERS = 1  # exit status
EXAMPLES = """\b
Examples:
  kerilog sim build/mnist_cnn --inputs x.npy --outputs y.npy
  kerilog sim build/mnist_cnn --data samples.npz --count 1000
  kerilog sim build/mnist_cnn --inputs x.npy --compare-layers
  kerilog sim build/mnist_cnn --inputs x.npy --trace out.fst --trace-frames 2:4 --simulator icarus
"""


@click.command("sim", short_help="Run the RTL on frames, check every output.", epilog=EXAMPLES)
@DIRECTORY
@frames_and_results
@click.option(
    "--simulator",
    type=click.Choice(sorted(SIMULATORS)),
    default="verilator",
    show_default=True,
    help="verilator for whole data sets, icarus for a few frames by a second tool.",
)
@click.option(
    "--trace", "trace_file", type=PATH, metavar="FILE", help="Write waveforms as well: FILE.fst or FILE.vcd."
)
@click.option("--trace-frames", metavar="A:B", help="Frames A to B - 1 of --trace, from 0.  [default: 0:1]")
@click.option(
    "--compare-layers",
    is_flag=True,
    help="Compare every layer, and name the first one, its pixel and its channel that differ.",
)
def sim_command(
    directory: Path,
    simulator: str,
    trace_file: Path | None,
    trace_frames: str | None,
    compare_layers: bool,
    **options: Any,
) -> None:
    """Run the RTL of the design in DIR and check every output against the integer model.

    The RTL ends in logits; a softmax at the end of a TFLite file is done here, as a host would. Frames that
    are too few to show the steady interval are sent again, which is not written.

    Exits with status 1 if any element, the steady frame interval or the latency is not what it should be.
    """
    if trace_frames is not None and trace_file is None:
        raise click.UsageError("--trace-frames is for --trace")
    asked = Request(**options)
    manifest = Manifest.read(directory)
    folder = Folder.read(directory)
    graph = folder.graph
    folders.check_tensors(manifest, strip_softmax(graph), directory)
    given = folder.frames(asked)
    codes = given.codes
    wanted = None if trace_file is None else trace.parse(trace_file, trace_frames, given.count)
    difference = None
    with output.progress("sim") as progress:
        if wanted is not None:
            trace.write(directory, codes, wanted, simulator, progress)
        if compare_layers:
            difference = layers.first_difference(directory, strip_softmax(graph), codes, simulator, progress)
            if difference is not None:
                output.complaint(difference.told)
        steady = simulate_steady(directory, codes, simulator, progress)
        progress("running the integer model", None)
        found = finished(graph, steady.result.outputs)
        expected = run_outputs(graph, codes)
        different = sum(
            int(np.count_nonzero(one != other)) for one, other in zip(found, expected, strict=True)
        )
    folder.write(asked, found)
    judged = folder.judge(given, found)
    looks = tables.Looks(compare_layers, difference, wanted)
    tables.show_simulation(tables.Simulated(manifest, steady, different, given, judged, looks), asked)
    troubles = list(steady.differences(manifest))
    for trouble in troubles:
        output.complaint(trouble)
    if different or troubles or difference is not None:
        sys.exit(DIFFERS)
