# SPDX-License-Identifier: Apache-2.0
"""``kerilog cpp``: the integer model as a C++ header."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog.cli import output
from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.handoff.cpp import write_cpp

EXAMPLES = """\b
Example:
  kerilog cpp build/mnist_cnn
"""


@click.command("cpp", short_help="Write the integer model as a C++ header.", epilog=EXAMPLES)
@DIRECTORY
@FORCE
def cpp_command(directory: Path, force: bool) -> None:
    """Write DIR/model/NAME.h: the integer model in C++14, one header, integers alone.

    NAME_dpi.sv and NAME_dpi.cpp beside it make it a function of SystemVerilog benches.
    """
    with output.progress("cpp") as progress:
        progress("writing the header", None)
        path = write_cpp(directory, force)
    output.line(f"written: {path}")
    output.result({"file": path})
