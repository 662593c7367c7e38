# SPDX-License-Identifier: Apache-2.0
"""Area of Verilog by Yosys: the same passes and the same count of cells for everybody."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from store import Values, digest, recall

from kerilog.errors import KerilogError
from kerilog.handoff.families import FAMILIES, XC7_PASSES
from kerilog.manifest import Manifest
from kerilog.verify.tools import find_tool, first_error

_LIMIT = 600  # seconds, unless told otherwise
_FIELDS = "lut", "lutram", "ff", "bram18", "dsp", "inverters"


def version() -> str:
    """Yosys' own name and version."""
    told = subprocess.run([find_tool("yosys"), "-V"], capture_output=True, text=True, check=True).stdout
    return told.split(" (")[0].strip()


def of_design(directory: Path, what: str) -> Values:
    """LUT, LUT as memory, FF, RAMB18 and DSP of the Kerilog design in ``directory``.

    ``inverters`` are the INV cells among the LUT; a vendor's tool may merge many of them with other logic.
    All are None where Yosys took longer than ten minutes.
    """
    manifest = Manifest.read(directory)
    sources = [directory / name for name in manifest.sources]
    memories = [directory / name for name in manifest.memories]
    return of_verilog(sources, memories, manifest.top, directory, what)


def of_verilog(
    sources: Sequence[Path], memories: Sequence[Path], top: str, cwd: Path, what: str, limit: int = _LIMIT
) -> Values:
    """The same of any Verilog, in at most ``limit`` seconds, in ``cwd``, from where it reads ``memories``."""
    key = digest([*sources, *memories], top, version(), XC7_PASSES, f"{limit} s")
    return recall("area", key, f"{what}: Yosys", lambda: _run(sources, top, cwd, limit))


def _run(sources: Sequence[Path], top: str, cwd: Path, limit: int) -> Values:
    report = cwd / "area.json"
    names = " ".join(path.relative_to(cwd).as_posix() for path in sources)
    script = f"read_verilog -defer {names}; hierarchy -check -top {top}; {XC7_PASSES} -top {top}; "
    script += f"tee -q -o {report.name} stat -json"
    command = ["nice", find_tool("yosys"), "-q", "-p", script]
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        return dict.fromkeys(_FIELDS)
    if done.returncode:
        raise KerilogError(f"Yosys failed on {top}: {first_error(done.stderr)}")
    cells = json.loads(report.read_text(encoding="utf-8"))["modules"][f"\\{top}"]["num_cells_by_type"]
    report.unlink()
    family = FAMILIES["xc7"]
    counts: list[Values] = [dict.fromkeys(cells_of, 1) for cells_of in (family.ff, family.dsp)]
    weights = [family.lut, family.lutram, counts[0], family.bram, counts[1], {"INV": 1}]
    return {
        field: sum(weight * cells.get(cell, 0) for cell, weight in weighed.items())
        for field, weighed in zip(_FIELDS, weights, strict=True)
    }
