# SPDX-License-Identifier: Apache-2.0
"""Writes the sources, memories and reports of a design."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from kerilog.emit import picture
from kerilog.errors import KerilogError
from kerilog.exact import packing
from kerilog.hardware.design import Design
from kerilog.hardware.memories import Memory

CERTIFICATE = "accumulators.json"


def memory_text(memory: Memory) -> str:
    """The ``$readmemh`` file: one word a line, all of the same length."""
    title = f"// {memory.depth} words of {memory.width} bits; {memory.contents}\n"
    return title + packing.hexadecimal(memory.packed, memory.width)


def certificate(design: Design) -> dict[str, Any]:
    """The proven interval of every accumulator.

    Per layer that sums, averages too, the extremes over its channels, and what holds them.
    """
    return {
        stage.name: {
            "low": int(sums.low.min()),
            "high": int(sums.high.max()),
            "channel_of_low": int(sums.low.argmin()),
            "channel_of_high": int(sums.high.argmax()),
            "bits": sums.bits,
        }
        for stage in design.stages
        if (sums := stage.accumulator)
    }


def write(files: dict[str, str], design: Design, root: Path) -> None:
    """Put the sources, the memories and the certificate under ``root``, and read the memories back."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="ascii")
    for memory in design.memories:
        path = root / memory.file
        path.parent.mkdir(exist_ok=True)
        path.write_text(memory_text(memory), encoding="ascii")
        if not np.array_equal(packing.read(path.read_text(encoding="ascii"), memory.width), memory.packed):
            raise KerilogError(f"{path}: does not read back as it was written")
    report = root / "report"
    report.mkdir()
    (report / picture.FILE_NAME).write_text(picture.render(design), encoding="ascii")
    (report / CERTIFICATE).write_text(json.dumps(certificate(design), indent=2) + "\n", encoding="ascii")
