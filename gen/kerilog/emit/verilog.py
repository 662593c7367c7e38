# SPDX-License-Identifier: Apache-2.0
"""Templates to Verilog: the text of every generated source file."""

from __future__ import annotations

from importlib import resources

import jinja2

from kerilog.plan.design import Conv2DStage, DenseStage, Design, FifoStage, LanesStage, MaxPooling2DStage

TEMPLATES = {
    Conv2DStage: "conv2d.v.j2",
    DenseStage: "dense.v.j2",
    MaxPooling2DStage: "max_pooling2d.v.j2",
}
# modules of the library, each after those it uses
LIBRARY = (
    "krl_accumulator",
    "krl_dot",
    "krl_fifo",
    "krl_frame_guard",
    "krl_frame_last",
    "krl_lanes",
    "krl_matvec",
    "krl_max",
    "krl_ram",
    "krl_line_buffer",
    "krl_requantize_affine",
    "krl_requantize_fixed",
    "krl_rom",
    "krl_serializer",
    "krl_window",
)
# modules that a module instantiates
USES = {
    "krl_matvec": ("krl_dot", "krl_accumulator"),
    "krl_window": ("krl_line_buffer", "krl_ram"),
}


def environment() -> jinja2.Environment:
    """Jinja2 as all templates expect it: nothing undefined, no stray blank lines."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("kerilog.templates", ""),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def library_modules(design: Design) -> list[str]:
    """The modules of ``hw/rtl`` that ``design`` needs, each after those it uses."""
    needed = {"krl_frame_guard", "krl_frame_last"}
    for stage in design.stages:
        if isinstance(stage, (FifoStage, LanesStage)):
            needed.add(stage.module)
        elif isinstance(stage, MaxPooling2DStage):
            needed |= {"krl_window", "krl_max"}
        elif isinstance(stage, Conv2DStage):
            needed.add("krl_window")
    for matvec_stage in design.matvec_stages:
        needed |= {"krl_matvec", "krl_serializer", "krl_rom", matvec_stage.requantizer.module}
    for user, used in USES.items():
        if user in needed:
            needed.update(used)
    return [name for name in LIBRARY if name in needed]


def library_source(name: str) -> str:
    """The text of one module of ``hw/rtl``."""
    return (resources.files("kerilog.hw") / "rtl" / f"{name}.v").read_text(encoding="ascii")


def render(design: Design) -> dict[str, str]:
    """Every generated Verilog file by its path, in compile order, the top module last."""
    jinja = environment()
    files = {f"rtl/{name}.v": library_source(name) for name in library_modules(design)}
    for stage in design.stages:
        template = TEMPLATES.get(type(stage))
        if template:
            files[f"rtl/{stage.module}.v"] = jinja.get_template(template).render(design=design, stage=stage)
    files[f"rtl/{design.name}.v"] = jinja.get_template("top.v.j2").render(design=design)
    return files
