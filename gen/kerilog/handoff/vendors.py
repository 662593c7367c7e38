# SPDX-License-Identifier: Apache-2.0
"""Projects of Intel Quartus, Gowin EDA and Efinix Efinity, by edalize.

Their tools want a pin for every port of the top module, so that it is a module of three pins around the core,
for area and timing; who uses the core puts a top module of his own in its place. What is named in a project
is relative to its folder, as are the memories that the sources name.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from kerilog import extras
from kerilog.errors import ArgumentError
from kerilog.handoff import edam, synth
from kerilog.manifest import Manifest
from kerilog.verify import tools
from kerilog.verify.design import Snapshot

_CLOCK = "clock.sdc"
# the beginning of a part: the family, as Quartus calls it
_QUARTUS_FAMILIES = {
    "EP4CE": "Cyclone IV E",
    "EP4CGX": "Cyclone IV GX",
    "5C": "Cyclone V",
    "10CL": "Cyclone 10 LP",
    "10CX": "Cyclone 10 GX",
    "10M": "MAX 10",
    "5A": "Arria V",
    "10A": "Arria 10",
    "5S": "Stratix V",
    "1S": "Stratix 10",
}
_EFINITY_FAMILIES = {"T": "Trion", "Ti": "Titanium"}
# of parts that Gowin made in several versions, the one on the boards that have them
_GOWIN_VERSIONS = {"GW2AR-LV18QN88C8/I7": "C", "GW1NR-LV9QN88PC6/I5": "C"}
_KINDS = {".v": "verilogSource", ".sdc": "SDC"}

Options = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Vendor:
    """A maker's tool, with an example of a ``part``.

    ``options``: what edalize is told of a part; empty where it is none. ``module``: where edalize has the
    class for it; ``written``: the file that this writes for a design's ``name``, ``file``: the same here,
    ``usage``: how it is used, in one line.
    """

    title: str
    part: str
    options: Callable[[str], Options]
    module: str
    written: str
    file: str
    usage: str

    def script(self, description: Mapping[str, Any], options: Options) -> str:
        """The project of the design that ``description`` tells of."""
        tool = self.module.rpartition(".")[2]
        given = {"flow_options": options} if ".flows." in self.module else {"tool_options": {tool: options}}
        maker = getattr(importlib.import_module(self.module), tool.capitalize())
        return edam.script(maker, {**description, **given}, self.written.format(name=description["name"]))


def _quartus_options(part: str) -> Options:
    families = [begin for begin in _QUARTUS_FAMILIES if part.startswith(begin)]
    if not families or not re.fullmatch("[A-Z0-9]+", part):
        return {}
    return {"family": _QUARTUS_FAMILIES[max(families, key=len)], "device": part}


def _gowin_options(part: str) -> Options:
    if not re.fullmatch(r"GW[0-9A-Z]+-[A-Z0-9]+(/[A-Z][0-9])?", part):
        return {}
    version = {"part_version": _GOWIN_VERSIONS[part]} if part in _GOWIN_VERSIONS else {}
    return {"part": part, **version}


def _efinity_options(part: str) -> Options:
    found = re.fullmatch(r"((Ti|T)\d+[A-Z]\d+)([CIQ]\d)", part)
    if found is None:
        return {}
    return {"family": _EFINITY_FAMILIES[found[2]], "part": found[1], "timing": found[3]}


VENDORS = {
    "quartus": Vendor(
        title="Intel Quartus",
        part="5CSEBA6U23I7",
        options=_quartus_options,
        module="edalize.quartus",
        written="{name}.tcl",
        file="project.tcl",
        usage="Makes the project: cd here, quartus_sh -t project.tcl, then quartus_sh --flow compile {name}",
    ),
    "gowin": Vendor(
        title="Gowin EDA",
        part="GW2AR-LV18QN88C8/I7",
        options=_gowin_options,
        module="edalize.flows.gowin",
        written="edalize_gowin_template.tcl",
        file="project.tcl",
        usage="Synthesizes, places and routes: cd here, then gw_sh project.tcl",
    ),
    "efinity": Vendor(
        title="Efinix Efinity",
        part="Ti60F225C4",
        options=_efinity_options,
        module="edalize.flows.efinity",
        written="{name}.xml",
        file="{name}.xml",
        usage="",  # XML begins with its own first line
    ),
}


def files(tool: str, found: Snapshot, part: str | None, clock_mhz: float) -> dict[str, bytes]:
    """What is in the files of a project, by their paths, for the FPGA ``part`` of ``tool``.

    Raises ArgumentError for a part that is none of the tool's, MissingLibraryError without edalize.
    """
    extras.require("edalize", f"project {tool}")
    vendor, manifest = VENDORS[tool], found.manifest
    options = vendor.options(vendor.part if part is None else part)
    if not options:
        raise ArgumentError(
            "{0} '{part}' is not a part that {title} knows, as {example} is",
            "part",
            part=part,
            title=vendor.title,
            example=vendor.part,
        )
    around = f"{synth.PINS_TOP}.v"
    clock = f"create_clock -name clk -period {1000.0 / clock_mhz:.3f} [get_ports clk]\n"
    texts = {
        around: synth.pins(manifest),
        _CLOCK: f"# SPDX-License-Identifier: Apache-2.0\n# {clock_mhz:g} MHz\n{clock}",
        vendor.file.format(name=manifest.name): _project(vendor, manifest, around, options),
    }
    return dict(found.files) | {name: text.encode("ascii") for name, text in texts.items()}


def _project(vendor: Vendor, manifest: Manifest, around: str, options: Options) -> str:
    names = [*manifest.sources, around, _CLOCK]
    description = {
        "name": manifest.name,
        "toplevel": synth.PINS_TOP,
        "files": [{"name": name, "file_type": _KINDS[PurePosixPath(name).suffix]} for name in names],
    }
    text = vendor.script(description, options)
    if not vendor.usage:
        return text
    return tools.render("project/header.tcl.j2", usage=vendor.usage.format(name=manifest.name)) + text
