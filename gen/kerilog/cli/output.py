# SPDX-License-Identifier: Apache-2.0
"""What a command prints: a table for people or one JSON object for scripts, and on the error stream what is
wrong.

Every command has ``--quiet``, ``--verbose`` and ``--json``, which may also stand before its name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
import rich.box
import rich.console
import rich.table

from kerilog import console as consoles
from kerilog.console import plain
from kerilog.progress import Progress, Steps, show_progress

Row = tuple[str, ...]


@dataclasses.dataclass
class Manners:
    """What the user chose."""

    quiet: bool = False
    verbose: bool = False
    json: bool = False
    steps: Steps = dataclasses.field(default_factory=Steps)

    @property
    def shows_tables(self) -> bool:
        return not (self.quiet or self.json)


def manners() -> Manners:
    """Those of the command that runs."""
    context = click.get_current_context(silent=True)
    return Manners() if context is None else context.ensure_object(Manners)


def _choose(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    chosen = context.ensure_object(Manners)
    if value and parameter.name is not None:
        setattr(chosen, parameter.name, True)
    if chosen.quiet and chosen.verbose:
        raise click.UsageError("--quiet and --verbose exclude each other", context)


def options() -> list[click.Option]:
    """The options that every command has."""
    return [
        click.Option(names, is_flag=True, expose_value=False, callback=_choose, help=text)
        for names, text in (
            (["-q", "--quiet"], "No table and no progress; warnings and errors stay."),
            (["-v", "--verbose"], "More rows in tables; seconds of each step, on the error stream."),
            (["--json"], "One JSON object on standard output, in the place of tables."),
        )
    ]


def table(title: str, rows: Iterable[Row], head: Row = ()) -> None:
    """Print ``rows`` under ``title``, and under the words of ``head`` if there are any."""
    if not manners().shows_tables:
        return
    found = rich.table.Table(
        title=plain(title), show_header=bool(head), box=rich.box.SIMPLE, title_justify="left"
    )
    cells = [tuple(map(plain, row)) for row in rows]
    for place in range(max(map(len, (head, *cells)))):
        name = plain(head[place]) if place < len(head) else ""
        found.add_column(name, style=None if place else "bold", overflow="fold")
    for row in cells:
        found.add_row(*row)
    consoles.console().print(found)


def console() -> rich.console.Console:
    """Where tables go that another package prints."""
    return consoles.console() if manners().shows_tables else consoles.silent_console()


def line(text: object) -> None:
    """Print one line beside the tables: a path, as a rule."""
    if manners().shows_tables:
        click.echo(text)


def result(values: Mapping[str, Any] | msgspec.Struct) -> None:
    """What the command found, for ``--json``: the keys are those of the manifest where it has them."""
    if manners().json:
        click.echo(json.dumps(_json(msgspec.to_builtins(values, enc_hook=_other)), indent=2, allow_nan=False))


def _other(value: Any) -> Any:
    """What msgspec does not know: paths and NumPy's numbers."""
    if isinstance(value, Path):
        return value.as_posix()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _json(value: Any) -> Any:
    """``value`` with null for what is no finite number, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def warning(text: str) -> None:
    """A line of warning, on the error stream."""
    click.echo(f"kerilog: warning: {text}", err=True)


def complaint(text: str) -> None:
    """A line about what is wrong with what was made, on the error stream."""
    click.echo(f"kerilog: {text}", err=True)


@contextlib.contextmanager
def progress(title: str) -> Iterator[Progress]:
    """A bar on the error stream, where that is a terminal; with ``--verbose`` the time of each step."""
    chosen = manners()
    with show_progress(title, not chosen.quiet, chosen.steps) as move:
        yield move
    if chosen.verbose:
        for step, seconds in chosen.steps.seconds.items():
            click.echo(plain(f"{seconds:8.2f} s  {step}").plain, err=True)
