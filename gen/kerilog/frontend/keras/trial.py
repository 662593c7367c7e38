# SPDX-License-Identifier: Apache-2.0
"""Read a file in a child process first, where the HDF5 library may hang or crash without taking us along.

It does both on files damaged at random: it trusts what it reads in places. ``.h5`` files have no checksum
at all, and whoever makes a ``.keras`` file to do harm can make its checksums right.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from kerilog.errors import KerilogError

PROBE_SECONDS = 10.0
POLL_SECONDS = 0.002


def probe(path: Path, read: Callable[[Path], object]) -> None:
    """Raise KerilogError if ``read(path)`` hangs or crashes the process; its exceptions are not looked at.

    Does nothing where processes cannot be forked.
    """
    if not hasattr(os, "fork"):
        return
    child = os.fork()
    if child == 0:
        _attempt(path, read)
    status = _wait(child, PROBE_SECONDS)
    if status is None:
        raise KerilogError(f"{path}: damaged: the HDF5 library hangs on it")
    if os.WIFSIGNALED(status):
        raise KerilogError(f"{path}: damaged: the HDF5 library crashes on it")


def _attempt(path: Path, read: Callable[[Path], object]) -> None:
    """In the child: read, say nothing, and leave without running the exit handlers of the parent."""
    try:
        faulthandler.disable()
        read(path)
    finally:
        os._exit(0)


def _wait(child: int, seconds: float) -> int | None:
    """The exit status of process ``child``, or None if it had to be killed after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(POLL_SECONDS)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
