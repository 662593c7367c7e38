# SPDX-License-Identifier: Apache-2.0
"""Area of a design from open tools, Yosys, and its clock from nextpnr where that knows the family.

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

from kerilog import axi_lite, outputs
from kerilog import manifest as manifests
from kerilog.area.devices import Device
from kerilog.errors import ArgumentError, KerilogError
from kerilog.handoff.families import FAMILIES, Family, Pin, Placer
from kerilog.manifest import Manifest
from kerilog.progress import Progress, silent
from kerilog.verify import design, tools
from kerilog.verify.design import Snapshot

# in the folder of a run; a design has nothing that begins with a dot
_OURS, _NETLIST, _STATISTICS, _TIMING = ".ours", ".netlist.json", ".stat.json", ".report.json"
_PINS = ".pins.v"
PINS_TOP = "krl_pins"
"""A module of three pins around a design."""
_PORTS = ("clk", "serial", "parity")
_GOAL_MHZ = 150  # what place and route aims at
_WISH = re.compile(r'\(\* ram_style = "distributed", ramstyle = "MLAB, no_rw_check" \*\) *')


@dataclasses.dataclass(frozen=True)
class Resources:
    """Area of one design.

    ``lut``: look-up tables of logic (6 inputs for xc7, 4 for the others). ``lutram``: look-up tables used as
    memories and shift registers, not part of ``lut``. ``ff``: flip-flops. ``latch``: latches; should be 0.
    ``bram18``: block RAMs of 18 Kbit, for ice40 of 4 and gatemate of 20 Kbit; a RAMB36 is two.
    ``dsp``: DSP48E1, MULT18X18D, SB_MAC16 or what the family has; gatemate makes them of its logic.
    ``fmax_mhz``: after place and route, else None, like ``critical_path``, the one that sets it. ``device``:
    what it was placed on. ``cells``: count of each cell.
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

    @property
    def needs(self) -> dict[str, int]:
        """What a device must hold, as ``held_by`` counts it."""
        return {
            "LUT": self.lut + self.lutram,
            "FF": self.ff,
            "block RAM": self.bram18,
            "DSP": self.dsp,
        }

    def summary(self) -> manifests.Resources:
        """What the manifest holds: all but the cells."""
        values = {key: value for key, value in dataclasses.asdict(self).items() if key != "cells"}
        return manifests.Resources(**values)

    def to_json(self) -> str:
        """The text of ``report/synth_<target>.json``."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def held_by(device: Device) -> dict[str, int]:
    """What ``device`` has, by the names of ``Resources.needs``."""
    return {"LUT": device.lut, "FF": device.ff, "block RAM": device.bram18, "DSP": device.dsp}


def synthesize(
    directory: str | Path,
    target: str = "xc7",
    progress: Progress = silent,
    device: str | None = None,
    seed: int | None = None,
    force: bool = False,
) -> Resources:
    """Synthesize the design in ``directory``; place it on ``device``, by default the smallest that holds it.

    ``target`` "xc7" is not placed. Where nextpnr for the family is missing, and neither ``device`` nor
    ``seed`` was asked for, there is the area alone, ``fmax_mhz`` None.
    ``seed``, from 1 up and 1 by default, is where placement starts; the frequency depends on it. What is
    found goes to ``directory/report/synth_<target>.json`` and, without the cells, into the manifest under
    ``resources``.
    ``force``: replace a report that was changed since.

    Raises KerilogError for an unknown target, device or seed, a missing tool, a design that Yosys refuses or
    no device holds.
    """
    if target not in FAMILIES:
        raise KerilogError(f"unknown target '{target}'; choose one of {', '.join(FAMILIES)}")
    placer = FAMILIES[target].placer
    _check_placing(target, placer, device, seed)
    directory = Path(directory)
    found = design.read(directory)
    report = f"report/synth_{target}.json"
    writer = outputs.Writer("synth", (), (report,))
    outputs.check(directory, writer, force)
    tools.find_tool(FAMILIES[target].yosys)
    if placer is not None and (device, seed) != (None, None):
        tools.find_tool(placer.program)
    with tools.work_folder() as work:
        resources = _measure(found, target, work, progress, device, 1 if seed is None else seed)
    with outputs.folder(directory, writer, force, merged=(manifests.FILE_NAME,)) as root:
        (root / report).parent.mkdir()
        (root / report).write_text(resources.to_json(), encoding="ascii")
        text = manifests.recorded(directory, {target: resources.summary()})
        (root / manifests.FILE_NAME).write_text(text, encoding="ascii")
    return resources


def _check_placing(target: str, placer: Placer | None, device: str | None, seed: int | None) -> None:
    placed = ", ".join(name for name, family in FAMILIES.items() if family.placer)
    for argument, value in (("device", device), ("seed", seed)):
        if value is not None and placer is None:
            raise ArgumentError(
                "{0} is for the targets {placed}; {target} is not placed on any",
                argument,
                target=target,
                placed=placed,
            )
    if device is not None and placer is not None and device not in placer.devices:
        raise KerilogError(f"unknown device '{device}'; choose one of {', '.join(placer.devices)}")
    if seed is not None and seed < 1:
        raise ArgumentError("{0} must be at least 1, found {found}", "seed", found=seed)


def _measure(
    found: Snapshot, target: str, work: Path, progress: Progress, device: str | None, seed: int
) -> Resources:
    """Measure in the empty folder ``work``."""
    progress("Yosys", None)
    placer = FAMILIES[target].placer
    placing = placer is not None and tools.locate(placer.program) is not None
    wrapped = placing and placer is not None and bool(placer.sites)
    if wrapped:
        (work / _PINS).write_text(pins(found.manifest), encoding="ascii")
    cells = netlist(found, target, work, (_PINS, PINS_TOP) if wrapped else None)
    version = tools.run_tool([FAMILIES[target].yosys, "-V"], cwd=work).split(" (")[0].strip()
    resources = counted(target, version, cells)
    if not placing:
        return resources
    chosen = _device(resources, found.manifest, device)
    return _place(resources, found.manifest.top, work, progress, chosen, seed)


def counted(target: str, tool: str, cells: Mapping[str, int]) -> Resources:
    """What the netlist cells amount to, before any placement."""
    family = FAMILIES[target]
    return Resources(
        target=target,
        device=f"{family.title.removeprefix('Xilinx ')}, not placed",
        tool=tool,
        lut=_weighed(cells, family.lut),
        lutram=_weighed(cells, family.lutram),
        ff=sum(cells.get(cell, 0) for cell in family.ff),
        latch=sum(cells.get(cell, 0) for cell in family.latch),
        bram18=_weighed(cells, family.bram),
        dsp=sum(cells.get(cell, 0) for cell in family.dsp),
        fmax_mhz=None,
        critical_path=None,
        cells=cells,
    )


def _weighed(cells: Mapping[str, int], weights: Mapping[str, int]) -> int:
    return sum(weight * cells.get(cell, 0) for cell, weight in weights.items())


def sources(found: Snapshot, target: str, work: Path) -> list[str]:
    """Write the files of the design to ``work``, as ``target`` needs them; returns the paths of the Verilog.

    The sources of ``kerilog/hw/<target>`` take the place of their namesakes.
    """
    found.write(work)
    if not FAMILIES[target].lutram_wish:
        for name in found.manifest.sources:
            text = found.files[name].decode("ascii")
            (work / name).write_text(_WISH.sub("", text), encoding="ascii")
    return _sources(found.manifest, target, work)


def netlist(
    found: Snapshot, target: str, work: Path, around: tuple[str, str] | None = None
) -> dict[str, int]:
    """Cell counts of the flat netlist, which is left in ``work`` for placement.

    ``around``: a Verilog file in ``work`` with a module that instantiates the design, and its name: the
    netlist left is then that module's, the counts are of the design alone.
    """
    manifest, family = found.manifest, FAMILIES[target]
    read = [
        *([f"read_verilog -lib -specify {family.library}"] if family.library else []),
        # Deferred: a ROM makes sense only with the parameters that name its memory.
        f"read_verilog -defer {' '.join(sources(found, target, work))}",
        f"hierarchy -check -top {manifest.top}{overrides(found, target)}",
    ]
    # Before optimization hides it: a wire without a driver is an error. Run apart, it changes no area.
    _run_yosys(family, [*read, "proc; check -assert"], work)
    left = f" -json {_NETLIST}" if family.placer else ""
    count = f"tee -q -o {_STATISTICS} stat -json"
    alone = f"{family.passes}{family.no_pads} -top {manifest.top}"
    script = [*read, f"{alone}{'' if around else left}", count]
    if around:  # what is mapped stays as it is
        script += [f"read_verilog {around[0]}", f"{family.passes} -top {around[1]}{left}"]
    _run_yosys(family, script, work)
    return flat_cells(work / _STATISTICS, manifest.top)


def flat_cells(statistics: Path, top: str) -> dict[str, int]:
    """Cell counts of the one module ``top`` that Yosys' ``stat -json`` found, in order of their names."""
    found: dict[str, Any] = json.loads(statistics.read_text(encoding="utf-8"))
    modules = found["modules"]
    if set(modules) != {f"\\{top}"}:
        raise KerilogError(f"{top}: Yosys did not flatten the design: {', '.join(sorted(modules))}")
    cells: dict[str, int] = modules[f"\\{top}"]["num_cells_by_type"]
    return dict(sorted(cells.items()))


def _run_yosys(family: Family, script: Sequence[str], work: Path) -> None:
    tools.run_tool([family.yosys, "-q", "-p", "; ".join(script)], cwd=work)


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


def overrides(found: Snapshot, target: str) -> str:
    """What ``target`` sets of the top module's parameters: 18 x 18 bits do not hold two products."""
    top = found.files[found.manifest.sources[-1]].decode("ascii")
    pairs = re.search(r"^ *parameter integer PAIRS\b", top, re.MULTILINE)
    return " -chparam PAIRS 0" if not FAMILIES[target].pairs and pairs else ""


def pins(manifest: Manifest) -> str:
    """The text of ``PINS_TOP``, for placers that want a pin for every port."""
    ins, outs = [(manifest.reset_port, 1)], [("frame_error", 1)]
    for stream in manifest.inputs:
        ins += [(f"{stream.port}_tdata", stream.tdata_bits), (f"{stream.port}_tvalid", 1)]
        ins += [(f"{stream.port}_tlast", 1)]
        outs += [(f"{stream.port}_tready", 1)]
    for stream in manifest.outputs:
        ins += [(f"{stream.port}_tready", 1)]
        outs += [(f"{stream.port}_tdata", stream.tdata_bits)]
        outs += [(f"{stream.port}_{signal}", 1) for signal in ("tvalid", "tlast", "tuser")]
    for port in axi_lite.ports(manifest.control):
        (ins if port.is_input else outs).append((port.name, port.width))
    if manifest.control != "none":
        outs += [(axi_lite.INTERRUPT, 1)]
    return tools.render(
        "synth/pins.v.j2",
        name=PINS_TOP,
        top=manifest.top,
        inputs=_slices(ins),
        outputs=_slices(outs),
        given=sum(width for _, width in ins),
        seen=sum(width for _, width in outs),
    )


def _slices(ports: Sequence[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Each port with the bits of a vector that it takes: above the last, and the first."""
    found, low = [], 0
    for name, width in ports:
        found.append((name, low + width, low))
        low += width
    return found


def _place(
    resources: Resources, top: str, work: Path, progress: Progress, device: str, seed: int
) -> Resources:
    """Place and route the netlist in ``work``; adds device, tool, frequency."""
    placer = FAMILIES[resources.target].placer
    assert placer is not None
    progress(f"nextpnr, {FAMILIES[resources.target].title.split()[-1]} {device}", None)
    options = ["--freq", str(_GOAL_MHZ), *placer.own]
    if placer.sites:
        sites = [Pin(*pair) for pair in zip(_PORTS, placer.sites[device], strict=True)]
        options += constrained(placer, sites, work)
    report = place(placer, device, work, options, seed)
    clocks = report["fmax"]
    if not 1 <= len(clocks) <= placer.clock_nets:
        raise KerilogError(f"{top}: nextpnr found the clocks {sorted(clocks)}, expected one")
    how = "three pins" if placer.sites else "out of context"
    return dataclasses.replace(
        resources,
        device=f"{placer.parts[device]}, {how}, seed {seed}",
        tool=f"{resources.tool}, {_nextpnr_version(placer.program, work)}",
        fmax_mhz=round(min(clock["achieved"] for clock in clocks.values()), 1),
        critical_path=_critical_path(report["critical_paths"]),
    )


def constrained(placer: Placer, pins: Sequence[Pin], work: Path, clock_mhz: str = "") -> list[str]:
    """Write the file of ``pins`` to ``work``; returns the options of nextpnr that name it."""
    name = f"pins.{placer.constraints}"
    text = tools.render(f"board/{name}.j2", pins=pins, clock_mhz=clock_mhz)
    (work / name).write_text(text, encoding="ascii")
    return [word.format(file=name) for word in placer.given]


def place(placer: Placer, device: str, work: Path, options: Sequence[str], seed: int = 1) -> dict[str, Any]:
    """Run nextpnr on the netlist in ``work``; returns its report: ``fmax``, ``critical_paths``, ..."""
    goal = [*options, "--timing-allow-fail", "--seed", str(seed)]
    files = ["--json", _NETLIST, "--report", _TIMING, "--quiet"]
    tools.run_tool([placer.program, *placer.arguments[device], *goal, *files], cwd=work)
    report: dict[str, Any] = json.loads((work / _TIMING).read_text(encoding="utf-8"))
    return report


def _critical_path(paths: list[dict[str, Any]]) -> str | None:
    """The longest path between two registers: where from, where to, and how its time is spent."""
    within = [path["path"] for path in paths if path["from"] == path["to"] and path["path"]]
    if not within:
        return None
    steps = max(within, key=_delay)
    routing = sum(step["delay"] for step in steps if step["type"] == "routing")
    total = _delay(steps)
    ends = f"{steps[0]['from']['cell']} to {steps[-1]['to']['cell']}"
    return f"{ends}: {total:.1f} ns, {routing:.1f} of them routing"


def _delay(steps: list[dict[str, Any]]) -> float:
    """Nanoseconds of a path."""
    return float(sum(step["delay"] for step in steps))


def _nextpnr_version(program: str, work: Path) -> str:
    text = tools.run_tool([program, "--version"], cwd=work)
    return next((word.rstrip(")") for word in text.split() if word.startswith("nextpnr-")), "nextpnr")


def _device(resources: Resources, manifest: Manifest, wanted: str | None) -> str:
    """The device ``wanted``, or the smallest that holds the design. KerilogError if there is none."""
    family = FAMILIES[resources.target]
    assert family.placer is not None
    devices, title = family.placer.devices, family.title.split()[-1]
    need = resources.needs
    considered = [devices[wanted]] if wanted else list(devices.values())
    for device in considered:
        holds = held_by(device)
        if all(need[kind] <= holds[kind] for kind in need):
            return device.name
    needed = ", ".join(f"{count} {kind}" for kind, count in need.items())
    found = ", ".join(f"{count} {kind}" for kind, count in holds.items())
    known = (
        f"no {title} holds the design" if wanted is None else f"the {title} {wanted} does not hold the design"
    )
    raise KerilogError(f"{manifest.top}: {known}: it needs {needed}; the {device.name} has {found}")
