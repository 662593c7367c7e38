# SPDX-License-Identifier: Apache-2.0
"""A design as a packaged IP of AMD Vivado: sources whose names meet those of no other core, and its Tcl.

A project holds cores of several versions of Kerilog side by side, and has one module of each name: so each
module of the library has the version in its name. All files lie in one folder, for a tool that copies the
memories of an IP to where it works does so without their folders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from kerilog import axi_lite
from kerilog.errors import KerilogError
from kerilog.manifest import Manifest
from kerilog.verify import tools
from kerilog.verify.design import Snapshot

_SOURCES = "src"
_LIBRARY = "krl_"  # what the names of library modules begin with, and no others
_WORD = re.compile(rf'"[^"\n]*"|\b{_LIBRARY}\w+')


def files(found: Snapshot, part: str) -> dict[str, bytes]:
    """What is in the IP's files by their paths, with a ``package.tcl`` for the family of ``part``.

    Raises KerilogError where two memories have the same name in different folders.
    """
    manifest, contents = found.manifest, flat(found)
    script = tools.render(
        "vivado/package.tcl.j2",
        top=manifest.top,
        part=part,
        version=re.sub(r"[^\w.+-]", "_", manifest.kerilog, flags=re.ASCII),
        sources=list(contents),
        reset_port=manifest.reset_port,
        ports=[
            *(stream.port for stream in (*manifest.inputs, *manifest.outputs)),
            *axi_lite.interfaces(manifest.control),
        ],
    )
    return contents | {"package.tcl": script.encode("ascii")}


def flat(found: Snapshot) -> dict[str, bytes]:
    """Sources and memories in one folder, by their paths, sources first; library modules with the version in
    their names.

    Raises KerilogError where two memories have the same name in different folders.
    """
    manifest = found.manifest
    places = _places(manifest, library_suffix(manifest))
    names = {
        PurePosixPath(old).stem: PurePosixPath(new).stem
        for old, new in places.items()
        if old in manifest.sources
    }
    names |= {f'"{memory}"': f'"{PurePosixPath(memory).name}"' for memory in manifest.memories}
    contents = {
        places[name]: _renamed(found.files[name].decode("ascii"), names).encode("ascii")
        for name in manifest.sources
    }
    return contents | {places[name]: found.files[name] for name in manifest.memories}


def library_suffix(manifest: Manifest) -> str:
    """What library modules of the design have behind their names: ``_v0_1_0``."""
    return "_v" + re.sub(r"\W", "_", manifest.kerilog, flags=re.ASCII)


def _places(manifest: Manifest, suffix: str) -> dict[str, str]:
    """Where the file of each path of the manifest goes."""
    places: dict[str, str] = {}
    for name in (*manifest.sources, *manifest.memories):
        path = PurePosixPath(name)
        stem = path.stem + suffix if path.suffix == ".v" and path.stem.startswith(_LIBRARY) else path.stem
        place = f"{_SOURCES}/{stem}{path.suffix}"
        if place in places.values():
            raise KerilogError(
                f"{manifest.name}: two files are named {path.name}; a packaged IP has one folder"
            )
        places[name] = place
    return places


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """``text`` with other ``names`` of library modules and of memories, which stand between quotes."""
    return _WORD.sub(lambda found: names.get(found[0], found[0]), text)
