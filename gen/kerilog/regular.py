# SPDX-License-Identifier: Apache-2.0
"""Reading files of a folder that may be a stranger's: regular ones alone.

To open a named pipe waits for a writer, for ever if there is none, and a device may never end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO


def opened(path: Path) -> IO[bytes]:
    """The regular file ``path``, or the one that it links to, to read. Raises OSError for anything else."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def content(path: Path) -> bytes:
    """The bytes of the regular file ``path``. Raises OSError for anything else."""
    with opened(path) as file:
        return file.read()


def reason(error: BaseException) -> str:
    """Why a file cannot be read, in one line without its path."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
