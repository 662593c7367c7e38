# SPDX-License-Identifier: Apache-2.0
"""``kerilog doctor``: which tools and libraries there are, and what each enables."""

from __future__ import annotations

from collections.abc import Iterator

import click

from kerilog import doctor
from kerilog.cli import output
from kerilog.doctor import Diagnosis, Part

EXAMPLES = """\b
Examples:
  kerilog doctor
  kerilog doctor --json | jq '.parts[] | select(.place == null) | .install'
"""
_HEAD = ("name", "version", "enables", "found in, or how to get it")


@click.command("doctor", short_help="List tools and libraries and what each enables.", epilog=EXAMPLES)
def doctor_command() -> None:
    """List tools and libraries: their versions, where they are, and what each enables.

    Exits with 0 whatever is missing: each command says itself what it lacks.
    """
    found = doctor.doctor()
    output.table("machine", _machine(found))
    output.table("tools and libraries", map(_row, found.parts), _HEAD)
    output.result(found.to_dict())


def _machine(found: Diagnosis) -> Iterator[output.Row]:
    yield "kerilog", f"{found.kerilog}, {found.package}"
    yield "python", found.python
    yield "platform", found.platform
    memory = "" if found.memory is None else f", {found.memory / 2**30:.1f} GiB of memory free"
    yield "processors", f"{found.processors}{memory}"
    compiled = "compiled" if found.timing_compiled else "interpreted: planning deep networks is slower"
    yield "timing model", compiled


def _row(part: Part) -> output.Row:
    version = "missing" if part.place is None else part.version or "unknown"
    return part.name, version, part.enables, part.place or part.install
