# SPDX-License-Identifier: Apache-2.0
"""From a design's folder to its report."""

from __future__ import annotations

from pathlib import Path

from kerilog import manifest as manifests
from kerilog import outputs, storage
from kerilog.progress import Progress, silent
from kerilog.report import page, record, timing

FILE_NAME = "report/index.html"
_WRITER = outputs.Writer("report", ("report",), (FILE_NAME,))


def write(directory: Path, progress: Progress = silent, force: bool = False) -> Path:
    """Write ``directory/report/index.html``, one page that needs no other file, and return its path.

    ``directory`` holds a design or an integer model alone. Raises KerilogError when it holds neither or the
    page cannot be written.
    """
    manifest = manifests.read(directory)
    outputs.check(directory, _WRITER, force)
    graph = storage.load(directory / storage.FILE_NAME)
    measured = record.load(directory)
    times = timing.measure(graph, measured.original, progress)
    progress("writing the page", None)
    text = page.render(manifest, graph, measured, times)
    with outputs.folder(directory, _WRITER, force) as root:
        (root / FILE_NAME).parent.mkdir()
        (root / FILE_NAME).write_text(text, encoding="utf-8")
    return directory / FILE_NAME
