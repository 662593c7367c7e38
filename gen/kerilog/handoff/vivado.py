# SPDX-License-Identifier: Apache-2.0
"""The hand-off to AMD Vivado: a folder that stands alone, with a project, a batch run out of context, an IP,
and for boards with PYNQ a block design.

The folder holds its own copy of the sources and memories, so that it can be moved or sent without the rest.
Its text depends on the design and the options only: no dates and no absolute paths.
"""

from __future__ import annotations

import re
from pathlib import Path

from kerilog import extras, outputs
from kerilog.errors import ArgumentError, KerilogError
from kerilog.handoff import edam, ip, overlay
from kerilog.manifest import Manifest
from kerilog.progress import Progress, silent
from kerilog.verify import design, tools

FOLDER = "vivado"
IP_FOLDER = "ip"
PART = "xc7a100tcsg324-1"
_WRITER = outputs.Writer("vivado", ("vivado",))
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_TEMPLATES = {
    "vivado/run.tcl.j2": "run.tcl",
    "vivado/settings.tcl.j2": "settings.tcl",
    "vivado/memories.tcl.j2": "memories.tcl",
    "vivado/clock.xdc.j2": "clock.xdc",
}


def write_vivado(
    directory: str | Path,
    part: str | None = None,
    clock_mhz: float = 100.0,
    force: bool = False,
    board: str | None = None,
) -> Path:
    """Write ``directory/vivado`` for the FPGA ``part`` and a clock of ``clock_mhz``; returns that folder.

    ``run.tcl`` synthesizes and implements out of context and reports; ``project.tcl`` makes a project;
    ``ip/package.tcl`` packages an IP for block designs. ``part``: by default ``PART``. With a ``board`` of
    ``overlay.BOARDS``, which has its own part, ``overlay/overlay.tcl`` makes a bitstream for PYNQ, and a
    driver lies beside it.
    What Vivado itself left in the folder stays. ``force``: replace files that were changed since.

    Raises KerilogError for a part, a board or a clock that cannot be, for a design that is not complete or
    that the board does not take, and where edalize is missing, which lays out the project.
    """
    extras.require("edalize", "vivado")
    part = _part(part, board)
    if not _PART.fullmatch(part):
        raise KerilogError(f"vivado: '{part}' is not the name of a part, as in xc7a100tcsg324-1")
    if not 1.0 <= clock_mhz <= 1000.0:
        raise KerilogError(f"vivado: the clock must be 1 to 1000 MHz, found {clock_mhz}")
    directory = Path(directory)
    found = design.read(directory)
    contents = {f"{IP_FOLDER}/{name}": content for name, content in ip.files(found, part).items()}
    if board is not None:
        made = overlay.files(found, directory, board, clock_mhz)
        contents |= {f"{overlay.FOLDER}/{name}": content for name, content in made.items()}
    with outputs.folder(directory, _WRITER, force) as root:
        folder = root / FOLDER
        found.write(folder)  # under the same relative paths, which the sources name their memories by
        for template, name in _TEMPLATES.items():
            text = tools.render(template, **_values(found.manifest, part, clock_mhz))
            (folder / name).write_text(text, encoding="ascii")
        (folder / "project.tcl").write_text(_project(found.manifest, part), encoding="ascii")
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return directory.resolve() / FOLDER


def _part(part: str | None, board: str | None) -> str:
    if board is None:
        return PART if part is None else part
    if part is not None:
        raise ArgumentError("{0} and {1} exclude each other: a board has its own part", "part", "board")
    return overlay.board_of(board).part


def run_vivado(directory: str | Path, progress: Progress = silent) -> Path:
    """Run ``directory/vivado/run.tcl`` in Vivado, which takes minutes; returns the folder of its reports.

    Raises KerilogError when Vivado is not on PATH or fails.
    """
    folder = Path(directory).resolve() / FOLDER
    if not (folder / "run.tcl").is_file():
        raise KerilogError(f"{folder}: no run.tcl; write the hand-off folder first")
    progress("Vivado", None)
    tools.run_tool(["vivado", "-mode", "batch", "-nojournal", "-notrace", "-source", "run.tcl"], cwd=folder)
    return folder / "reports"


def _values(manifest: Manifest, part: str, clock_mhz: float) -> dict[str, object]:
    return {
        "name": manifest.name,
        "top": manifest.top,
        "sources": manifest.sources,
        "memories": manifest.memories,
        "part": part,
        "clock_mhz": f"{clock_mhz:g}",
        "period": f"{1000.0 / clock_mhz:.3f}",
    }


def _project(manifest: Manifest, part: str) -> str:
    """The project Tcl, by edalize; the rest of its scripts make a bitstream, which needs pins."""
    from edalize.flows.vivado import Vivado

    kinds = {".v": "verilogSource-2005", ".mem": "mem", ".xdc": "xdc", ".tcl": "tclSource"}
    names = [*manifest.sources, *manifest.memories, "clock.xdc", "settings.tcl"]
    description = {
        "name": manifest.name,
        "toplevel": manifest.top,
        "files": [{"name": name, "file_type": kinds[Path(name).suffix]} for name in names],
        "flow_options": {"part": part},
    }
    usage = "Makes the project: cd here, then vivado -mode batch -source project.tcl"
    header = f"# SPDX-License-Identifier: Apache-2.0\n# {usage}\n"
    return header + edam.script(Vivado, description, f"{manifest.name}.tcl")
