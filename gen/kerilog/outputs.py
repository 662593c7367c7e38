# SPDX-License-Identifier: Apache-2.0
"""Folders that commands write to, without loss of anything that Kerilog did not write there.

Such a folder holds a list of the files that Kerilog wrote, each with its SHA-256 and the command
(``.kerilog/files.json``). A file that is not in the list stays. One in the list that was changed since and
that would be written or removed stops the command before it begins, unless it is forced. One that is
unchanged is replaced or removed.

What is written is first made whole in a hidden folder beside the list, and then moved file by file, the
manifest last. Meanwhile the list says so, with the hashes of before and after; a list that goes on saying so
is what an interrupted command leaves, and the next one to write clears up.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import FrameType

import msgspec

from kerilog import listed, manifest, regular
from kerilog.errors import ArgumentError, KerilogError
from kerilog.listed import File, Files

try:
    import fcntl
except ImportError:  # on Windows, where two commands at once are not kept apart
    fcntl = None  # type: ignore[assignment]

FOLDER = ".kerilog"
_STAGING = "staging_"


@dataclasses.dataclass(frozen=True)
class Writer:
    """A command that writes to folders: its name, ``by`` which the list knows its files.

    ``over``: the commands whose files go, if they are not written anew. ``certain``: files that it writes
    whatever else it does.
    """

    by: str
    over: tuple[str, ...]
    certain: tuple[str, ...] = ()


def check(target: Path, writer: Writer, force: bool = False) -> None:
    """Raises KerilogError if ``writer`` would have to stop at ``target``, as far as is known by now.

    It has to if ``target`` is a file, and, unless it is forced to, if something that is to go or to be
    written was changed since Kerilog wrote it, or was not written by Kerilog.
    """
    _Folder(target, force).check(writer, writer.certain)


@contextlib.contextmanager
def folder(target: Path, writer: Writer, force: bool = False, merged: Collection[str] = ()) -> Iterator[Path]:
    """A new folder to fill, whose files go to ``target`` at the end, or vanish if anything fails.

    ``merged``: files in which all that was there before is kept, so that they may have been changed. Raises
    KerilogError as ``check``, and if ``target`` cannot be written; it is then as it was before.
    """
    _Folder(target, force).check(writer, writer.certain, merged)
    new = [path for path in (*reversed(target.parents), target, target / FOLDER) if not path.exists()]
    try:
        (target / FOLDER).mkdir(parents=True, exist_ok=True)
        with _alone(target / FOLDER), _staging(target / FOLDER) as work:
            place = _Folder(target, force)  # as another command may have left it just now
            place.check(writer, writer.certain, merged)
            yield work / "fresh"
            place.replace(_Change(place, writer, work, merged))
    except OSError as error:
        raise KerilogError(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        for path in reversed(new):
            with contextlib.suppress(OSError):  # it holds what was written
                path.rmdir()


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Another command that writes to the folder of ``place`` waits, where the file system lets it."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _staging(place: Path) -> Iterator[Path]:
    """A new folder in ``place``, which goes at the end, with an empty one in it for what is written."""
    for left in place.glob(f"{_STAGING}*"):  # by a command that was killed
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=_STAGING, dir=place))
    try:
        (work / "fresh").mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _Folder:
    """A folder and its list of files."""

    def __init__(self, target: Path, force: bool) -> None:
        try:
            is_file = target.exists() and not target.is_dir()
        except (OSError, ValueError) as error:  # a name that is too long, or holds a NUL
            raise KerilogError(f"{target}: cannot be written: {regular.reason(error)}") from None
        if is_file:
            raise KerilogError(f"{target}: the output folder is a file")
        if (target / FOLDER).is_symlink():
            raise KerilogError(f"{target / FOLDER}: is a link; remove it")
        self.target = target
        self.force = force
        self.files = self._read()

    def _read(self) -> Mapping[str, File]:
        try:
            return listed.read(self.target).files
        except KerilogError:
            if self.force:
                return {}
            raise

    def check(self, writer: Writer, names: Collection[str], merged: Collection[str] = ()) -> None:
        """Raises KerilogError if ``writer`` must not write ``names``, or remove what it would remove."""
        going = [name for name, file in self.files.items() if file.by in writer.over]
        for name in sorted({*names, *going} - set(merged)):
            self._check_place(name)
            if not self.force:
                self._check_file(name)
        for name in merged:
            self._check_place(name)

    def _check_place(self, name: str) -> None:
        """Nothing is written or removed behind a link that leaves the folder, or in the place of a folder."""
        path, root = self.target / name, self.target.resolve()
        if not path.parent.resolve().is_relative_to(root):
            raise KerilogError(f"{path}: lies behind a link to another folder; remove the link")
        if path.is_dir() and not path.is_symlink():
            raise KerilogError(f"{path}: is a folder, where a file is to be written")
        for parent in path.parents[: len(Path(name).parents) - 1]:
            if parent.exists() and not parent.is_dir():
                raise KerilogError(f"{parent}: is a file, where a folder is to be written")

    def _check_file(self, name: str) -> None:
        path = self.target / name
        if not os.path.lexists(path) or self.is_unchanged(name):
            return
        done = (
            "was changed since Kerilog wrote it"
            if name in self.files
            else "was there before and is not Kerilog's"
        )
        raise ArgumentError(
            "{path}: {done}; move it away, choose another folder, or give {0} to replace it",
            "force=True",
            path=path,
            done=done,
        )

    def is_unchanged(self, name: str) -> bool:
        """Whether the file is in the list and as Kerilog wrote it."""
        known, digest = self.files.get(name), self.digest(name)
        return known is not None and digest is not None and digest in (known.sha256, known.former)

    def digest(self, name: str) -> str | None:
        """The SHA-256 of a file; None for a link, or where it cannot be read."""
        return _digest(self.target / name)

    def replace(self, change: _Change) -> None:
        """Make ``change``, undisturbed by signals; what was moved already moves back if anything fails."""
        with _undisturbed():
            try:
                change.make()
            except BaseException:
                change.undo()
                raise


class _Change:
    """Files in ``work/fresh`` that take their places in a folder, and those there that go."""

    def __init__(self, place: _Folder, writer: Writer, work: Path, merged: Collection[str]) -> None:
        self.target, self.fresh, self.former = place.target, work / "fresh", work / "former"
        found = (path for path in self.fresh.rglob("*") if path.is_file())
        names = sorted(path.relative_to(self.fresh).as_posix() for path in found)
        place.check(writer, _changed(place, self.fresh, names), merged)
        names.sort(key=lambda name: name == manifest.FILE_NAME)  # the manifest last
        kept = {name: file for name, file in place.files.items() if file.by not in writer.over}
        self.going = [name for name in place.files if name not in kept and name not in names]
        self.steps = [(name, False) for name in self.going] + [(name, True) for name in names]
        self.done: list[tuple[Path, Path]] = []
        after, during = dict(kept), dict(place.files)
        for name in names:
            entry = self._entry(place, name, writer, name in merged)
            if entry is not None:
                after[name] = during[name] = entry
        during = {name: self._former(place, name, file) for name, file in during.items()}
        self.lists = work / "during.json", work / "after.json"
        self.lists[0].write_text(Files(files=during, writing=True).to_json(), encoding="ascii")
        self.lists[1].write_text(Files(files=after).to_json(), encoding="ascii")

    def _entry(self, place: _Folder, name: str, writer: Writer, merged: bool) -> File | None:
        """What the list will say of a file. A merged one that was not ours, or changed, goes on being so."""
        before, digest = place.files.get(name), _digest(self.fresh / name) or ""
        if not merged:
            return File(sha256=digest, by=writer.by)
        if before is None:
            return None
        return File(sha256=digest if place.is_unchanged(name) else before.sha256, by=before.by)

    def _former(self, place: _Folder, name: str, file: File) -> File:
        """``file`` with the hash, too, of what it is before it is moved or removed."""
        before = place.files.get(name)
        if before is None:
            return file
        former = place.digest(name) if place.is_unchanged(name) else before.sha256
        return msgspec.structs.replace(file, former=former or before.sha256)

    def make(self) -> None:
        """Move everything to its place."""
        self._put(self.lists[0], listed.FILE_NAME)
        for name, is_new in self.steps:
            self._put(self.fresh / name if is_new else None, name)
        self._put(self.lists[1], listed.FILE_NAME)
        self._remove_empty(self.going)

    def _remove_empty(self, names: Collection[str]) -> None:
        """Remove the folders that held the files ``names`` and now hold nothing."""
        folders = {folder for name in names for folder in Path(name).parents[:-1]}
        for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
            with contextlib.suppress(OSError):  # it holds something
                (self.target / folder).rmdir()

    def _put(self, new: Path | None, name: str) -> None:
        """``new`` in the place of the file ``name``, which is kept until all is done."""
        path = self.target / name
        if os.path.lexists(path):
            kept = self.former / str(len(self.done))
            kept.parent.mkdir(exist_ok=True)
            if name == listed.FILE_NAME:
                shutil.copy2(path, kept)  # there is a list at all times
            else:
                _move(path, kept)
            self.done.append((kept, path))
        if new is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _move(new, path)
            self.done.append((path, new))

    def undo(self) -> None:
        for there, back in reversed(self.done):
            with contextlib.suppress(OSError):
                _move(there, back)
        self._remove_empty([name for name, is_new in self.steps if is_new])


def _changed(place: _Folder, fresh: Path, names: list[str]) -> list[str]:
    """Those of ``names`` that are not in the folder already just as they will be."""
    return [name for name in names if place.digest(name) != _digest(fresh / name)]


def _digest(path: Path) -> str | None:
    try:
        return None if path.is_symlink() else hashlib.sha256(regular.content(path)).hexdigest()
    except OSError:
        return None


def _move(path: Path, to: Path) -> None:
    """Rename, also where a folder inside of the target is one of another file system."""
    try:
        path.replace(to)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = to.with_name(f".{to.name}.new")
        try:
            shutil.copy2(path, draft, follow_symlinks=False)
            draft.replace(to)
        finally:
            draft.unlink(missing_ok=True)
        path.unlink()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """What asks this process to end waits until the end of the block, which is short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []

    def wait(number: int, _: FrameType | None) -> None:
        waiting.append(number)

    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in former:
        signal.signal(number, wait)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for found in waiting:
            signal.raise_signal(found)
