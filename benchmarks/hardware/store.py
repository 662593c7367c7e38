# SPDX-License-Identifier: Apache-2.0
"""Where the benchmark keeps its work, and what slow tools found, by the contents of what they were given."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "bench"
_CACHE = WORK / "cache"
_START = time.perf_counter()

Values = dict[str, Any]


def say(text: str) -> None:
    """One line of progress, with the minutes and seconds since the start."""
    minutes, seconds = divmod(int(time.perf_counter() - _START), 60)
    print(f"[{minutes:2d}:{seconds:02d}] {text}", flush=True)


def digest(files: Iterable[Path], *more: str) -> str:
    """A name for the exact contents of ``files``, in this order, and of ``more``."""
    whole = hashlib.sha256()
    for content in (*(path.read_bytes() for path in files), *(text.encode() for text in more)):
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()[:24]


def recall(kind: str, key: str, what: str, compute: Callable[[], Values]) -> Values:
    """What ``compute`` gives, from an earlier run if there was one with the same ``key``.

    Values are JSON. A run that is broken off loses only the step it was in.
    """
    path = _CACHE / kind / f"{key}.json"
    if path.is_file():
        say(f"{what}: known from an earlier run")
    else:
        say(what)
        found = compute()
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".part")
        fresh.write_text(json.dumps(found), encoding="ascii")
        fresh.replace(path)
    values: Values = json.loads(path.read_text(encoding="ascii"))
    return values
