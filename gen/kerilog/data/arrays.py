# SPDX-License-Identifier: Apache-2.0
"""Arrays in ``.npy`` and ``.npz`` files, read with suspicion: nothing is unpickled, no size is believed.

What a header claims is compared with what the file can hold before memory is asked for.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError

RawArray = npt.NDArray[Any]
Arrays = dict[str, RawArray]

_MAGIC = b"\x93NUMPY"
_DEFLATE_RATIO = 1032  # Deflate packs no better than this
_SLACK = 4096
_UNREADABLE = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError, RuntimeError, struct.error),
    *(ValueError, TypeError, KeyError, OverflowError, SyntaxError, tokenize.TokenError),
)


def read_npy(path: Path) -> RawArray:
    """The array in the file ``path``. Raises KerilogError when that is no whole .npy file."""
    with opened(path, ".npy") as arrays:
        if set(arrays) != {""}:
            raise KerilogError(f"{path}: an NPZ archive, expected one array as .npy")
        return arrays[""]


def read_npz(path: Path) -> Arrays:
    """All arrays in the archive ``path``, by name. Raises KerilogError when that is no whole .npz file."""
    with opened(path, ".npz") as arrays:
        return dict(arrays)


@contextlib.contextmanager
def opened(path: Path, expected: str = ".npy or .npz") -> Iterator[Mapping[str, RawArray]]:
    """The arrays in ``path`` by name, each read when it is asked for; the one of a .npy file has the name "".

    Raises KerilogError, with ``expected`` in it, when the file is missing or is neither, and for an array
    that is damaged or larger than the file or the machine can hold.
    """
    if path.exists() and not path.is_file():
        raise KerilogError(f"{path}: {'a directory' if path.is_dir() else 'no file'}, expected {expected}")
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) == _MAGIC:
                file.seek(0)
                yield _Alone(file, path.stat().st_size, f"{path}: cannot be read as {expected}")
            else:
                with zipfile.ZipFile(file) as archive:
                    yield _Members(archive, str(path))
    except FileNotFoundError:
        raise KerilogError(f"{path}: no such file") from None
    except _UNREADABLE as error:
        raise KerilogError(f"{path}: cannot be read as {expected}: {one_line(error)}") from None


class _Alone(Mapping[str, RawArray]):
    """The array of a .npy file."""

    def __init__(self, file: IO[bytes], size: int, where: str) -> None:
        self._file, self._size, self._where = file, size, where

    def __iter__(self) -> Iterator[str]:
        return iter([""])

    def __len__(self) -> int:
        return 1

    def __getitem__(self, name: str) -> RawArray:
        if name:
            raise KeyError(name)
        self._file.seek(0)
        return _read(self._file, self._size, self._where)


class _Members(Mapping[str, RawArray]):
    """The arrays of an archive."""

    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        self._archive, self._where = archive, where
        infos = (info for info in archive.infolist() if info.filename.endswith(".npy"))
        self._infos = {info.filename.removesuffix(".npy"): info for info in infos}

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    def __getitem__(self, name: str) -> RawArray:
        info = self._infos[name]
        where = f"{self._where}: {name}"
        if info.file_size > _DEFLATE_RATIO * info.compress_size + _SLACK:
            raise KerilogError(
                f"{where}: damaged: claims {info.file_size:,} bytes in {info.compress_size:,} packed ones"
            )
        with self._archive.open(info) as file:
            return _read(file, info.file_size, where)


def _read(file: IO[bytes], size: int, where: str) -> RawArray:
    """The array in ``file``, which has ``size`` bytes. Raises KerilogError if its header claims more."""
    shape, dtype = _header(file)
    if dtype.hasobject:
        raise KerilogError(f"{where}: holds Python objects (a pickle), expected numbers")
    claimed, held = math.prod(shape) * dtype.itemsize, max(size - file.tell(), 0)
    if min(shape, default=0) < 0 or claimed > held:
        raise KerilogError(f"{where}: damaged: its header claims {claimed:,} bytes, the file holds {held:,}")
    check_memory(claimed, where)
    file.seek(0)
    return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version[0]}.{version[1]} of the format")
    return shape, dtype


def check_memory(wanted: int, where: str) -> None:
    """Raises KerilogError if ``wanted`` bytes are more than this machine's memory."""
    memory = _memory()
    if memory is not None and wanted > memory:
        raise KerilogError(f"{where}: {wanted:,} bytes, more than the {memory:,} of this machine's memory")


def _memory() -> int | None:
    """Bytes of physical memory; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def one_line(error: BaseException) -> str:
    """The message of ``error`` in one line."""
    return " ".join(str(error).split()) or type(error).__name__
