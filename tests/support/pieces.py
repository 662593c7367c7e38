# SPDX-License-Identifier: Apache-2.0
"""What workers are given to do: here, for their processes must be able to import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from kerilog import parallel
from kerilog.errors import KerilogError


def added(shared: int, piece: int) -> tuple[int, int, int]:
    """The sum, and where it was made: process and processors."""
    return shared + piece, os.getpid(), parallel.processors()


def refused(shared: int, piece: int) -> int:
    if piece == shared:
        raise KerilogError(f"piece {piece}")
    return piece


def killed(_: int, piece: int) -> int:
    if piece:
        os.kill(os.getpid(), signal.SIGKILL)
    return piece


def marked(folder: str, piece: int) -> int:
    """Slow, and tells which process it runs in."""
    (Path(folder) / f"{piece}-{os.getpid()}").touch()
    time.sleep(0.2)
    return piece * piece


def endless(_shared: object, _piece: object) -> None:
    """Waits for a signal that does not come."""
    signal.pause()
