# SPDX-License-Identifier: Apache-2.0
"""The control block of a design: registers at a bus, described once, in SystemRDL.

``control/<name>.rdl`` is made of the design; the Verilog, the C header, the Python registers, the pages and
the table of the README are made of that file. The Verilog is Kerilog's own, all else PeakRDL's.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerilog import axi_lite, extras
from kerilog.emit.verilog import environment
from kerilog.hardware import border, loading
from kerilog.hardware.design import Design
from kerilog.hardware.modules.control import AxiLite
from kerilog.hardware.modules.loader import Loader

IDENTITY = int.from_bytes(b"KRLG", "big")
MAP = 1
"""Version of the map of registers; another one means that addresses or bits changed their meaning."""

_PURPOSE = "--control axi-lite"
_LIBRARIES = ("systemrdl", "peakrdl_cheader", "peakrdl_pyral", "peakrdl_html")
_WORD = (1 << 32) - 1
_LONE = "value"  # the field of a register that has one


@dataclasses.dataclass(frozen=True)
class Field:
    """Bits ``low`` to ``low`` + ``width`` - 1 of a word; ``signal`` is its name in Verilog.

    ``kind``: "constant", with its ``value``; "counter", which the block counts or knows; "pulse", "sticky",
    "stored" and "taken", which goes on to somewhere else, are written by the bus.
    """

    name: str
    signal: str
    low: int
    width: int
    kind: str
    value: int
    told: str

    @property
    def reads(self) -> str:
        """What a read of it gives, in Verilog."""
        if self.kind == "constant":
            return f"{self.width}'h{self.value:x}"
        return f"{self.width}'d0" if self.kind in ("pulse", "taken") else self.signal

    @property
    def access(self) -> str:
        """What the bus can do with it."""
        return {
            "pulse": "write 1",
            "sticky": "read, write 1 to clear",
            "stored": "read, write",
            "taken": "write",
        }.get(self.kind, "read")

    @property
    def byte(self) -> int:
        """The byte of the word that holds it."""
        return self.low // 8

    @property
    def bits(self) -> str:
        """Its place in the word."""
        return f"{self.low + self.width - 1}:{self.low}" if self.width > 1 else f"{self.low}"


@dataclasses.dataclass(frozen=True)
class Register:
    """A word of the map at the byte ``address``; ``title`` and ``told`` are for people."""

    name: str
    title: str
    told: str
    address: int
    fields: tuple[Field, ...]

    @property
    def word(self) -> int:
        """Its number."""
        return self.address // 4

    @property
    def mask(self) -> str:
        """The words of the map with this one alone, in hexadecimal, word 0 in bit 0."""
        return f"{1 << self.word:x}"

    @property
    def is_writable(self) -> bool:
        return any(field.kind in ("pulse", "sticky", "stored", "taken") for field in self.fields)

    @property
    def pieces(self) -> tuple[str, ...]:
        """The word as parts of a concatenation, the high bits first."""
        pieces, above = [], 0
        for field in self.fields:
            if field.low > above:
                pieces.append(f"{field.low - above}'d0")
            pieces.append(field.reads)
            above = field.low + field.width
        if above < 32:
            pieces.append(f"{32 - above}'d0")
        return tuple(reversed(pieces))

    def told_of(self, field: Field) -> str:
        """What a table says of a field: its name if it has one, what it is, and its value if it has that."""
        named = "" if field.name == _LONE else f"`{field.name}`"
        text = field.told or (self.told if len(self.fields) == 1 else "") or self.title
        digits = f"0x{field.value:08x}" if field.value >> 24 else f"{field.value}"
        value = digits if field.kind == "constant" else ""
        return ": ".join(filter(None, (named, text.rstrip("."), value)))


@dataclasses.dataclass(frozen=True)
class Control:
    """The control block of a design: its description, and what is read out of that."""

    text: str
    registers: tuple[Register, ...]

    @property
    def bus(self) -> AxiLite:
        """The module at the bus."""
        return AxiLite(
            frozenset(register.word for register in self.registers),
            frozenset(register.word for register in self.registers if register.is_writable),
        )

    def fields(self, kind: str) -> list[tuple[Register, Field]]:
        """All fields of a kind, each with its register."""
        return [(one, field) for one in self.registers for field in one.fields if field.kind == kind]


def check() -> None:
    """Raises MissingLibraryError where a library is not installed that a control block needs."""
    _without_git()
    for library in _LIBRARIES:
        extras.require(library, _PURPOSE)


def of(design: Design, version: str, digest: str) -> Control:
    """The control block of ``design``, made by ``version`` of Kerilog; ``digest``: of its integer model.

    Raises MissingLibraryError where what it needs is not installed.
    """
    check()
    text = _description(design, version, digest)
    with tempfile.TemporaryDirectory(prefix="kerilog_rdl_") as work:
        path = Path(work) / "registers.rdl"
        path.write_text(text, encoding="ascii")
        return Control(text, tuple(_registers(_elaborated(path))))


def verilog(design: Design, control: Control) -> str:
    """The Verilog of the control block."""
    watch = border.of(design).control
    assert watch is not None
    loader = _loader(design)
    slots: list[Register | None] = [None] * control.bus.words
    for register in control.registers:
        slots[register.word] = register
    template = environment().get_template("control/control.v.j2")
    return template.render(
        design=design,
        control=control,
        words=slots[::-1],
        bus=control.bus,
        bus_ports=axi_lite.ports(design.control),
        streams=(*design.inputs, *design.outputs),
        entries=list(zip(design.inputs, watch.inputs, strict=True)),
        exits=list(zip(design.outputs, watch.outputs, strict=True)),
        frames=watch.frames,
        gate=watch.gate,
        loader=loader,
        takes=next((register for register, _ in control.fields("taken")), None),
    )


def _loader(design: Design) -> Loader | None:
    """What fills the memories of ``design`` at run time, if anything does."""
    watch = border.of(design).control
    if watch is None or watch.loader is None:
        return None
    return dataclasses.replace(watch.loader, layout=loading.layout(design))


def write(control: Control, name: str, root: Path) -> None:
    """Write the description and what PeakRDL makes of it to the folder ``control`` of ``root``."""
    from peakrdl_cheader.exporter import CHeaderExporter
    from peakrdl_html import HTMLExporter
    from peakrdl_pyral.exporter import PyRALExporter

    folder = root / axi_lite.FOLDER
    folder.mkdir()
    description = folder / f"{name}.rdl"
    description.write_text(control.text, encoding="ascii")
    top = _elaborated(description)
    CHeaderExporter().export(top, str(folder / f"{name}_control.h"), reuse_typedefs=False)
    PyRALExporter().export(top, str(folder))
    HTMLExporter().export(top, str(folder / "html"))
    _reduce(folder / "html")


def _description(design: Design, version: str, digest: str) -> str:
    major, minor, patch = _version(version)
    template = environment().get_template("control/registers.rdl.j2")
    loader = _loader(design)
    return template.render(
        top=design.name,
        layout=f"0x{loader.layout:08x}" if loader else "",
        banks=loader.banks if loader else 0,
        identity=f"0x{IDENTITY:08x}",
        version={"major": major, "minor": minor, "patch": patch, "map": MAP},
        hash=[f"0x{digest[at : at + 8]}" for at in (0, 8)],
        interval=min(design.cycles.frame_interval, _WORD),
        latency=min(design.cycles.latency, _WORD),
        inputs=_ports(design.inputs),
        outputs=_ports(design.outputs),
    )


def _ports(ports: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"name": port.name, "beats": port.tensor.beats_per_frame} for port in ports]


def _version(text: str) -> tuple[int, int, int]:
    """The first three numbers of a version, 0 for what is missing."""
    numbers = [min(int(number), 255) for number in re.findall(r"\d+", text)[:3]]
    major, minor, patch = numbers + [0] * (3 - len(numbers))
    return major, minor, patch


def _elaborated(path: Path) -> Any:
    """The map that a file describes, a ``systemrdl.node.AddrmapNode``."""
    from systemrdl import RDLCompiler

    compiler = RDLCompiler()
    compiler.compile_file(str(path))
    return compiler.elaborate().top


def _registers(node: Any) -> Iterator[Register]:
    """All registers below ``node``, by their addresses."""
    from systemrdl.node import RegNode

    for child in node.children(unroll=True):
        if not isinstance(child, RegNode):
            yield from _registers(child)
            continue
        path = child.get_rel_path(child.owning_addrmap)
        signal = path.replace(".", "_")
        fields = tuple(_field(field, signal) for field in child.fields())
        told = " ".join((child.get_property("desc") or "").split())
        yield Register(path, child.get_property("name"), told, child.absolute_address, fields)


def _field(node: Any, register: str) -> Field:
    """A field as the Verilog knows it; the properties say which kind it is."""
    name = node.inst_name
    signal = register if name == _LONE else f"{register}_{name}"
    told = " ".join((node.get_property("desc") or "").split())
    value = node.get_property("reset") or 0
    return Field(name, signal, node.low, node.width, _kind(node), value, told)


def _kind(node: Any) -> str:
    if node.is_sw_writable:
        if not node.is_sw_readable and not node.get_property("singlepulse"):
            return "taken"
        return (
            "pulse"
            if node.get_property("singlepulse")
            else "sticky"
            if node.get_property("hwset")
            else "stored"
        )
    return "counter" if node.is_hw_writable else "constant"


def _without_git() -> None:
    """A module of PeakRDL's asks for the program git when it is imported, and does not need it here."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")


_FONTS = ("*.eot", "*.svg", "*.ttf", "*.woff")
_MOMENT = re.compile(r"(BUILD_TS = |\?ts=)\d+")
_FOREIGN = re.compile(r'\s*<script async src="https://[^"]*MathJax[^"]*"></script>')


def _reduce(pages: Path) -> None:
    """Remove from PeakRDL's ``pages`` what is there twice, starts programs, asks servers, tells the time."""
    shutil.rmtree(pages / ".launcher_data", ignore_errors=True)
    for pattern in ("launcher-*", *(f"fonts/*/{fonts}" for fonts in _FONTS)):
        for path in pages.glob(pattern):
            path.unlink()
    index = pages / "index.html"
    text = index.read_text(encoding="utf-8")
    text = _FOREIGN.sub("", _MOMENT.sub(r"\g<1>0", text))
    index.write_text(text, encoding="utf-8")
