# SPDX-License-Identifier: Apache-2.0
"""``kerilog hls``: the core as a black box of Vitis HLS."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog.cli import output
from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.handoff.hls import write_hls

EXAMPLES = """\b
Example:
  kerilog hls build/mnist_cnn
"""


@click.command("hls", short_help="Write a black box that an HLS design calls.", epilog=EXAMPLES)
@DIRECTORY
@FORCE
def hls_command(directory: Path, force: bool) -> None:
    """Write DIR/hls: the core as a function of Vitis HLS, a frame a call.

    TOP_hls.json is for `add_files -blackbox`; C simulation runs the integer model, synthesis takes the
    Verilog.
    """
    with output.progress("hls") as progress:
        progress("writing the black box", None)
        path = write_hls(directory, force)
    output.line(f"written: {path}")
    output.result({"file": path})
