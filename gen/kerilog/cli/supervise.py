# SPDX-License-Identifier: Apache-2.0
"""A command in a process of its own, so that an interrupt ends it at once, whatever it does.

Python looks at signals between two of its own steps only, and a network in a simulator, a library that is
being loaded or a compiled loop may take many seconds. So the process that was started waits, and the command
runs in a fork of it. The command gets a moment to clear up after itself; then it and all that it started are
killed, and its temporary files, which lie in one folder, are removed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

GRACE = 0.5
"""Seconds that a command has to clear up."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1
_SHOW_CURSOR = "\x1b[?25h"


def possible() -> bool:
    """Whether a command can run in a fork here."""
    return sys.platform == "linux" and threading.active_count() == 1


def run(command: Callable[[], int]) -> int:
    """Run ``command``, which gives its exit status, in a fork; returns the status that this process has.

    It is 130 after SIGINT, 143 after SIGTERM.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    scratch = _scratch()
    asked: list[int] = []
    child = 0

    def ask(number: int, _: FrameType | None) -> None:
        asked.append(number)
        if child and len(asked) == 1:
            os.kill(child, number)

    former = {number: signal.signal(number, ask) for number in _SIGNALS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))  # it is waited for
    try:
        child = os.fork()
        if child == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            _be_the_command(command, scratch, asked)
        return _wait(child, asked)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in former.items():
            signal.signal(number, handler)
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def _scratch() -> str | None:
    """A folder for the command's temporary files; None where there can be none."""
    with contextlib.suppress(OSError):
        return tempfile.mkdtemp(prefix="kerilog_")
    return None


def _be_the_command(command: Callable[[], int], scratch: str | None, asked: list[int]) -> NoReturn:
    """What the fork does. It does not wait for threads at its end: they have nothing to put in order."""
    status = 1
    try:
        for number in _SIGNALS:
            signal.signal(number, _stop)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # should the process that waits be killed
        if scratch is not None:
            os.environ["TMPDIR"] = tempfile.tempdir = scratch
        if asked:
            signal.raise_signal(asked[0])
        status = command()
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()  # a fault of Kerilog's: os._exit would swallow it
    finally:
        os._exit(status)


def _stop(number: int, _: FrameType | None) -> NoReturn:
    """Ends the command from wherever it is, once: a second signal must not disturb how it clears up."""
    for ignored in _SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _wait(child: int, asked: list[int]) -> int:
    """The exit status, once the child has ended; it is made to, a moment after it was ``asked`` to."""
    deadline: float | None = None
    while True:
        ended, raw = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if asked and deadline is None:
            deadline = time.monotonic() + GRACE
        if deadline is not None and time.monotonic() > deadline:
            _kill(child)
            _, raw = os.waitpid(child, 0)
            break
        # until something happens to the child, or to this process; not for ever, as it may do so just before
        signal.sigtimedwait((signal.SIGCHLD,), 0.01 if asked else 1.0)
    status = os.waitstatus_to_exitcode(raw)
    if asked and status != 0:
        click.echo("kerilog: interrupted", err=True)
        return 128 + asked[0]
    if status < 0:
        click.echo(f"kerilog: error: ended by {signal.Signals(-status).name}", err=True)
    return 128 - status if status < 0 else status


def _kill(process: int) -> None:
    """Kill a process and all that descend from it."""
    family = [process]
    for member in family:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{member}/task").iterdir():
                family += map(int, (thread / "children").read_text().split())
    for member in family:
        with contextlib.suppress(OSError):
            os.kill(member, signal.SIGKILL)
    if sys.stderr.isatty():
        sys.stderr.write(_SHOW_CURSOR)  # which a bar of progress had hidden
