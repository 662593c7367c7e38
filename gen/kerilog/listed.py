# SPDX-License-Identifier: Apache-2.0
"""The list of the files that Kerilog wrote to a folder: ``.kerilog/files.json``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from kerilog import regular, typed
from kerilog.errors import ArgumentError, KerilogError

FILE_NAME = ".kerilog/files.json"
SCHEMA: Literal[1] = 1
PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
"""Pattern of one part of a relative path."""
# (?![\s\S]) is the end of the text in every dialect of regular expressions; $ may stand before a line's end.
Digest = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}(?![\s\S])", description="a SHA-256 of 64 hexadecimal digits")
]
_PATH = re.compile(f"(?:{PART}/){{0,8}}{PART}")
_DAMAGED = "{problem}; {0} does without it", "force=True"


class File(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A file that the command ``by`` wrote; while files are moved, ``former`` is what it held before."""

    sha256: Digest
    by: Annotated[str, Meta(pattern=r"^[a-z0-9]{1,20}(?![\s\S])", description="the name of a command")]
    former: Digest | None = None


class Files(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What Kerilog wrote to a folder, by relative path; ``writing``: while files take their places."""

    schema: Literal[1] = SCHEMA
    files: dict[str, File]
    writing: bool = False

    def __post_init__(self) -> None:
        for name in self.files:
            if not _PATH.fullmatch(name):
                raise ValueError(f".files: expected relative paths, found {typed.shown(name)}")

    def to_json(self) -> str:
        """The text of the file, which is ASCII."""
        return json.dumps({"schema": SCHEMA, **msgspec.to_builtins(self)}, indent=1) + "\n"


def read(directory: str | Path) -> Files:
    """The list of what Kerilog wrote to ``directory``, empty where there is none.

    Raises KerilogError when it is damaged.
    """
    path = Path(directory) / FILE_NAME
    try:
        raw = msgspec.json.decode(regular.content(path))
    except (FileNotFoundError, NotADirectoryError):
        return Files(files={})
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(
            *_DAMAGED, problem=f"{path}: cannot be read as JSON: {regular.reason(error)}"
        ) from None
    try:
        return typed.checked(raw, Files, path)
    except KerilogError as error:
        raise ArgumentError(*_DAMAGED, problem=error) from None


def refuse_interrupted(directory: str | Path) -> None:
    """Raises KerilogError where a command was ended while it moved files to their places."""
    try:
        writing = read(directory).writing
    except KerilogError:
        return  # to read a design takes no list
    if writing:
        raise KerilogError(f"{directory}: holds what an interrupted build left; build it again")
