# SPDX-License-Identifier: Apache-2.0
"""The user's own cache of compiled simulators: nobody else can put anything into it.

An entry is a folder whose name says all that its contents depend on. It holds a list of its files with their
SHA-256, which is looked at each time before anything of the entry is used: what was damaged is made again.
The cache lies in the user's cache folder, or where ``KERILOG_CACHE`` says, and has mode 0700.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

from kerilog.errors import KerilogError

VARIABLE = "KERILOG_CACHE"
MOST_BYTES = 1 << 30
"""Of the whole cache. Beyond it, the entries that were used longest ago go."""
_LIST = "entry.json"
_BUILDING = "building_"
_DAY = 24 * 3600


def home() -> Path:
    """The folder of all that is kept for this user; it may not exist."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).absolute() if chosen else platformdirs.user_cache_path("kerilog")


def root() -> Path:
    """Where the cache is; it may not exist."""
    return home() / "simulators"


def entry(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of the entry ``name``, which ``make`` fills where there is none, or a damaged one.

    Where no cache can be written, the entry lasts as long as this process. Raises KerilogError where others
    could write to the cache, and whatever ``make`` raises.
    """
    top = root()
    place = top / name
    try:
        top.mkdir(parents=True, exist_ok=True, mode=0o700)
        check_owner(top)
        if _whole(place):
            os.utime(place / _LIST)
            return place
        work = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=top))
    except OSError:
        return _of_this_process(name, make)
    try:
        make(work)
        _seal(work)
        _publish(work, place)
    except OSError as error:
        raise KerilogError(f"{top}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    prune(top, place)
    return place


def check_owner(top: Path) -> None:
    """Raises KerilogError unless ``top`` is a folder that nobody but this user can write to."""
    found = top.lstat()
    if not hasattr(os, "getuid"):
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise KerilogError(
            f"{top}: belongs to somebody else, or is a link; set {VARIABLE} to a folder of yours"
        )
    if found.st_mode & 0o077:
        top.chmod(0o700)
    above = top.parent.stat()
    others = above.st_mode & 0o022 and not above.st_mode & stat.S_ISVTX
    if others or above.st_uid not in (0, os.getuid()):
        raise KerilogError(f"{top.parent}: others can write to it; set {VARIABLE} to a folder of your own")


def _digests(place: Path) -> dict[str, str]:
    """The SHA-256 of every file of an entry but its list, by relative path."""
    return {
        path.relative_to(place).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path != place / _LIST
    }


def _whole(place: Path) -> bool:
    """Whether there is an entry with exactly the files that its list names."""
    try:
        listed = json.loads((place / _LIST).read_text(encoding="ascii"))
        return bool(listed) and listed == _digests(place)
    except (OSError, ValueError):
        return False


def _seal(place: Path) -> None:
    (place / _LIST).write_text(json.dumps(_digests(place), indent=1) + "\n", encoding="ascii")


def _publish(work: Path, place: Path) -> None:
    """Move a finished entry to its place in one step, as another process may be making it too."""
    with contextlib.suppress(OSError):  # there is none
        spoilt = work.with_name(work.name + "_old")
        place.rename(spoilt)
        shutil.rmtree(spoilt, ignore_errors=True)
    try:
        work.rename(place)
    except OSError:
        if not _whole(place):  # else the other process was first
            raise


def prune(top: Path, kept: Path, most: int = MOST_BYTES) -> None:
    """Remove entries of ``top``, used longest ago first, until ``most`` bytes are left; never ``kept``."""
    found = []
    for place in top.iterdir():
        with contextlib.suppress(OSError):  # another process removed it
            size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
            used = place / _LIST if (place / _LIST).is_file() else place
            found.append((used.stat().st_mtime, size, place))
    total = sum(size for _, size, _ in found)
    for clock, size, place in sorted(found):
        in_work = place.name.startswith(_BUILDING)
        left_behind = in_work and clock < time.time() - _DAY  # by a process that was killed
        if place != kept and (left_behind or (total > most and not in_work)):
            shutil.rmtree(place, ignore_errors=True)
            total -= size


_places: dict[str, Path] = {}  # entries of this process alone


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    """A folder of mode 0700 that goes with this process."""
    return tempfile.TemporaryDirectory(prefix="kerilog_cache_")


def _of_this_process(name: str, make: Callable[[Path], None]) -> Path:
    place = Path(_temporary().name) / name
    if name not in _places:
        place.mkdir(exist_ok=True)
        make(place)
        _places[name] = place
    return place
