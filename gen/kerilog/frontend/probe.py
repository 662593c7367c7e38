# SPDX-License-Identifier: Apache-2.0
"""Read a file in another process first, where the HDF5 library may hang or crash without taking us along.

Damaged ``.h5`` files can make it do so: the format has no checksum, and the library trusts what it reads in
places. The members of a ``.keras`` archive do have one, so that damage is found before the library sees it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

from kerilog.errors import KerilogError

PROBE_SECONDS = 10.0


def probe(path: Path) -> None:
    """Raise KerilogError if reading ``path`` hangs or crashes; other failures are for the real reading."""
    command = [sys.executable, "-m", "kerilog.frontend.probe", str(path.resolve())]
    try:
        ran = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise KerilogError(f"{path}: damaged: the HDF5 library hangs on it") from None
    if ran.returncode < 0:
        raise KerilogError(f"{path}: damaged: the HDF5 library crashes on it")


if __name__ == "__main__":
    from kerilog.frontend.keras import read_graph

    with contextlib.suppress(KerilogError):
        read_graph(Path(sys.argv[1]))
