# SPDX-License-Identifier: Apache-2.0
"""Arguments from Python, where anything may come: each is what it should be, or is refused in one line."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from kerilog.errors import KerilogError


def path_of(given: object, what: str = "directory") -> Path:
    """``given``, the argument ``what``, as a path. Raises KerilogError where it is none."""
    if isinstance(given, (str, os.PathLike)):
        found = os.fspath(given)
        if isinstance(found, str):
            return Path(found)
    raise KerilogError(f"{what}: expected a path, found {type(given).__name__}")


def layers_of(given: object, what: str = "unroll") -> tuple[str, ...]:
    """Argument ``what``: names of layers, of which one may come by itself. Raises KerilogError for others."""
    if isinstance(given, str):
        return (given,)
    found = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(name, str) for name in found):
        raise KerilogError(f"{what}: expected names of layers, found {given!r}")
    return found


def name_of(given: object) -> str | None:
    """``name``. Raises KerilogError unless it is a text or None."""
    if given is not None and not isinstance(given, str):
        raise KerilogError(f"name: expected a text, found {type(given).__name__}")
    return given
