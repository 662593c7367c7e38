# SPDX-License-Identifier: Apache-2.0
"""Folders that commands write: whole or not at all, and never over what somebody else put there."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from kerilog.errors import KerilogError


def check(target: Path, ours: Collection[str]) -> None:
    """Raises KerilogError if ``target`` is a file, or a folder that holds something not named in ``ours``."""
    if target.exists() and not target.is_dir():
        raise KerilogError(f"{target}: the output folder is a file")
    foreign = sorted({path.name for path in target.iterdir()} - set(ours)) if target.is_dir() else []
    if foreign:
        raise KerilogError(
            f"{target}: the output folder holds '{foreign[0]}', which kerilog does not write; choose another"
        )


@contextlib.contextmanager
def folder(target: Path, ours: Collection[str]) -> Iterator[Path]:
    """A new folder to fill, which takes the place of ``target`` at the end, or vanishes if anything fails.

    ``ours``: names of what such a folder may hold already, and loses. Raises KerilogError as ``check``, and
    if the folder cannot be written.
    """
    check(target, ours)
    work: Path | None = None
    new_parents = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        fresh = work / "fresh"
        fresh.mkdir()
        yield fresh
        _exchange(target, fresh, work / "former")
    except OSError as error:
        raise KerilogError(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
        for parent in new_parents:
            with contextlib.suppress(OSError):  # it holds what was written
                parent.rmdir()


def _exchange(target: Path, fresh: Path, former: Path) -> None:
    """``fresh`` in the place of ``target``, which comes back if that fails."""
    if target.is_dir():
        target.rename(former)
    try:
        fresh.rename(target)
    except OSError:
        if former.is_dir():
            former.rename(target)
        raise
