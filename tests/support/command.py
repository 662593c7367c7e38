# SPDX-License-Identifier: Apache-2.0
"""Runs the command ``kerilog`` inside this process, which saves seconds; looks at what it leaves behind."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from click.testing import CliRunner

from kerilog.cli import main


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a user sees."""

    status: int
    output: str
    error: str


def kerilog(*arguments: object) -> Outcome:
    """Run ``kerilog`` with ``arguments``; an exception that would print a traceback is raised here."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="kerilog")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def contents(directory: Path) -> dict[str, str]:
    """Every file and folder below ``directory``, hidden ones too, with a hash of what it holds."""
    return {
        path.relative_to(directory).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        )
        for path in sorted(directory.rglob("*"))
    }
