# SPDX-License-Identifier: Apache-2.0
"""Area of single modules of the library, by Yosys for Xilinx 7-series: many of them in one run."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from kerilog.handoff import synth
from kerilog.verify import tools

_VERILOG_LITERAL = re.compile(r"\d+'h[0-9a-f]+")


@dataclasses.dataclass(frozen=True)
class Instance:
    """A module of ``hw/rtl`` with its parameters; a string is a Verilog literal (``20'h1f``) or the name of a
    memory file of ``memories``.
    """

    module: str
    parameters: Mapping[str, int | str]


def measure(
    instances: Sequence[Instance], memories: Mapping[str, str] | None = None
) -> list[synth.Resources]:
    """The area of each of ``instances``, alone and flat, by ``synth_xilinx``.

    ``memories``: text of the files that ``$readmemh`` reads, by their names. Raises KerilogError when Yosys
    is missing or refuses a module.
    """
    work = Path(tempfile.mkdtemp(prefix="kerilog_area_"))
    try:
        library = work / "rtl"
        library.mkdir()
        for path in (resources.files("kerilog.hw") / "rtl").iterdir():
            (library / path.name).write_text(path.read_text(encoding="ascii"), encoding="ascii")
        for name, text in (memories or {}).items():
            (work / name).write_text(text, encoding="ascii")
        (work / "run.ys").write_text(_script(instances), encoding="ascii")
        tools.run_tool(["yosys", "-q", "-s", "run.ys"], cwd=work)
        text = (work / "stat.json").read_text(encoding="utf-8")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    # without a top module, Yosys 0.23 ends its list of modules in a comma
    statistics: dict[str, Any] = json.loads(re.sub(r",(\s*})", r"\1", text))
    cells = [statistics["modules"][f"\\v{place}"]["num_cells_by_type"] for place in range(len(instances))]
    return [synth.counted("xc7", "yosys", found) for found in cells]


def _script(instances: Sequence[Instance]) -> str:
    """Each instance is elaborated and flattened by itself; then all are mapped side by side."""
    lines = ["read_verilog -defer rtl/*.v", "design -save library"]
    for place, instance in enumerate(instances):
        values = " ".join(f"-chparam {name} {_literal(value)}" for name, value in instance.parameters.items())
        lines += [
            "design -load library",
            f"hierarchy -check -top {instance.module} {values}",
            f"proc; flatten; rename -top v{place}; design -stash stash{place}",
        ]
    lines += ["design -reset", "read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v"]
    lines += [f"design -copy-from stash{place} -as v{place} v{place}" for place in range(len(instances))]
    lines += [
        # up to the last check, which would keep one of them as the top module
        "setattr -mod -unset top *",
        "synth_xilinx -flatten -noiopad -family xc7 -run prepare:check",
        "tee -q -o stat.json stat -json",
    ]
    return "\n".join(lines) + "\n"


def _literal(value: int | str) -> str:
    """A parameter's value as Yosys' command takes it: of a string or below zero, only its bits."""
    if isinstance(value, int) and value >= 0:
        return str(value)
    if isinstance(value, int):
        return f"32'b{value & 0xFFFFFFFF:032b}"
    if _VERILOG_LITERAL.fullmatch(value):
        return value
    bits = "".join(f"{byte:08b}" for byte in value.encode("ascii"))
    return f"{len(bits)}'b{bits}"
