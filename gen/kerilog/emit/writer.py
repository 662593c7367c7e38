# SPDX-License-Identifier: Apache-2.0
"""Writes a design's folder: all of it, or nothing."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerilog.emit import picture
from kerilog.errors import KerilogError
from kerilog.manifest import FILE_NAME
from kerilog.plan.design import Design, Memory, SumStage

CERTIFICATE = "accumulators.json"


@contextlib.contextmanager
def folder(target: Path) -> Iterator[Path]:
    """A new folder to fill, which takes the place of ``target`` at the end, or vanishes if anything fails.

    Raises KerilogError if ``target`` is a file, holds something that is no design, or cannot be written.
    """
    if target.exists() and not target.is_dir():
        raise KerilogError(f"{target}: the output folder is a file")
    if target.is_dir() and any(target.iterdir()) and not (target / FILE_NAME).is_file():
        raise KerilogError(f"{target}: the output folder is not empty and holds no design; choose another")
    fresh: Path | None = None
    new_parents = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        fresh.chmod(0o755)
        yield fresh
        if target.is_dir():
            shutil.rmtree(target)
        fresh.rename(target)
    except OSError as error:
        raise KerilogError(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)
        for parent in new_parents:
            with contextlib.suppress(OSError):  # it holds what was written
                parent.rmdir()


def memory_text(memory: Memory) -> str:
    """The ``$readmemh`` file: one word a line, all of the same length."""
    digits = -(-memory.width // 4)
    lines = [f"// {memory.depth} words of {memory.width} bits; {memory.contents}"]
    lines += [f"{word:0{digits}x}" for word in memory.words]
    return "\n".join(lines) + "\n"


def read_memory(text: str) -> tuple[int, ...]:
    """The words of a memory file, as ``$readmemh`` reads them."""
    return tuple(int(line, 16) for line in text.splitlines() if line and not line.startswith("//"))


def certificate(design: Design) -> dict[str, Any]:
    """The proven interval of every accumulator.

    Per layer that sums, averages too, the extremes over its channels, and what holds them.
    """
    return {
        stage.name: {
            "low": int(stage.accumulator.low.min()),
            "high": int(stage.accumulator.high.max()),
            "channel_of_low": int(stage.accumulator.low.argmin()),
            "channel_of_high": int(stage.accumulator.high.argmax()),
            "bits": stage.matvec.acc_bits,
        }
        for stage in design.stages
        if isinstance(stage, SumStage)
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
        if read_memory(path.read_text(encoding="ascii")) != memory.words:
            raise KerilogError(f"{path}: does not read back as it was written")
    report = root / "report"
    report.mkdir()
    (report / picture.FILE_NAME).write_text(picture.render(design), encoding="ascii")
    (report / CERTIFICATE).write_text(json.dumps(certificate(design), indent=2) + "\n", encoding="ascii")
