# SPDX-License-Identifier: Apache-2.0
"""How long work tells how far it is."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import time
from collections.abc import Callable, Iterator

import rich.console
import rich.progress

from kerilog.console import console, plain

Progress = Callable[[str, float | None], None]
"""Called as ``progress(stage, fraction)``: what is being done and how far, 0.0 to 1.0, or None if unknown."""


def silent(stage: str, fraction: float | None) -> None:
    """The Progress that shows nothing."""


@dataclasses.dataclass
class Steps:
    """The stages of a piece of work in their order, each with the seconds that it took in all."""

    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    _stage: str | None = None
    _since: float = 0.0

    def enter(self, stage: str | None) -> None:
        """The work is at ``stage`` from now on; None: at its end."""
        now = time.perf_counter()
        if self._stage is not None:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now


@contextlib.contextmanager
def show_progress(title: str, shown: bool = True, steps: Steps | None = None) -> Iterator[Progress]:
    """Draw a bar titled ``title`` on the error stream; yields the Progress that moves it.

    Nothing is drawn where that is neither a terminal nor a notebook, so that an error stays the only line,
    nor unless it is to be ``shown``. ``steps``, if given, is told of every stage.
    """
    columns = (
        rich.progress.TextColumn("{task.description}", markup=False),
        rich.progress.BarColumn(),
        rich.progress.TaskProgressColumn(),
        rich.progress.TimeElapsedColumn(),
    )
    screen = console(stderr=True)
    disable = not shown or not (screen.is_terminal or _is_notebook(screen))
    timed = Steps() if steps is None else steps
    with rich.progress.Progress(*columns, console=screen, transient=True, disable=disable) as bar:
        task = bar.add_task(title, total=None)

        def move(stage: str, fraction: float | None) -> None:
            timed.enter(stage)
            total = None if fraction is None else 1.0
            description = plain(f"{title}: {stage}").plain
            bar.update(task, description=description, total=total, completed=fraction or 0.0)

        timed.enter(title)
        try:
            yield move
        finally:
            timed.enter(None)


def _is_notebook(screen: rich.console.Console) -> bool:
    """Whether ``screen`` is a cell of a notebook that has the package that moves a bar there."""
    return screen.is_jupyter and importlib.util.find_spec("ipywidgets") is not None
