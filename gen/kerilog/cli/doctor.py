# SPDX-License-Identifier: Apache-2.0
"""``kerilog doctor``: which tools and libraries there are, and what each enables."""

from __future__ import annotations

from collections.abc import Iterator

import click
import rich.box
import rich.console
import rich.table
import rich.text

from kerilog import doctor
from kerilog.doctor import Diagnosis, Part

_WIDEST = 10_000  # columns


@click.command("doctor")
def doctor_command() -> None:
    """List tools and libraries: their versions, where they are, and what each enables.

    Exits with 0 whatever is missing: each command says itself what it lacks.
    """
    found = doctor.doctor()
    for label, text in _machine(found):
        click.echo(f"{label:14}{text}")
    table = rich.table.Table(box=rich.box.SIMPLE)
    for title in ("name", "version", "enables", "found in, or how to get it"):
        table.add_column(title, no_wrap=True)
    for part in found.parts:
        table.add_row(*_row(part))
    # paths are there to be copied: lines are as long as they need
    width = rich.console.Console(width=_WIDEST).measure(table).maximum
    rich.console.Console(width=width).print(table)


def _machine(found: Diagnosis) -> Iterator[tuple[str, str]]:
    yield "kerilog", f"{found.kerilog}, {found.package}"
    yield "python", found.python
    yield "platform", found.platform
    memory = "" if found.memory is None else f", {found.memory / 2**30:.1f} GiB of memory free"
    yield "processors", f"{found.processors}{memory}"
    if found.timing_compiled:
        yield "timing model", "compiled"
    else:
        yield "timing model", "interpreted: deep networks are planned several times more slowly"


def _row(part: Part) -> Iterator[rich.text.Text]:
    there = part.place is not None
    yield rich.text.Text(part.name, style="bold" if there else "")
    yield rich.text.Text((part.version or "unknown") if there else "missing", style="" if there else "yellow")
    yield rich.text.Text(part.enables)
    yield rich.text.Text(part.place or part.install)
