# SPDX-License-Identifier: Apache-2.0
"""Paths that a user hands over."""

from __future__ import annotations

import os
from pathlib import Path

from kerilog.errors import KerilogError


def path_of(given: object, what: str = "directory") -> Path:
    """``given``, the argument ``what``, as a path. Raises KerilogError where it is none."""
    if isinstance(given, (str, os.PathLike)):
        found = os.fspath(given)
        if isinstance(found, str):
            return Path(found)
    raise KerilogError(f"{what}: expected a path, found {type(given).__name__}")
