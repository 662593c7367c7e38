# SPDX-License-Identifier: Apache-2.0
"""A picture of the generated pipeline: one box a module, what flows between them on the arrows."""

from __future__ import annotations

import dataclasses

from kerilog.emit.verilog import environment
from kerilog.plan.constants import Constants
from kerilog.plan.design import Design, FifoStage, LanesStage, MatVecStage, Stage, Tensor

FILE_NAME = "pipeline.svg"
_LAYER_WIDTH, _CONVERTER_WIDTH, _GAP, _MARGIN = 150, 92, 96, 10


@dataclasses.dataclass(frozen=True)
class Box:
    """One module: where it stands (pixels), what it is called, two lines about it, and its output."""

    x: int
    width: int
    title: str
    lines: tuple[tuple[int, str], ...]
    converter: bool
    shape: str
    beat: str

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def arrow_end(self) -> int:
        return self.right + _GAP - 4

    @property
    def arrow_middle(self) -> int:
        return self.right + _GAP // 2


def render(design: Design) -> str:
    """The SVG text of ``design``'s pipeline."""
    boxes = []
    x = _MARGIN + _GAP
    for stage in design.stages:
        converter = isinstance(stage, (FifoStage, LanesStage))
        width = _CONVERTER_WIDTH if converter else _LAYER_WIDTH
        boxes.append(
            Box(
                x,
                width,
                stage.layer,
                _placed(_lines(stage)),
                converter,
                _shape(stage.output),
                _beat(stage.output),
            )
        )
        x += width + _GAP
    source = Box(_MARGIN, 0, "", (), False, _shape(design.input), _beat(design.input))
    template = environment().get_template("pipeline.svg.j2")
    return template.render(design=design, boxes=[source, *boxes], width=x + _MARGIN)


def _placed(lines: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """The lines with their y below the title."""
    return tuple((72 + 16 * i, line) for i, line in enumerate(lines))


def _lines(stage: Stage) -> tuple[str, ...]:
    if isinstance(stage, FifoStage):
        return (f"FIFO of {stage.depth}",)
    if isinstance(stage, LanesStage):
        return ("lanes", f"{stage.input.lanes} to {stage.output.lanes}")
    if isinstance(stage, MatVecStage):
        matvec = stage.matvec
        what = "constants" if isinstance(matvec, Constants) else "multipliers"
        return (stage.kind, f"{matvec.pe} x {matvec.simd} {what}", f"sums of {matvec.acc_bits} bits")
    return (stage.kind,)


def _shape(tensor: Tensor) -> str:
    return " x ".join(str(size) for size in tensor.shape)


def _beat(tensor: Tensor) -> str:
    return f"{tensor.lanes} x {tensor.bits} bits"
