# SPDX-License-Identifier: Apache-2.0
"""Waveforms of a few frames, FST or VCD."""

from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.progress import Progress, silent
from kerilog.verify import simulate
from kerilog.verify.look import Look, Trace

SUFFIXES = (".fst", ".vcd")


def parse(path: Path, frames: str | None, count: int) -> Trace:
    """The trace of ``frames``, "A:B" for frames A to B - 1 of ``count``, to ``path``; None for the first one.

    Raises KerilogError for another kind of file, for a folder and for a range that is none.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise KerilogError(f"{path}: a trace is a file that ends in {' or '.join(SUFFIXES)}")
    if path.is_dir():
        raise KerilogError(f"{path}: is a folder; a trace is a file")
    if frames is None:
        return Trace(path)
    found = re.fullmatch(r"([0-9]{0,9}):([0-9]{0,9})", frames)
    if found is None:
        raise KerilogError(f"--trace-frames: expected A:B, for frames A to B - 1, found '{frames}'")
    first, stop = int(found[1] or 0), int(found[2] or count)
    if first >= stop:
        raise KerilogError(f"--trace-frames {frames}: holds no frame; A:B are frames A to B - 1")
    if stop > count:
        raise KerilogError(f"--trace-frames {frames}: {count} frames go in, so the last one is {count - 1}")
    return Trace(path, first, stop)


def write(
    directory: str | Path,
    codes: Mapping[str, IntArray],
    trace: Trace,
    simulator: str = "verilator",
    progress: Progress = silent,
) -> None:
    """Stream ``codes`` (frames, *input shape), by the names of the inputs, up to the last frame of ``trace``
    through the design in ``directory``, and write the waveforms.

    They go from the first beat of the first frame in to the last beat of the last one out, what else is on
    its way meanwhile included. A simulation that fails leaves its trace as well, and raises as ``simulate``.
    Raises KerilogError if the file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="kerilog_trace_") as place:
        draft = Path(place) / f"trace{trace.path.suffix.lower()}"
        look = Look(trace=dataclasses.replace(trace, path=draft))
        try:
            part = {name: array[: trace.stop] for name, array in codes.items()}
            simulate(directory, part, simulator, progress, look=look)
        finally:
            if draft.is_file():
                _move(draft, trace.path)


def _move(draft: Path, path: Path) -> None:
    """``path`` with what ``draft`` holds, or as it was."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as place:
            near = Path(place) / path.name
            shutil.move(draft, near)
            near.replace(path)
    except OSError as error:
        raise KerilogError(f"{path}: cannot be written: {error.strerror or error}") from None
