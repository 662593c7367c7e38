# SPDX-License-Identifier: Apache-2.0
"""From a design's folder to its report."""

from __future__ import annotations

from pathlib import Path

from kerilog import manifest as manifests
from kerilog import storage
from kerilog.errors import KerilogError
from kerilog.progress import Progress, silent
from kerilog.report import page, record, timing

FILE_NAME = "report/index.html"


def write(directory: Path, progress: Progress = silent) -> Path:
    """Write ``directory/report/index.html``, one page that needs no other file, and return its path.

    ``directory`` holds a design or an integer model alone. Raises KerilogError when it holds neither or the
    page cannot be written.
    """
    manifest = manifests.read(directory)
    graph = storage.load(directory / storage.FILE_NAME)
    measured = record.load(directory)
    times = timing.measure(graph, measured.original, progress)
    progress("writing the page", None)
    text = page.render(manifest, graph, measured, times)
    path = directory / FILE_NAME
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise KerilogError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path
