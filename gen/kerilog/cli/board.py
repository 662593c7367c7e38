# SPDX-License-Identifier: Apache-2.0
"""``kerilog board``: a design on a board, up to the bitstream."""

from __future__ import annotations

from pathlib import Path

import click

from kerilog.cli import output
from kerilog.cli.options import DIRECTORY, FORCE
from kerilog.handoff.board import BoardFolder, write_board

MISSING = 3  # exit status
EXAMPLES = """\b
Example:
  kerilog build models/mnist_cnn.keras --argmax --interval 20000
  kerilog board ulx3s build/mnist_cnn
"""


@click.command("board", short_help="Make a bitstream for a board.", epilog=EXAMPLES)
@click.argument("name")
@DIRECTORY
@click.option("--baud", type=int, help="Bits a second of the serial line.  [default: the fastest that fits]")
@FORCE
def board_command(name: str, directory: Path, baud: int | None, force: bool) -> None:
    """Write DIR/board/NAME: the design on a board, with pins, a bitstream and a script for the host.

    NAME is ulx3s, tangnano9k, tangnano20k or icebreaker. Frames go in by the board's serial line and results
    come back. Where a tool is missing, all but the bitstream is written and the exit status is 3.
    """
    with output.progress("board") as progress:
        found = write_board(name, directory, baud, force, progress)
    output.table(f"{found.board}, {directory}", _rows(found))
    output.result({key: getattr(found, key) for key in BoardFolder.__dataclass_fields__})
    if found.missing:
        output.complaint(f"no bitstream: {found.missing}")
        click.get_current_context().exit(MISSING)


def _rows(found: BoardFolder) -> list[output.Row]:
    rows: list[output.Row] = [("serial line", f"{found.baud:,} bits a second, 8N1")]
    for kind, count in found.used.items():
        rows.append((kind, f"{count:,} of {found.available[kind]:,}"))
    if found.fmax_mhz is not None:
        rows.append(("Fmax", f"{found.fmax_mhz:.1f} MHz, the board has {found.clock_mhz:g} MHz"))
    rows.append(("written", str(found.folder)))
    if found.bitstream:
        rows.append(("bitstream", str(found.bitstream)))
    return rows
