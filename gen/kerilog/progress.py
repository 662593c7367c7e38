# SPDX-License-Identifier: Apache-2.0
"""How long work tells how far it is."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator

import rich.console
import rich.progress

Progress = Callable[[str, float | None], None]
"""Called as ``progress(stage, fraction)``: what is being done and how far, 0.0 to 1.0, or None if unknown."""


def silent(stage: str, fraction: float | None) -> None:
    """The Progress that shows nothing."""


@contextlib.contextmanager
def show_progress(title: str, shown: bool = True) -> Iterator[Progress]:
    """Draw a bar titled ``title`` on the error stream; yields the Progress that moves it.

    Nothing is drawn where that is neither a terminal nor a notebook, so that an error stays the only line,
    nor unless it is to be ``shown``.
    """
    columns = (
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.TaskProgressColumn(),
        rich.progress.TimeElapsedColumn(),
    )
    console = rich.console.Console(stderr=True)
    hidden = not shown or not (console.is_terminal or _is_notebook(console))
    with rich.progress.Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(title, total=None)

        def move(stage: str, fraction: float | None) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=f"{title}: {stage}", total=total, completed=fraction or 0.0)

        yield move


def _is_notebook(console: rich.console.Console) -> bool:
    """Whether ``console`` is a cell of a notebook that has the package that moves a bar there."""
    return console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None
