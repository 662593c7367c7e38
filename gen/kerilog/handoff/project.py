# SPDX-License-Identifier: Apache-2.0
"""The hand-off to the tools of other makers, to FuseSoC and to LiteX: a folder for each that stands alone.

The folder holds its own copy of the sources and memories, so that it can be moved or sent without the rest.
Its text depends on the design and the options only: no dates and no absolute paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from kerilog import axi_lite, outputs
from kerilog.emit import guide
from kerilog.errors import ArgumentError, unknown
from kerilog.handoff import ip, vectors, vendors
from kerilog.manifest import Manifest, Stream
from kerilog.verify import design, tools
from kerilog.verify.design import Snapshot

FOLDER = "project"
_CHANNEL = re.compile("(AW|AR|W|B|R)(.*)")  # of a signal of AXI4

Files = dict[str, bytes]


def write_project(
    tool: str,
    directory: str | Path,
    part: str | None = None,
    clock_mhz: float | None = None,
    force: bool = False,
) -> Path:
    """Write ``directory/project/<tool>`` for the design in ``directory``; returns that folder.

    ``tool``: "quartus", "gowin", "efinity", "fusesoc" or "litex". ``part`` and ``clock_mhz``, of the first
    three only: the FPGA, by default one of a common board, and the clock that must be reached, by default
    100.
    ``force``: replace files that were changed since.

    Raises KerilogError for an unknown tool, for a part or a clock that cannot be, for a design that is not
    complete, and where edalize is missing, which lays out the projects of the first three.
    """
    _check(tool, part, clock_mhz)
    directory = Path(directory)
    found = design.read(directory)
    if tool in vendors.VENDORS:
        contents = vendors.files(tool, found, part, 100.0 if clock_mhz is None else clock_mhz)
    else:
        contents = _OPEN[tool](found, directory)
    writer = outputs.Writer(f"project{tool}", (f"project{tool}",))
    with outputs.folder(directory, writer, force) as root:
        for name, content in contents.items():
            path = root / FOLDER / tool / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return directory.resolve() / FOLDER / tool


def _check(tool: str, part: str | None, clock_mhz: float | None) -> None:
    if tool not in TOOLS:
        raise unknown("tool", tool, TOOLS)
    for argument, value in (("part", part), ("clock_mhz", clock_mhz)):
        if value is not None and tool not in vendors.VENDORS:
            raise ArgumentError(
                "{0} is for {placed}; {tool} leaves that to others",
                argument,
                placed=", ".join(vendors.VENDORS),
                tool=tool,
            )
    if clock_mhz is not None and not 1.0 <= clock_mhz <= 1000.0:
        raise ArgumentError("{0} must be 1 to 1000 MHz, found {found}", "clock_mhz", found=clock_mhz)


def _fusesoc(found: Snapshot, directory: Path) -> Files:
    """A core of FuseSoC, with the design's own bench as its simulation."""
    manifest, contents = found.manifest, ip.flat(found)
    texts = guide.files(manifest, vectors.of_design(directory, manifest))
    bench = {name: text.encode("ascii") for name, text in texts.items() if name.startswith("sim/")}
    names = _named(bench, ".v")
    core = tools.render(
        "project/fusesoc.core.j2",
        name=manifest.name,
        top=manifest.top,
        sources=_named(contents, ".v"),
        memories=[{"file": file, "name": PurePosixPath(file).name} for file in _named(contents, ".mem")],
        bench=PurePosixPath(names[0]).stem,
        bench_file=names[0],
        vectors=_named(bench, ".mem"),
    )
    return contents | bench | {f"{manifest.top}.core": core.encode("ascii")}


def _litex(found: Snapshot, directory: Path) -> Files:
    """A module of LiteX."""
    manifest, contents = found.manifest, ip.flat(found)
    module = tools.render(
        "project/litex.py.j2",
        top=manifest.top,
        sources=_named(contents, ".v"),
        memories=_named(contents, ".mem"),
        latency=manifest.latency,
        interval=manifest.frame_interval,
        streams=[*_endpoints("sink", manifest.inputs), *_endpoints("source", manifest.outputs)],
        reset_port=manifest.reset_port,
        address_bits=axi_lite.ADDRESS_BITS,
        interrupt=axi_lite.INTERRUPT,
        bus_ports=_bus(manifest),
    )
    return contents | {f"{manifest.top}_litex.py": module.encode("ascii")}


def _named(names: Iterable[str], suffix: str) -> list[str]:
    return [name for name in names if name.endswith(suffix)]


def _endpoints(kind: str, streams: tuple[Stream, ...]) -> list[dict[str, Any]]:
    """The streams as LiteX has them: ``sink`` and ``source``, with numbers if there are several."""
    return [
        {
            "attribute": kind if len(streams) == 1 else f"{kind}{place}",
            "leaves": kind == "source",
            "port": stream.port,
            "tdata_bits": stream.tdata_bits,
            "lanes": stream.lanes,
            "beats": stream.beats,
        }
        for place, stream in enumerate(streams)
    ]


def _bus(manifest: Manifest) -> list[dict[str, Any]]:
    """The ports of the control block, with channel and field of LiteX' interface."""
    found = []
    for port in axi_lite.ports(manifest.control):
        channel, field = _CHANNEL.fullmatch(port.signal).groups()  # type: ignore[union-attr]
        names = {"channel": channel.lower(), "field": field.lower()}
        found.append({"name": port.name, "is_input": port.is_input} | names)
    return found


_OPEN: dict[str, Callable[[Snapshot, Path], Files]] = {"fusesoc": _fusesoc, "litex": _litex}
TOOLS = (*vendors.VENDORS, *_OPEN)
