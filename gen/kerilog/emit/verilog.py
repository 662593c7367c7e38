# SPDX-License-Identifier: Apache-2.0
"""Templates to Verilog: the text of every generated source file."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Sequence
from importlib import resources

import jinja2

from kerilog import axi_lite
from kerilog.emit.shift_add import products_of
from kerilog.exact.shift_add import AdderGraph
from kerilog.hardware import border
from kerilog.hardware.design import Design, Port, Stage
from kerilog.hardware.module import Module
from kerilog.hardware.modules.loader import Loader
from kerilog.hardware.modules.rom import Rom
from kerilog.hardware.modules.store import Store
from kerilog.manifest import reset_port

# an instance of a module of ``hw/rtl``
_INSTANCE = re.compile(r"^ *(krl_[a-z0-9_]+) (?:#\(|\w+ \($)", re.MULTILINE)


def environment() -> jinja2.Environment:
    """Jinja2 as all templates expect it: nothing undefined, no stray blank lines, and a few words of ours."""
    jinja = jinja2.Environment(
        loader=jinja2.PackageLoader("kerilog.templates", ""),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    jinja.filters |= {"range": bit_range, "span": span, "counted": counted}
    jinja.globals |= {"rom": Rom, "store": Store, "loader_of": Loader.of, "input_port": input_port}
    return jinja


def bit_range(width: int) -> str:
    """The range of a vector of ``width`` bits."""
    return f"[{width - 1}:0]"


def span(high: int, low: int) -> str:
    """The range from bit ``low`` up to, without it, bit ``high``."""
    return f"[{high - 1}:{low}]"


def counted(count: int, noun: str) -> str:
    """So many of them, in words."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def input_port(place: int, inputs: int) -> str:
    """What the ports of input stream number ``place`` of ``inputs`` begin with."""
    return "s_axis" if inputs == 1 else f"s{place}_axis"


def library_modules(texts: Iterable[str]) -> list[str]:
    """The modules of ``hw/rtl`` that the Verilog ``texts`` need, each after those it uses."""
    found: list[str] = []
    for name in sorted({name for text in texts for name in _INSTANCE.findall(text)}):
        found += [used for used in (*library_modules([library_source(name)]), name) if used not in found]
    return found


def library_source(name: str) -> str:
    """The text of one module of ``hw/rtl``."""
    return (resources.files("kerilog.hw") / "rtl" / f"{name}.v").read_text(encoding="ascii")


def render(design: Design, control: str | None = None) -> dict[str, str]:
    """Every generated Verilog file by its path, in compile order, the top module last.

    ``control``: the text of the control block, for a design that has one; see ``emit.control``.
    """
    jinja = environment()
    rendered: dict[str, str] = {}
    for stage in design.stages:
        if stage.template:
            text = jinja.get_template(stage.template).render(design=design, stage=stage)
            rendered[f"rtl/{stage.module}.v"] = text
    for stage in design.stages:
        if stage.facts.unrolled:
            rendered[f"rtl/{stage.module}_products.v"] = _products(design, stage)
    if control is not None:
        rendered[f"rtl/{design.name}_control.v"] = control
    around = border.of(design)
    firsts = _first_stores(design)
    rendered[f"rtl/{design.name}.v"] = jinja.get_template("design/top.v.j2").render(
        design=design,
        loader=around.control.loader if around.control else None,
        places_of=lambda stage: (firsts[stage.name], firsts[stage.name] + len(stage.stores)),
        streams=[port.name for port in (*design.inputs, *design.outputs)],
        bus_ports=axi_lite.ports(design.control),
        reset="rst" if design.control == "none" else "core_rst",
        reset_port=reset_port(design.reset),
        polarity=design.reset.replace("-", "_").upper(),
        entries=_gates(design.inputs, around.guards, around.entries),
        exits=_gates(design.outputs, around.marks, around.exits),
    )
    library = {f"rtl/{name}.v": library_source(name) for name in library_modules(rendered.values())}
    return library | rendered


def _first_stores(design: Design) -> dict[str, int]:
    """By stage the number of its first memory among all that are written."""
    counts = [len(stage.stores) for stage in design.stages]
    firsts = itertools.accumulate(counts, initial=0)
    return {stage.name: first for stage, first in zip(design.stages, firsts, strict=False)}


@dataclasses.dataclass(frozen=True)
class Gate:
    """A port of the top module, its guard or mark, and its register slice, if it has one."""

    port: Port
    frames: Module
    slice: Module | None


def _gates(ports: Sequence[Port], frames: Sequence[Module], slices: Sequence[Module]) -> list[Gate]:
    found: Sequence[Module | None] = slices or [None] * len(ports)
    return [Gate(*parts) for parts in zip(ports, frames, found, strict=True)]


def _products(design: Design, stage: Stage) -> str:
    """The module of the stage's weights."""
    unrolled, sums = stage.facts.unrolled, stage.facts.accumulator_bits
    assert unrolled and sums
    module = f"{stage.module}_products"
    return products_text(unrolled.graph, stage.input.bits, sums, module, stage.layer, design.name)


def products_text(graph: AdderGraph, x_bits: int, sum_bits: int, module: str, layer: str, design: str) -> str:
    """The Verilog of ``module``: the weights of ``layer`` as constants, sums of ``sum_bits``."""
    template = environment().get_template("design/products.v.j2")
    return template.render(
        module=module,
        layer=layer,
        design=design,
        graph=graph,
        x_width=len(graph.inputs) * x_bits,
        sums_width=len(graph.outputs) * sum_bits,
        products=products_of(graph, x_bits, sum_bits),
    )
