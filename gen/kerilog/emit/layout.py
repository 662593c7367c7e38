# SPDX-License-Identifier: Apache-2.0
"""Where the stages of a design stand in a picture: columns along the data, rows for what is side by side.

A stage stands in the column behind the last of its sources. Rows belong to lines: the first line leads from
the input to the output, and each further stream of a fork begins another one, which ends at the sum that
takes it in. A line has its row to itself from its fork to its sum, so no connection meets a foreign box.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.connectors import FifoStage, LanesStage, RegisterStage
from kerilog.hardware.design import Stage


@dataclasses.dataclass(frozen=True)
class Edge:
    """One stream from the stage number ``source`` (None: the input) to ``target`` (None: the output).

    It runs along ``row``, which may be neither that of its source nor that of its target.
    """

    stream: str
    source: int | None
    target: int | None
    row: int


@dataclasses.dataclass(frozen=True)
class Layout:
    """Column and row of every stage, and the connections in the order of the stages they lead to."""

    columns: tuple[int, ...]
    rows: tuple[int, ...]
    edges: tuple[Edge, ...]

    @property
    def width(self) -> int:
        """Columns."""
        return max(self.columns) + 1

    @property
    def height(self) -> int:
        """Rows."""
        return max(edge.row for edge in self.edges) + 1


@dataclasses.dataclass
class _Line:
    """Streams that continue each other, from the column ``start`` of a fork to the column ``end`` of a sum.

    ``parent`` is the line that it leaves, ``depth`` how many there are above it.
    """

    parent: int
    depth: int
    start: int
    end: int


def is_converter(stage: Stage) -> bool:
    """Whether the data come out of ``stage`` as they went in."""
    return isinstance(stage, (FifoStage, LanesStage, RegisterStage))


def arrange(stages: Sequence[Stage]) -> Layout:
    """The layout of ``stages``, which are in the order of the data."""
    producers = {stream: number for number, stage in enumerate(stages) for stream in stage.streams}
    columns = _columns(stages, producers)
    line_of, lines = _lines(stages, columns)
    rows = _rows(lines)
    edges = [
        Edge(stream, producers.get(stream), number, rows[line_of[stream]])
        for number, stage in enumerate(stages)
        for stream in stage.sources
    ]
    used = {edge.stream for edge in edges}
    ends = [stream for stream in producers if stream not in used]
    edges += [Edge(stream, producers[stream], None, rows[line_of[stream]]) for stream in ends]
    return Layout(columns, tuple(rows[_own(stage, line_of, lines)] for stage in stages), tuple(edges))


def _columns(stages: Sequence[Stage], producers: dict[str, int]) -> tuple[int, ...]:
    """One more than the greatest column of all sources."""
    columns: list[int] = []
    for stage in stages:
        before = [columns[producers[source]] for source in stage.sources if source in producers]
        columns.append(1 + max(before, default=-1))
    return tuple(columns)


def _lines(stages: Sequence[Stage], columns: Sequence[int]) -> tuple[dict[str, int], list[_Line]]:
    """The number of the line of every stream, and the lines."""
    ahead = _ahead(stages)
    width = max(columns) + 1
    given = {stream for stage in stages for stream in stage.streams}
    inputs = dict.fromkeys(source for stage in stages for source in stage.sources if source not in given)
    # the first input on the first line, each other one on a line that a stage takes in, or that ends outside
    lines = [_Line(0, min(place, 1), -1, width) for place in range(len(inputs))]
    line_of = {stream: place for place, stream in enumerate(inputs)}
    for stage, column in zip(stages, columns, strict=True):
        own = _own(stage, line_of, lines)
        for source in stage.sources:
            if line_of[source] != own:
                lines[line_of[source]].end = column
        straight = max(stage.streams, key=lambda stream: ahead[stream])
        for stream in stage.streams:
            line_of[stream] = own if stream == straight else len(lines)
            if stream != straight:
                lines.append(_Line(own, lines[own].depth + 1, column, width))
    return line_of, lines


def _own(stage: Stage, line_of: dict[str, int], lines: Sequence[_Line]) -> int:
    """The line that ``stage`` stands on: of those that come in, the one nearest to the first."""
    return min((line_of[source] for source in stage.sources), key=lambda line: (lines[line].depth, line))


def _ahead(stages: Sequence[Stage]) -> dict[str, int]:
    """The most that lies between each stream and the output; a layer is more than any converters."""
    ahead = {stream: 0 for stage in stages for stream in stage.streams}
    for stage in reversed(stages):
        size = 1 if is_converter(stage) else len(stages)
        behind = size + max(ahead[stream] for stream in stage.streams)
        ahead |= dict.fromkeys(stage.sources, behind)
    return ahead


def _rows(lines: Sequence[_Line]) -> list[int]:
    """The row of every line: below its parent's, short ones above long ones that span them."""
    rows = [0] * len(lines)
    taken: list[tuple[int, _Line]] = []
    for number in sorted(
        range(1, len(lines)), key=lambda n: (lines[n].depth, lines[n].end - lines[n].start, n)
    ):
        line = lines[number]
        foreign = {row for row, other in taken if other.start < line.end and line.start < other.end}
        row = rows[line.parent] + 1
        while row in foreign:
            row += 1
        rows[number] = row
        taken.append((row, line))
    return rows
