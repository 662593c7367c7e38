# SPDX-License-Identifier: Apache-2.0
"""Results that were found before, by the content of all that they follow from.

They are in one SQLite file in the user's cache, or where ``KERILOG_CACHE`` says, unless ``KERILOG_RESULTS``
is "off". A command that was killed goes on where it was; what cannot be read or written is worked out anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from kerilog import workers
from kerilog.verify import cache

VARIABLE = "KERILOG_RESULTS"
FILE = "results.sqlite"
MOST = 1_000_000
"""Results; beyond it, those that were found longest ago go."""
_SECONDS = 10.0  # that another command is waited for
_TABLE = "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value BLOB, found REAL) WITHOUT ROWID"

Result = TypeVar("Result")


def digest(*parts: Any) -> str:
    """SHA-256, in hexadecimal, of arrays, mappings of arrays, bytes, and the ``repr`` of all else."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(_digest(part))
    return whole.hexdigest()


def _digest(part: Any) -> bytes:
    if isinstance(part, Mapping):
        return hashlib.sha256(b"".join(_digest(item) for pair in part.items() for item in pair)).digest()
    if isinstance(part, np.ndarray):
        about = f"{part.dtype.str} {part.shape} ".encode()
        return hashlib.sha256(about + np.ascontiguousarray(part).tobytes()).digest()
    return hashlib.sha256(part if isinstance(part, bytes) else repr(part).encode()).digest()


class Kept(Generic[Result]):
    """The results of one kind, a ``kind`` that msgspec can read, that follow from ``content``, a digest."""

    def __init__(self, content: str, kind: Any) -> None:
        self._content = content
        self._decoder = msgspec.json.Decoder(kind)
        self._file = _opened()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def get(self, piece: object) -> tuple[Result] | None:
        """The result of ``piece``, a value whose ``repr`` says all of it; None where there is none."""
        if self._file is None:
            return None
        with contextlib.suppress(sqlite3.Error, msgspec.DecodeError):
            row = self._file.execute("SELECT value FROM kept WHERE key = ?", (self._key(piece),)).fetchone()
            return None if row is None else (self._decoder.decode(row[0]),)
        return None

    def put(self, piece: object, result: Result) -> None:
        """Keep the ``result`` of ``piece``, at once."""
        if self._file is None:
            return
        row = self._key(piece), msgspec.json.encode(result), time.time()
        with contextlib.suppress(sqlite3.Error), self._file:
            self._file.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", row)

    def _key(self, piece: object) -> str:
        return digest(workers.code(), np.__version__, self._content, piece)


def _opened() -> sqlite3.Connection | None:
    """The file; None where there cannot be one, and where nothing is to be kept."""
    if os.environ.get(VARIABLE) == "off":
        return None
    top = cache.home()
    with contextlib.suppress(OSError):
        top.mkdir(parents=True, exist_ok=True, mode=0o700)
        cache.check_owner(top)
        path = top / FILE
        for _ in range(2):  # a second time after a damaged file has gone
            try:
                file = sqlite3.connect(path, timeout=_SECONDS, isolation_level="IMMEDIATE")
                with file:
                    file.execute(_TABLE)
                    _prune(file)
                return file
            except sqlite3.OperationalError:  # read-only, locked, full
                return None
            except sqlite3.DatabaseError:
                path.unlink(missing_ok=True)
    return None


def _prune(file: sqlite3.Connection) -> None:
    """Let the oldest results go where there are too many."""
    (count,) = file.execute("SELECT COUNT(*) FROM kept").fetchone()
    if count > MOST:
        some = count - MOST * 9 // 10
        file.execute("DELETE FROM kept WHERE key IN (SELECT key FROM kept ORDER BY found LIMIT ?)", (some,))
