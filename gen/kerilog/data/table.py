# SPDX-License-Identifier: Apache-2.0
"""Samples in a CSV file: a row per sample, its numbers in the order of the input's elements, and its label.

The label is the last column or the one that is named. A header is what has no number in its first row.
"""

from __future__ import annotations

import array
import csv
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from kerilog.data.arrays import RawArray, one_line
from kerilog.data.found import Found, class_note, notes, split
from kerilog.errors import KerilogError
from kerilog.graph import Shape
from kerilog.names import shown

_DELIMITERS = ",;\t"
_EXACT = 2.0**53  # whole numbers that a float holds exactly


@dataclasses.dataclass(frozen=True)
class _Columns:
    """How many there are, the place of the label (None for no labels), and their names, given a header."""

    count: int
    label: int | None
    header: tuple[str, ...]

    def name(self, place: int) -> str:
        return f"column {shown(self.header[place])}" if self.header else f"column {place + 1}"


def read_table(path: Path, shape: Shape, label: str | None = None) -> Found:
    """The rows of the file ``path`` for an input of ``shape``; ``label`` names the column of the labels.

    Raises KerilogError, with the line, for a row of another length and for what is no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.readline())
            file.seek(0)
            rows = _rows(file, delimiter)
            values, labels, columns = _read(rows, path, math.prod(shape), label)
    except FileNotFoundError:
        raise KerilogError(f"{path}: no such file") from None
    except (OSError, csv.Error, UnicodeDecodeError, MemoryError) as error:
        raise KerilogError(f"{path}: cannot be read as CSV: {one_line(error)}") from None
    x = _narrowed(values).reshape(-1, *shape)
    y, classes = _labels(labels, path) if columns.label is not None else (None, ())
    arrays, how = split(x, y)
    told = "no labels" if columns.label is None else f"label in {columns.name(columns.label)}"
    header = "" if columns.header else "no header"
    named = class_note(classes) if classes else ""
    return Found(arrays, path.name, notes(header, told, named, how), classes)


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


Rows = Iterator[tuple[int, list[str]]]


def _rows(file: Iterable[str], delimiter: str) -> Rows:
    """The rows that hold something, each with the number of its last line."""
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    for row in reader:
        if row:
            yield reader.line_num, row


def _read(rows: Rows, path: Path, elements: int, label: str | None) -> tuple[RawArray, list[str], _Columns]:
    """The numbers (rows, elements), the text of the labels, and the columns."""
    number, first = next(rows, (0, []))
    columns = _columns(first, path, elements, label)
    data, lines = array.array("d"), array.array("q")
    labels: list[str] = []
    if not columns.header:
        _take(first, number, path, columns, data, labels)
        lines.append(number)
    for number, row in rows:
        if len(row) != columns.count:
            raise KerilogError(f"{path}: line {number}: expected {columns.count} columns, found {len(row)}")
        _take(row, number, path, columns, data, labels)
        lines.append(number)
    if not data:
        raise KerilogError(f"{path}: holds no samples")
    values = np.frombuffer(data, np.float64).reshape(-1, elements)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        raise KerilogError(f"{path}: line {lines[bad[0]]}: expected finite numbers, found NaN or infinity")
    return values, labels, columns


def _columns(first: Sequence[str], path: Path, elements: int, label: str | None) -> _Columns:
    """What the first row says of the columns. Raises KerilogError if they do not fit."""
    count = len(first)
    if count == 0:
        raise KerilogError(f"{path}: holds no samples")
    place = None if label is None and count == elements else count - 1
    if label is not None:
        names = [name.strip() for name in first]
        if names.count(label) != 1:
            listed = ", ".join(map(shown, names[:8])) + (" ..." if count > 8 else "")
            raise KerilogError(f"{path}: expected one column {shown(label)} in the header, found {listed}")
        place = names.index(label)
    if count - (place is not None) != elements:
        raise KerilogError(
            f"{path}: expected {elements + 1} columns, {elements} for an input of the model and the label, "
            f"found {count}"
        )
    numbers = [_is_number(text) for at, text in enumerate(first) if at != place]
    header = label is not None or not any(numbers)
    return _Columns(count, place, tuple(name.strip() for name in first) if header else ())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _take(
    row: Sequence[str],
    number: int,
    path: Path,
    columns: _Columns,
    data: array.array[float],
    labels: list[str],
) -> None:
    """Append a row to ``data`` and ``labels``."""
    values = list(row)
    if columns.label is not None:
        labels.append(values.pop(columns.label).strip())
    try:
        data.extend(map(float, values))
    except ValueError:
        places = (at for at in range(len(row)) if at != columns.label and not _is_number(row[at]))
        bad = next(places)
        found = shown(row[bad]) if row[bad].strip() else "nothing"
        raise KerilogError(
            f"{path}: line {number}: {columns.name(bad)}: expected a number, found {found}"
        ) from None


def _narrowed(values: RawArray) -> RawArray:
    """Whole numbers as int64: what was written without a fraction is no measurement."""
    whole = np.all(values == np.floor(values)) and np.all(np.abs(values) < _EXACT)
    return values.astype(np.int64) if whole else values


def _labels(texts: Sequence[str], path: Path) -> tuple[RawArray, tuple[str, ...]]:
    """Numbers as they are; names by their places in alphabetical order, with these names."""
    if all(map(_is_number, texts)):
        return np.asarray(list(map(float, texts))), ()
    if "" in texts or any(map(_is_number, texts)):
        odd = next(text for text in texts if text == "" or not _is_number(text))
        raise KerilogError(
            f"{path}: expected labels that are all numbers or all names, found {shown(odd)} among them"
        )
    classes = sorted(set(texts))
    places = {name: place for place, name in enumerate(classes)}
    return np.asarray([places[text] for text in texts], np.int64), tuple(classes)
