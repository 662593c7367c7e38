# SPDX-License-Identifier: Apache-2.0
"""A picture of the generated pipeline: one box a module, what flows between them on the arrows.

Between two columns of boxes lie, from left to right, the bends of the arrows that leave the row of their
box, what flows in each, and the bends of those that come to a box from another row.
"""

from __future__ import annotations

import dataclasses
from itertools import accumulate

from kerilog.emit.layout import Edge, Layout, arrange
from kerilog.emit.lettering import Text, fit, width_of
from kerilog.emit.verilog import environment
from kerilog.hardware.connectors import ConnectorStage, FifoStage, ForkStage, RegisterStage
from kerilog.hardware.design import Design, Stage, Tensor
from kerilog.manifest import made_by

FILE_NAME = "pipeline.svg"
_LAYER_WIDTHS, _SMALL_WIDTHS = (150, 200), (92, 130)  # least and most
_GAP, _MARGIN, _PAD, _BEND, _HEAD, _TIP = 96, 10, 7, 12, 6, 4
_TOP, _HEIGHT, _BETWEEN, _BARE, _PORTS = 30, 86, 28, 40, 40
_FONT, _LABEL_FONT = 12, 11


@dataclasses.dataclass(frozen=True)
class Box:
    """One module: where it stands (pixels), its whole name, and its texts, each with its y."""

    x: int
    y: int
    width: int
    height: int
    name: str
    title: Text
    lines: tuple[tuple[int, Text], ...]
    converter: bool

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def title_y(self) -> int:
        return self.y + 22


@dataclasses.dataclass(frozen=True)
class Arrow:
    """One stream: the corners of its line, and what flows in it with the middle of that text."""

    stream: str
    points: tuple[tuple[int, int], ...]
    x: int
    shape_y: int
    beat_y: int
    shape: Text
    beat: Text

    @property
    def corners(self) -> str:
        return " ".join(f"{x},{y}" for x, y in self.points)


@dataclasses.dataclass(frozen=True)
class Picture:
    """All that is drawn, and its size in pixels."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int
    caption: Text

    @property
    def caption_y(self) -> int:
        return self.height - 12


def render(design: Design) -> str:
    """The SVG text of ``design``'s pipeline, in ASCII."""
    template = environment().get_template("report/pipeline.svg.j2")
    text = template.render(name=_printable(design.name), picture=draw(design), margin=_MARGIN)
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def draw(design: Design) -> Picture:
    """The picture of ``design``'s pipeline."""
    drawing = _Drawing(design)
    cycles = design.cycles
    caption = (
        f"{_printable(design.name)}, {design.scheme}: {design.products} products per cycle, "
        f"a frame every {cycles.frame_interval} cycles, latency {cycles.latency}"
    )
    width = max(drawing.width, width_of(caption, _FONT) + 2 * _MARGIN)
    text = Text(caption, _FONT, width_of(caption, _FONT))
    return Picture(drawing.boxes, drawing.arrows, width, drawing.bottom + 34, text)


class _Drawing:
    """Boxes and arrows of a design, in pixels."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.layout: Layout = arrange(design.stages)
        self.leaving = [self._bends(edge, edge.source) for edge in self.layout.edges]
        self.coming = [self._bends(edge, edge.target) for edge in self.layout.edges]
        self.labels = [self._label(edge) for edge in self.layout.edges]
        self._set_rows()
        self._set_columns()
        self.boxes = tuple(self._box(number) for number in range(len(design.stages)))
        self.arrows = tuple(self._arrow(number) for number in range(len(self.layout.edges)))

    def _bends(self, edge: Edge, stage: int | None) -> int:
        """The rows from ``stage`` to its arrow: 0 if that is straight, less if it is above."""
        return 0 if stage is None else edge.row - self.layout.rows[stage]

    def _label(self, edge: Edge) -> tuple[Text, Text]:
        """Shape and beat of what flows in ``edge``."""
        ports = {port.stream: port.tensor for port in (*self.design.inputs, *self.design.outputs)}
        if edge.source is None or edge.target is None:
            tensor = ports[edge.stream]
        else:
            tensor = self.design.stages[edge.source].output
        texts = _shape(tensor), _beat(tensor)
        shape, beat = (Text(text, _LABEL_FONT, width_of(text, _LABEL_FONT)) for text in texts)
        return shape, beat

    def _set_rows(self) -> None:
        """The top of every row, as high as what is in it, and the end of the last one."""
        filled = set(self.layout.rows)
        heights = [_HEIGHT if row in filled else _BARE for row in range(self.layout.height)]
        starts = [0, *accumulate(height + _BETWEEN for height in heights)]
        self.middles = [_TOP + start + height // 2 for start, height in zip(starts, heights, strict=False)]
        self.bottom = _TOP + starts[-1] - _BETWEEN

    def _set_columns(self) -> None:
        """The place of every column, and of what is between them: gap n is the one before column n."""
        layout, edges = self.layout, list(enumerate(self.layout.edges))
        self.gaps = [0 if edge.source is None else layout.columns[edge.source] + 1 for _, edge in edges]
        ends = [layout.width if edge.target is None else layout.columns[edge.target] for _, edge in edges]
        self.exits = [self._ordered(gap, self.gaps, self.leaving)[::-1] for gap in range(layout.width + 1)]
        self.entries = [self._ordered(gap, ends, self.coming) for gap in range(layout.width + 1)]
        sizes = [_box_width(stage) for stage in self.design.stages]
        self.column_x: list[int] = []
        self.column_widths: list[int] = []
        self.label_x: list[int] = []
        self.entry_x: list[int] = []
        x = _MARGIN
        for gap in range(layout.width + 1):
            self.label_x.append(x + _BEND * len(self.exits[gap]))
            texts = [text.width for n, _ in edges if self.gaps[n] == gap for text in self.labels[n]]
            self.entry_x.append(self.label_x[gap] + max([_GAP, *(width + 2 * _PAD for width in texts)]))
            bends = len(self.entries[gap])
            self.column_x.append(self.entry_x[gap] + (_BEND * bends + _HEAD if bends else 0))
            widths = [size for n, size in enumerate(sizes) if layout.columns[n] == gap]
            self.column_widths.append(max(widths, default=0))
            x = self.column_x[gap] + self.column_widths[gap]
        self.width = x + _MARGIN

    def _ordered(self, gap: int, gaps: list[int], bends: list[int]) -> list[int]:
        """The numbers of the arrows with bends in ``gap``, those that go farthest last."""
        found = [n for n, where in enumerate(gaps) if where == gap and bends[n]]
        return sorted(found, key=lambda n: (abs(bends[n]), n))

    def _box(self, number: int) -> Box:
        stage, column = self.design.stages[number], self.layout.columns[number]
        width = _box_width(stage)
        x = self.column_x[column] + (self.column_widths[column] - width) // 2
        y = self.middles[self.layout.rows[number]] - _HEIGHT // 2
        title, *lines = _texts(stage)
        room = width - 2 * _PAD
        placed = tuple((y + 42 + 16 * i, fit(line, _FONT, room)) for i, line in enumerate(lines))
        name = _printable(f"{stage.layer}, {stage.kind}, module {stage.name}")
        title_text = fit(title, _FONT, room, bold=True)
        return Box(x, y, width, _HEIGHT, name, title_text, placed, _is_small(stage))

    def _arrow(self, number: int) -> Arrow:
        edge, gap = self.layout.edges[number], self.gaps[number]
        y = self.middles[edge.row]
        points = (*self._start(number, y), *self._end(number, y))
        x = (self.label_x[gap] + self.entry_x[gap]) // 2
        return Arrow(edge.stream, points, x, y - 7, y + 15, *self.labels[number])

    def _start(self, number: int, y: int) -> list[tuple[int, int]]:
        """The corners of an arrow where it leaves its box for the height ``y``."""
        edge, gap = self.layout.edges[number], self.gaps[number]
        if edge.source is None:
            return [(_MARGIN, y)]
        box = self.boxes[edge.source]
        if not self.leaving[number]:
            return [(box.right, y)]
        port = self._port(number, self.exits[gap][::-1], self.leaving, edge.source)
        column_end = self.column_x[gap - 1] + self.column_widths[gap - 1]
        x = column_end + _BEND * (self.exits[gap].index(number) + 1)
        return [(box.right, port), (x, port), (x, y)]

    def _end(self, number: int, y: int) -> list[tuple[int, int]]:
        """The corners of an arrow where it comes from the height ``y`` to its box."""
        edge = self.layout.edges[number]
        if edge.target is None:
            return [(self.column_x[-1] - _TIP, y)]
        box, gap = self.boxes[edge.target], self.layout.columns[edge.target]
        if not self.coming[number]:
            return [(box.x - _TIP, y)]
        port = self._port(number, self.entries[gap], self.coming, edge.target)
        x = self.entry_x[gap] + _BEND * self.entries[gap].index(number)
        return [(x, y), (x, port), (box.x - _TIP, port)]

    def _port(self, number: int, ordered: list[int], bends: list[int], stage: int) -> int:
        """The height at which an arrow meets ``stage``: the farther it goes, the farther from the middle."""
        ends = [(edge.source, edge.target) for edge in self.layout.edges]
        side = [n for n in ordered if stage in ends[n] and (bends[n] > 0) == (bends[number] > 0)]
        away = _PORTS * (side.index(number) + 1) // (len(side) + 1)
        return self.middles[self.layout.rows[stage]] + (away if bends[number] > 0 else -away)


def _is_small(stage: Stage) -> bool:
    return isinstance(stage, ConnectorStage)


def _box_width(stage: Stage) -> int:
    """As wide as the texts want, within bounds."""
    least, most = _SMALL_WIDTHS if _is_small(stage) else _LAYER_WIDTHS
    title, *lines = _texts(stage)
    widest = max(width_of(title, _FONT, bold=True), *(width_of(line, _FONT) for line in lines))
    return min(most, max(least, widest + 2 * _PAD))


def _texts(stage: Stage) -> tuple[str, ...]:
    """The title and the lines of a box: a layer has Keras' name, what stands between layers its own."""
    if isinstance(stage, FifoStage):
        return (stage.label, f"{stage.depth} beats", stage.name)
    if isinstance(stage, ForkStage):
        return (stage.label, f"1 to {stage.outputs}", stage.name)
    if isinstance(stage, RegisterStage):
        return (stage.label, stage.name)
    if isinstance(stage, ConnectorStage):
        return (stage.label, f"{stage.input.lanes} to {stage.output.lanes}", stage.name)
    title, facts = _printable(stage.layer), stage.facts
    if facts.pe is None:
        return (title, stage.kind)
    what = made_by(facts.unrolled is not None, facts.signs)
    return (title, stage.kind, f"{facts.pe} x {facts.simd} {what}", f"sums of {facts.accumulator_bits} bits")


def _printable(name: str) -> str:
    """``name`` without what XML does not take."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _shape(tensor: Tensor) -> str:
    return " x ".join(str(size) for size in tensor.shape)


def _beat(tensor: Tensor) -> str:
    return f"{tensor.lanes} x {tensor.bits} bits"
