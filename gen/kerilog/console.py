# SPDX-License-Identifier: Apache-2.0
"""Text for people, on a terminal or in a pipe: never markup, never cut."""

from __future__ import annotations

import io

import rich.console
import rich.text

_WIDE = 100_000
"""Columns where there is no terminal: a script that reads a table wants each row on one line, whole."""


def console(stderr: bool = False) -> rich.console.Console:
    """The console on standard output, or on the error stream: as wide as the terminal, else without limit."""
    found = rich.console.Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not found.is_terminal:
        found.width = _WIDE
    return found


def silent_console() -> rich.console.Console:
    """A console that prints nowhere."""
    return rich.console.Console(file=io.StringIO())


def plain(text: str) -> rich.text.Text:
    """``text`` without markup and control characters: names come from files that nobody has vetted."""
    return rich.text.Text("".join(mark if mark.isprintable() else "?" for mark in text))
