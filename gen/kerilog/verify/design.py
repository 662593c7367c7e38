# SPDX-License-Identifier: Apache-2.0
"""A design folder as tools get it: its files read once, checked, and written to a folder of our own.

Tools never see the design folder itself. What is checked is what is compiled, whatever happens to the folder
meanwhile, and nothing that lies beside the files of the manifest is found by a tool.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from kerilog import regular
from kerilog.errors import KerilogError
from kerilog.manifest import Manifest
from kerilog.verify import screen

MOST_BYTES = 1 << 28
"""Of one source or memory: many times what the largest design has."""
_LINE = re.compile(rb"[0-9a-fA-F]*[ \t]*(?://[^\n]*)?\r?")


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The manifest of a design and the bytes of its sources and memories, by their paths."""

    manifest: Manifest
    files: Mapping[str, bytes]

    @property
    def memories(self) -> dict[str, bytes]:
        return {name: self.files[name] for name in self.manifest.memories}

    def update(self, digest: hashlib._Hash) -> None:
        """Add all paths and contents to ``digest``."""
        for name, content in self.files.items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())

    def write(self, root: Path, names: tuple[str, ...] | None = None) -> None:
        """Write the files, or those of ``names``, below the folder ``root``."""
        for name in self.files if names is None else names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.files[name])


def read(directory: str | Path) -> Snapshot:
    """The design in ``directory``, checked.

    Raises KerilogError for a folder without a design, for a file that is a link to somewhere else, for
    Verilog that Kerilog would not have written and for a memory that is not one of hexadecimal words.
    """
    directory = Path(directory).resolve()
    manifest = Manifest.read(directory)
    files = {name: _content(directory, name) for name in (*manifest.sources, *manifest.memories)}
    screen.check({name: _text(name, files[name]) for name in manifest.sources}, manifest.memories)
    for name in manifest.memories:
        _check_memory(name, files[name])
    return Snapshot(manifest, files)


def _content(directory: Path, name: str) -> bytes:
    path = directory / name
    if not path.resolve().is_relative_to(directory):
        raise KerilogError(f"{path}: is a link to a place outside of the design folder")
    try:
        with regular.opened(path) as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise KerilogError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > MOST_BYTES:
        raise KerilogError(f"{path}: is larger than {MOST_BYTES:,} bytes")
    return content


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise KerilogError(f"{name}:{line}: expected ASCII, found the byte {content[error.start]}") from None


def _check_memory(name: str, content: bytes) -> None:
    """Hexadecimal words, one a line, and comments: no addresses and no other text."""
    for number, line in enumerate(content.split(b"\n"), 1):
        if not _LINE.fullmatch(line):
            raise KerilogError(
                f"{name}:{number}: expected a hexadecimal word, found {line[:40].decode('latin-1')!a}; "
                "build the design again"
            )
